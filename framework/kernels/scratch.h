// Working memory of a kernel: per thread, aligned to 64 bytes, grown when needed and kept until the thread ends, so
// that a kernel in a steady loop allocates nothing. Not for anything that outlives the call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace korrel::kernels {

// One buffer per use; two uses never share memory, so that a kernel may call another one.
enum class Scratch {
  kRows,
  kColumns,
  kString,
  kPlan,
  kTaps,
  kPhases,
  kSource,
  kTarget,
  kDirect,
  kWeights,
  kPadded,
  kImages,
  kQueries,
  kKeys,
  kScores,
  kDropped,
  kScoreGradients,
  kSum,
  kTiles,
  kCount
};

void* scratch_bytes(Scratch use, size_t bytes);

// The calling thread's buffer for `use`, at least `count` elements, with unspecified contents. Valid until the same
// thread asks for the same use again.
template <class T>
T* scratch(Scratch use, int64_t count) {
  return static_cast<T*>(scratch_bytes(use, static_cast<size_t>(count) * sizeof(T)));
}

}  // namespace korrel::kernels
