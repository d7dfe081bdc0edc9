// Sliding windows of images as columns, and back: unfold (im2col) and fold, each the gradient of the other. Windows
// along one dimension, PyTorch's Tensor.unfold, are unfold_dimension in ops/shape.h.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct UnfoldOptions {
  PerAxis dilation = 1;
  PerAxis padding = 0;  // with zeros
  PerAxis stride = 1;
};
// x [N,C,H,W] or [C,H,W] -> [N,C kh kw,L] or [C kh kw,L]: column l is window l, row by row; L is the number of windows.
Tensor unfold(const Tensor& x, const PerAxis& kernel_size, const UnfoldOptions& options = {});
// x [N,C kh kw,L] or [C kh kw,L] -> [N,C,H,W] or [C,H,W] with H, W = output_size: every window is added in its place.
Tensor fold(const Tensor& x, const PerAxis& output_size, const PerAxis& kernel_size, const UnfoldOptions& options = {});

}  // namespace korrel
