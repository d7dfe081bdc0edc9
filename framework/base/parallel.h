// Splits a range of independent work over a persistent pool of threads: parallel_for(n, grain, body).
// Kernels call it; it knows nothing of tensors. Which thread runs which part is left open, so a body must compute each
// element in the same way whatever the partition; then the result has the same bits for any number of threads.
// The one knob is the number of threads: set_num_threads(), or KORREL_THREADS in the environment.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace korrel {

// The threads that parallel_for uses, the caller among them. The default is KORREL_THREADS, else what the machine
// grants this process: CPU affinity and the cgroup's quota are heeded. Throws ValueError if KORREL_THREADS is no
// positive number.
int num_threads();

// Throws ValueError unless 1 <= threads <= 1024. Takes effect from the next parallel_for on.
void set_num_threads(int threads);

// Refers to a callable `void(int64_t begin, int64_t end)` without owning it and without allocating.
class RangeFunction {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<std::remove_cvref_t<F>, RangeFunction>>>
  RangeFunction(F&& f)  // NOLINT(google-explicit-constructor): a lambda is passed where a RangeFunction is asked for
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, int64_t begin, int64_t end) {
          (*static_cast<std::remove_reference_t<F>*>(object))(begin, end);
        }) {}
  void operator()(int64_t begin, int64_t end) const { call_(object_, begin, end); }

 private:
  void* object_;
  void (*call_)(void*, int64_t, int64_t);
};

// Calls body(begin, end) on parts that cover [0, n) once, each of at least `grain` items (but for the last), and
// returns when all are done. Runs as one body(0, n) on the calling thread if n <= grain, for few grains while all
// workers sleep, inside another parallel_for, inside a SerialSection, or while another thread has the pool. A grain
// should be some 5 to 10 us of work; 1 stands for any amount. An exception of a body is rethrown here (the first one,
// if several parts throw; parts not yet begun are skipped).
void parallel_for(int64_t n, int64_t grain, RangeFunction body);

// While one lives, parallel_for on this thread does not use the pool: for threads that are themselves one of many
// (a data loader's workers).
class SerialSection {
 public:
  SerialSection();
  ~SerialSection();
  SerialSection(const SerialSection&) = delete;
  SerialSection& operator=(const SerialSection&) = delete;

 private:
  bool outer_;
};

}  // namespace korrel
