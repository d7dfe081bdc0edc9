// DataLoader: goes through a Dataset in batches, once per range-for:
//   DataLoader loader(mnist(dir), {.batch_size = 64, .shuffle = true, .transforms = {Normalize{{0.1307f},
//   {0.3081f}}}}); for (auto& [x, y] : loader) { ... }     // x f32 [B,C,H,W], y i64 [B]
// Order and augmentation depend on (seed, epoch, index) alone: any number of workers gives the same bits.
#pragma once

#include <vector>

#include <korrel/datasets/dataset.h>
#include <korrel/datasets/transforms.h>
#include <korrel/framework/base/ref.h>

namespace korrel::datasets {

struct Batch {
  Tensor x;  // f32 [B, ...]
  Tensor y;  // i64 [B]
  int64_t size() const { return y.size(0); }
};

struct LoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;    // another order in each epoch
  bool drop_last = false;  // leave out a last batch that is not full
  int workers = 0;         // threads that make batches ahead of the loop, up to two each; 0: made in the loop itself
  uint64_t seed = 0;
  std::vector<Transform> transforms;  // in order; u8 is scaled to [0,1] before the first
};

class DataLoader {
 public:
  // Throws ShapeError, DtypeError or ValueError: a dataset that does not fit together, a transform that does not apply
  // to its samples, a batch size below 1 or a negative number of workers.
  DataLoader(Dataset dataset, LoaderOptions options);
  DataLoader(const DataLoader&);
  DataLoader(DataLoader&&) noexcept;
  DataLoader& operator=(const DataLoader&);
  DataLoader& operator=(DataLoader&&) noexcept;
  ~DataLoader();

  struct End {};
  // Ends its workers when it goes out of scope, also in the middle of an epoch.
  class Iterator {
   public:
    Iterator(Iterator&&) noexcept;
    Iterator& operator=(Iterator&&) noexcept;
    ~Iterator();
    Batch& operator*() { return batch_; }
    Batch* operator->() { return &batch_; }
    Iterator& operator++();  // rethrows what a worker threw
    friend bool operator!=(const Iterator& i, End) { return !i.at_end_; }
    friend bool operator==(const Iterator& i, End) { return i.at_end_; }

   private:
    friend class DataLoader;
    struct Epoch;
    explicit Iterator(Ref<Epoch> epoch);

    Ref<Epoch> epoch_;
    Batch batch_;
    bool at_end_ = false;
  };

  Iterator begin();  // begins the next epoch
  End end() const { return {}; }

  int64_t size() const;     // batches per epoch
  int64_t samples() const;  // per epoch, without those that drop_last leaves out
  const Dataset& dataset() const;
  const LoaderOptions& options() const;
  int64_t epoch() const { return epoch_; }  // the one that begin() starts, from 0
  void set_epoch(int64_t epoch) { seek(epoch, 0); }
  // The next begin() starts in that epoch, `batch` batches into it: what was saved half-way goes on there. Skipping
  // costs nothing. Throws ValueError unless 0 <= epoch and 0 <= batch <= size().
  void seek(int64_t epoch, int64_t batch);

 private:
  struct Plan;
  Ref<const Plan> plan_;
  int64_t epoch_ = 0;
  int64_t batch_ = 0;
};

}  // namespace korrel::datasets
