// Power-average pooling: between the sum (p = 1) and the maximum (large p) of a window. nn::LPPool1d and 2d call it;
// the other poolings are in ops/pooling.h.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct LpPoolOptions {
  PerAxis stride = {};  // default: the kernel size
  bool ceil_mode = false;
};
// (sum over the window of x^p)^(1/p), p = norm_type; x [N,C,L] or [N,C,H,W], or unbatched. As in PyTorch it is x and
// not |x|: with an odd p a negative sum gives NaN. With ceil_mode a window that is cut off counts as if it were whole.
// Slope 0 where the sum is 0. Throws ValueError for p = 0.
Tensor lp_pool1d(const Tensor& x, double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options = {});
Tensor lp_pool2d(const Tensor& x, double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options = {});

}  // namespace korrel
