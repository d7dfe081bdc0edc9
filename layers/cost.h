// LayerCost: what one forward of a layer takes, for summary(): multiply-adds, and the window it looks through. Layers
// that know override Module::cost; the others count as elementwise.
#pragma once

#include <cstdint>

#include <korrel/framework/base/dims.h>

namespace korrel::nn {

struct LayerCost {
  int64_t multiply_adds = 0;
  Dims kernel, stride, dilation;  // per spatial axis; empty where the layer looks through no window
  bool transposed = false;        // strides enlarge instead of shrinking
  bool global = false;            // every output sees the whole input (linear, global pooling)
};

}  // namespace korrel::nn
