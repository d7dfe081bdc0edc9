// What this machine can do at best, measured: the yardstick that benchmarks print beside their results.
#pragma once

namespace korrel::benchmarks {

// Independent f32 multiply-adds in registers on the active SIMD target, some 20 us of them. Returns how many.
double run_multiply_adds();

// GFLOP/s of the above on one core at its best; a multiply-add counts as two.
double fma_peak();

// GB/s that one core reads and writes while it copies arrays much larger than the caches.
double copy_bandwidth();

// How much more `threads` threads do in a time than one: of multiply-adds, and of copying. Virtual processors that
// share a core or its memory channels give less than their number; no program on them gains more.
struct Scaling {
  double fma, copy;
};
Scaling scaling(int threads);

}  // namespace korrel::benchmarks
