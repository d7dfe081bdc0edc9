#include <korrel/framework/base/parallel.h>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include <korrel/framework/base/check.h>

namespace korrel {
namespace {

constexpr int kMostThreads = 1024;
// How long an idle thread looks for work before it sleeps. Waking a sleeper costs some 50 us on a virtual machine;
// within one training step the next parallel_for usually follows sooner.
constexpr std::chrono::microseconds kSpin{30};
// Parts per thread: enough that a thread which the machine holds up delays the others by little.
constexpr int64_t kPartsPerThread = 4;

// Waking a worker that sleeps takes the caller as long as a grain, and the worker comes 30 us later: jobs of fewer
// grains are done by then (LeNet-5 on one image: 0.86 of one thread's speed with two, now 1.00).
constexpr int64_t kGrainsToWake = 3;

thread_local bool serial_here = false;

// What the cgroup lets this process use, in CPUs; infinite if it sets no limit.
double cgroup_quota() {
  double quota = 0, period = 0;
  std::string first;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> first >> period && first != "max") {
    quota = std::strtod(first.c_str(), nullptr);
  } else if (std::ifstream v1("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"); v1 >> quota) {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : INFINITY;
}

int granted_cpus() {
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
#endif
  return std::clamp(static_cast<int>(std::min<double>(cpus, std::ceil(cgroup_quota()))), 1, kMostThreads);
}

int default_threads() {
  const char* text = std::getenv("KORREL_THREADS");
  if (text == nullptr || *text == '\0') return granted_cpus();
  int threads = 0;
  const char* end = text + std::strlen(text);
  auto [stop, error] = std::from_chars(text, end, threads);
  check<ValueError>(error == std::errc() && stop == end && threads >= 1 && threads <= kMostThreads,
                    "KORREL_THREADS: expects a number from 1 to {}, got '{}'", kMostThreads, text);
  return threads;
}

std::atomic<int> threads_wanted{0};  // 0: not asked for yet

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// Whether `value` becomes another than `old` within kSpin.
bool spin_for_change(const std::atomic<uint32_t>& value, uint32_t old) {
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i) {
      if (value.load(std::memory_order_acquire) != old) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

// Waits until `value` is no longer `old`: spins briefly, then sleeps in the kernel.
void wait_for_change(const std::atomic<uint32_t>& value, uint32_t old) {
  if (!spin_for_change(value, old)) value.wait(old, std::memory_order_acquire);
}

// One job at a time. The caller opens it, takes part, closes it and waits until no worker is inside any more; a worker
// that wakes up late finds it closed and leaves, so the caller never waits for one that still sleeps.
class Pool {
 public:
  // False, and nothing was run, if another thread has the pool.
  bool try_run(int64_t n, int64_t part, int threads, RangeFunction body) {
    std::unique_lock<std::mutex> caller(caller_, std::try_to_lock);
    if (!caller) return false;
    grow(threads - 1);
    body_ = &body;
    n_ = n;
    part_ = part;
    next_.store(0, std::memory_order_relaxed);
    helpers_.store(threads - 1, std::memory_order_relaxed);
    open_.store(true);
    job_.fetch_add(1, std::memory_order_release);
    job_.notify_all();

    run_parts();
    open_.store(false);  // sequentially consistent, as a worker's entry: either it sees this, or it is counted here
    for (uint32_t inside; (inside = inside_.load()) != 0;) wait_for_change(inside_, inside);
    std::exception_ptr error = std::exchange(error_, nullptr);
    caller.unlock();
    if (error) std::rethrow_exception(error);
    return true;
  }

  // Whether some worker does not sleep.
  bool awake() const { return awake_.load(std::memory_order_relaxed) > 0; }

 private:
  void grow(int workers) {
    for (; workers_ < workers; ++workers_) {
      std::thread([this, index = workers_, seen = job_.load()] { work(index, seen); }).detach();
    }
  }

  [[noreturn]] void work(int index, uint32_t seen) {
    serial_here = true;
    awake_.fetch_add(1, std::memory_order_relaxed);
    for (;;) {
      if (!spin_for_change(job_, seen)) {
        awake_.fetch_sub(1, std::memory_order_relaxed);
        job_.wait(seen, std::memory_order_acquire);
        awake_.fetch_add(1, std::memory_order_relaxed);
      }
      seen = job_.load(std::memory_order_acquire);
      inside_.fetch_add(1);
      if (open_.load() && index < helpers_.load(std::memory_order_relaxed)) run_parts();
      if (inside_.fetch_sub(1) == 1) inside_.notify_all();
    }
  }

  void run_parts() {
    const bool outer = std::exchange(serial_here, true);
    for (;;) {
      const int64_t begin = next_.fetch_add(part_, std::memory_order_relaxed);
      if (begin >= n_) break;
      try {
        (*body_)(begin, std::min(begin + part_, n_));
      } catch (...) {
        std::lock_guard<std::mutex> lock(error_mutex_);
        if (!error_) error_ = std::current_exception();
        next_.store(n_, std::memory_order_relaxed);
      }
    }
    serial_here = outer;
  }

  std::mutex caller_;
  int workers_ = 0;
  const RangeFunction* body_ = nullptr;
  int64_t n_ = 0, part_ = 1;
  alignas(64) std::atomic<uint32_t> job_{0};
  alignas(64) std::atomic<int64_t> next_{0};
  std::atomic<int> helpers_{0}, awake_{0};
  std::atomic<bool> open_{false};
  alignas(64) std::atomic<uint32_t> inside_{0};
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

// Never destroyed: the workers sleep on it until the process ends. A forked child has none of the workers and starts
// anew.
std::atomic<Pool*> the_pool{nullptr};

Pool& pool() {
  Pool* pool = the_pool.load(std::memory_order_acquire);
  if (pool != nullptr) return *pool;
  static std::mutex making;
  std::lock_guard<std::mutex> lock(making);
  pool = the_pool.load(std::memory_order_acquire);
  if (pool == nullptr) {
    static const int forked [[maybe_unused]] = pthread_atfork(nullptr, nullptr, [] { the_pool.store(nullptr); });
    the_pool.store(pool = new Pool, std::memory_order_release);
  }
  return *pool;
}

}  // namespace

int num_threads() {
  int threads = threads_wanted.load(std::memory_order_relaxed);
  if (threads == 0) {
    threads = default_threads();
    int unset = 0;
    if (!threads_wanted.compare_exchange_strong(unset, threads)) threads = unset;
  }
  return threads;
}

void set_num_threads(int threads) {
  check<ValueError>(threads >= 1 && threads <= kMostThreads, "set_num_threads: expects a number from 1 to {}, got {}",
                    kMostThreads, threads);
  threads_wanted.store(threads);
}

void parallel_for(int64_t n, int64_t grain, RangeFunction body) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  if (!serial_here && n > grain) {
    const int threads = static_cast<int>(std::min<int64_t>(num_threads(), (n + grain - 1) / grain));
    const int64_t part = std::max(grain, (n + threads * kPartsPerThread - 1) / (threads * kPartsPerThread));
    const bool worth_waking = grain == 1 || n >= grain * kGrainsToWake;  // a grain of 1 may be any amount of work
    if (threads > 1 && (worth_waking || pool().awake()) && pool().try_run(n, part, threads, body)) return;
  }
  body(0, n);
}

SerialSection::SerialSection() : outer_(std::exchange(serial_here, true)) {}
SerialSection::~SerialSection() { serial_here = outer_; }

}  // namespace korrel
