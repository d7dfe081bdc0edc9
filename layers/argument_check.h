// Checks of layers' constructor arguments; each throws ValueError naming the layer, the argument and its value.
#pragma once

#include <korrel/framework/ops/options.h>

namespace korrel::nn {

void check_positive(const char* layer, const char* argument, int64_t value);

// The sizes over `axes` axes, each at least `minimum`. Throws ShapeError when there are neither one nor `axes` of them.
Dims check_sizes(const char* layer, const char* argument, const PerAxis& sizes, int axes, int64_t minimum);

}  // namespace korrel::nn
