#include <korrel/layers/argument_check.h>

#include <korrel/framework/base/check.h>

namespace korrel::nn {

void check_positive(const char* layer, const char* argument, int64_t value) {
  check<ValueError>(value > 0, "{}: {} must be positive, got {}", layer, argument, value);
}

Dims check_sizes(const char* layer, const char* argument, const PerAxis& sizes, int axes, int64_t minimum) {
  Dims values = sizes.over(axes, layer, argument);
  for (int64_t value : values)
    check<ValueError>(value >= minimum, "{}: {} must be at least {}, got {}", layer, argument, minimum, values);
  return values;
}

}  // namespace korrel::nn
