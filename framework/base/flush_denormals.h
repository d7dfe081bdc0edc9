// FlushDenormals: while it lives, this thread's results below the smallest normal number (1.2e-38 in f32) become 0, and
// such operands count as 0. Used where values decay towards 0 for good, as an optimizer's moments do under a unit that
// is dead: arithmetic on denormal numbers takes some hundred cycles each.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace korrel {

class FlushDenormals {
 public:
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
#if defined(__SSE2__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }  // FTZ | DAZ; AVX obeys it, too
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#else
  FlushDenormals() {}  // elsewhere nothing is flushed: slower, and right
  ~FlushDenormals() {}
#endif
};

}  // namespace korrel
