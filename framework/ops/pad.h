// Padding of the last dimensions, as torch.nn.functional.pad. convolution's padding_mode and the data sets' crops use
// it; the zero padding of convolution itself is absorbed by its kernel.
#pragma once

#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

enum class PadMode { constant, reflect, replicate, circular };

struct PadOptions {
  PadMode mode = PadMode::constant;
  double value = 0;  // of constant padding
};

// pads: {left, right} of the last dimension, then {top, bottom} of the one before it, ...; a negative number cuts off.
// reflect (without repeating the edge) needs pads below the size, circular pads up to the size, replicate any element.
// x [...,H,W], pads {l, r, t, b} -> [..., H + t + b, W + l + r]; throws ShapeError where that is negative.
Tensor pad(const Tensor& x, const std::vector<int64_t>& pads, const PadOptions& options = {});

}  // namespace korrel
