#include <korrel/datasets/loader.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include <korrel/datasets/batch_maker.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>

namespace korrel::datasets {

struct DataLoader::Plan : Counted {
  static void destroy(const Plan* plan) { delete plan; }

  Plan(Dataset data, LoaderOptions chosen)
      : dataset(std::move(data)), options(std::move(chosen)), maker(dataset, options.transforms, options.seed) {}

  int64_t batches() const {
    int64_t n = dataset.size();
    return options.drop_last ? n / options.batch_size : (n + options.batch_size - 1) / options.batch_size;
  }

  Dataset dataset;
  LoaderOptions options;
  BatchMaker maker;
};

// One pass over the data. With workers, batch i waits in slot i modulo their number until the loop takes it.
struct DataLoader::Iterator::Epoch : Counted {
  Epoch(Ref<const Plan> of, int64_t number, int64_t first)
      : plan(std::move(of)), epoch(number), batches(plan->batches()), next_to_make(first), next_to_take(first) {
    if (plan->options.shuffle) order = epoch_order(plan->options.seed, epoch, plan->dataset.size());
    auto count = static_cast<std::size_t>(std::min<int64_t>(plan->options.workers, batches));
    slots.resize(2 * count);
    try {
      for (std::size_t i = 0; i < count; ++i) workers.emplace_back([this] { work(); });
    } catch (...) {
      stop();
      throw;
    }
  }
  ~Epoch() { stop(); }
  static void destroy(Epoch* epoch) { delete epoch; }

  void stop() {
    {
      std::lock_guard lock(mutex);
      stopped = true;
    }
    room.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  Batch make(int64_t i) const {
    int64_t begin = i * plan->options.batch_size,
            count = std::min(plan->options.batch_size, plan->dataset.size() - begin);
    const int64_t* indices = order.defined() ? order.data<int64_t>() + begin : nullptr;
    return plan->maker.make(epoch, indices, begin, count);
  }

  void work() {
    SerialSection alone;  // the workers are the parallelism; the pool is the training loop's
    std::unique_lock lock(mutex);
    for (;;) {
      room.wait(lock, [&] { return stopped || next_to_make == batches || next_to_make < next_to_take + ahead(); });
      if (stopped || next_to_make == batches) return;
      int64_t i = next_to_make++;
      lock.unlock();
      Slot made;
      try {
        made.batch = make(i);
      } catch (...) {
        made.error = std::current_exception();
      }
      made.ready = true;
      lock.lock();
      slots[static_cast<std::size_t>(i % ahead())] = std::move(made);
      filled.notify_one();
    }
  }

  // The next batch, or false at the end.
  bool take(Batch& batch) {
    if (next_to_take == batches) return false;
    if (workers.empty()) {
      batch = make(next_to_take++);
      return true;
    }
    Slot taken;
    {
      std::unique_lock lock(mutex);
      Slot& slot = slots[static_cast<std::size_t>(next_to_take % ahead())];
      filled.wait(lock, [&] { return slot.ready; });
      taken = std::move(slot);
      slot = {};
      ++next_to_take;
    }
    room.notify_one();
    if (taken.error) std::rethrow_exception(taken.error);
    batch = std::move(taken.batch);
    return true;
  }

  int64_t ahead() const { return static_cast<int64_t>(slots.size()); }

  struct Slot {
    Batch batch;
    std::exception_ptr error;
    bool ready = false;
  };

  Ref<const Plan> plan;
  int64_t epoch, batches;
  int64_t next_to_make, next_to_take;
  Tensor order;  // undefined: as they are
  std::mutex mutex;
  std::condition_variable room, filled;
  std::vector<Slot> slots;
  bool stopped = false;
  std::vector<std::thread> workers;
};

DataLoader::Iterator::Iterator(Ref<Epoch> epoch) : epoch_(std::move(epoch)) { ++*this; }
DataLoader::Iterator::Iterator(Iterator&&) noexcept = default;
DataLoader::Iterator& DataLoader::Iterator::operator=(Iterator&&) noexcept = default;
DataLoader::Iterator::~Iterator() = default;

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  batch_ = {};  // gives its memory back before the next one is made
  at_end_ = !epoch_->take(batch_);
  return *this;
}

DataLoader::DataLoader(Dataset dataset, LoaderOptions options) {
  check<ValueError>(options.batch_size >= 1, "DataLoader: batch_size must be at least 1, got {}", options.batch_size);
  check<ValueError>(options.workers >= 0 && options.workers <= 256, "DataLoader: workers must be in 0..256, got {}",
                    options.workers);
  plan_ = Ref<const Plan>(new Plan(std::move(dataset), std::move(options)));
}

DataLoader::DataLoader(const DataLoader&) = default;
DataLoader::DataLoader(DataLoader&&) noexcept = default;
DataLoader& DataLoader::operator=(const DataLoader&) = default;
DataLoader& DataLoader::operator=(DataLoader&&) noexcept = default;
DataLoader::~DataLoader() = default;

DataLoader::Iterator DataLoader::begin() {
  return Iterator(Ref(new Iterator::Epoch(plan_, epoch_++, std::exchange(batch_, 0))));
}

void DataLoader::seek(int64_t epoch, int64_t batch) {
  check<ValueError>(epoch >= 0 && batch >= 0 && batch <= size(),
                    "DataLoader: there is no batch {} of epoch {}; epochs of {} batches", batch, epoch, size());
  epoch_ = epoch;
  batch_ = batch;
}

int64_t DataLoader::size() const { return plan_->batches(); }
int64_t DataLoader::samples() const {
  return plan_->options.drop_last ? size() * plan_->options.batch_size : plan_->dataset.size();
}
const Dataset& DataLoader::dataset() const { return plan_->dataset; }
const LoaderOptions& DataLoader::options() const { return plan_->options; }

}  // namespace korrel::datasets
