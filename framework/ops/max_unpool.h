// Max pooling undone: what was picked goes back to where it was, the rest is zero. Needs the indices that
// max_pool*_with_indices of ops/pooling.h returns; nn::MaxUnpool1d and its kin call it.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct MaxUnpoolOptions {
  PerAxis stride = {};  // default: the kernel size
  PerAxis padding = 0;
  // Of the result's spatial axes, less than a stride from (in - 1) stride - 2 padding + kernel, which is the default.
  PerAxis output_size = {};
};
// Zeros, and element i of each channel of x at place indices[i] of the channel: what max_pool*_with_indices gave, put
// back. Of a place that is named twice the last value stays. x [N,C,...] or [C,...]; indices: i64, shaped like x, flat
// within a channel; ValueError for one that lies outside.
Tensor max_unpool1d(const Tensor& x, const Tensor& indices, const PerAxis& kernel_size,
                    const MaxUnpoolOptions& options = {});
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, const PerAxis& kernel_size,
                    const MaxUnpoolOptions& options = {});
Tensor max_unpool3d(const Tensor& x, const Tensor& indices, const PerAxis& kernel_size,
                    const MaxUnpoolOptions& options = {});

}  // namespace korrel
