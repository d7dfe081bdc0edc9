// From how many bytes on a kernel writes its result past the caches: it would leave them before anyone reads it, and
// its lines need not be fetched before they are written. Measured kernel by kernel on caches of 2 MiB (second level).
#pragma once

#include <cstdint>

namespace korrel::kernels {

inline constexpr int64_t kLeavesCaches = 9 << 19;               // elementwise, pooling, depthwise: 4.5 MiB
inline constexpr int64_t kTransposeLeavesCaches = 2 << 20;      // its lines fall into few sets, and out again
inline constexpr int64_t kNormalisationLeavesCaches = 6 << 20;  // batch norm reads x twice besides

}  // namespace korrel::kernels
