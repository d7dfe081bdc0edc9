// How many multiply-adds the convolutions and matrix products of this thread have been asked for so far. Counted once
// per call, so it costs nothing; the profiler turns it into GFLOP/s.
#pragma once

#include <cstdint>

namespace korrel {

inline constinit thread_local int64_t multiply_adds_asked = 0;

}  // namespace korrel
