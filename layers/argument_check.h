// Checks of layers' constructor arguments; each throws naming the layer, the argument and its value. For .cpp files.
#pragma once

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/options.h>

namespace korrel::nn {

inline void check_positive(const char* layer, const char* argument, int64_t value) {
  check<ValueError>(value > 0, "{}: {} must be positive, got {}", layer, argument, value);
}

// The sizes over `axes` axes, each at least `minimum`.
inline Dims check_sizes(const char* layer, const char* argument, const PerAxis& sizes, int axes, int64_t minimum) {
  Dims values = sizes.over(axes, layer, argument);
  for (int64_t value : values)
    check<ValueError>(value >= minimum, "{}: {} must be at least {}, got {}", layer, argument, minimum, values);
  return values;
}

}  // namespace korrel::nn
