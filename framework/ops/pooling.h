// Max, average, adaptive and global pooling over the last one, two or three axes of [N,C,...] or unbatched [C,...].
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/ops/with_indices.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct MaxPoolOptions {
  PerAxis stride = {};  // default: the kernel size
  PerAxis padding = 0;  // with -inf; at most half the kernel
  PerAxis dilation = 1;
  bool ceil_mode = false;
};
struct AvgPoolOptions {
  PerAxis stride = {};  // default: the kernel size
  PerAxis padding = 0;  // with zeros
  bool ceil_mode = false;
  bool count_include_pad = true;
  int64_t divisor_override = 0;  // 0: the number of elements of the window
};
// x [N,C,...] or [C,...]; size floor((in + 2 padding - dilation (kernel - 1) - 1) / stride + 1); ceil with ceil_mode,
// where the last window must start inside the input or its left padding. Ties go to the first element. Indices are flat
// within a channel. x is taken by value: in max_pool2d(relu(h), 2) nobody else can see relu's result, so the gradient
// goes to h in one step.
Tensor max_pool1d(Tensor x, const PerAxis& kernel_size, const MaxPoolOptions& options = {});
Tensor max_pool2d(Tensor x, const PerAxis& kernel_size, const MaxPoolOptions& options = {});
Tensor max_pool3d(Tensor x, const PerAxis& kernel_size, const MaxPoolOptions& options = {});
WithIndices max_pool1d_with_indices(const Tensor& x, const PerAxis& kernel_size, const MaxPoolOptions& options = {});
WithIndices max_pool2d_with_indices(const Tensor& x, const PerAxis& kernel_size, const MaxPoolOptions& options = {});
WithIndices max_pool3d_with_indices(const Tensor& x, const PerAxis& kernel_size, const MaxPoolOptions& options = {});

Tensor avg_pool1d(const Tensor& x, const PerAxis& kernel_size, const AvgPoolOptions& options = {});  // means of windows
Tensor avg_pool2d(const Tensor& x, const PerAxis& kernel_size, const AvgPoolOptions& options = {});  // x [N,C,H,W]
Tensor avg_pool3d(const Tensor& x, const PerAxis& kernel_size, const AvgPoolOptions& options = {});  // x [N,C,D,H,W]

// Window i covers floor(i in / out) .. ceil((i + 1) in / out). An output size of -1 keeps the input's.
Tensor adaptive_avg_pool1d(const Tensor& x, const PerAxis& output_size);
Tensor adaptive_avg_pool2d(const Tensor& x, const PerAxis& output_size);
Tensor adaptive_avg_pool3d(const Tensor& x, const PerAxis& output_size);
Tensor adaptive_max_pool1d(const Tensor& x, const PerAxis& output_size);
Tensor adaptive_max_pool2d(const Tensor& x, const PerAxis& output_size);
Tensor adaptive_max_pool3d(const Tensor& x, const PerAxis& output_size);
WithIndices adaptive_max_pool1d_with_indices(const Tensor& x, const PerAxis& output_size);
WithIndices adaptive_max_pool2d_with_indices(const Tensor& x, const PerAxis& output_size);
WithIndices adaptive_max_pool3d_with_indices(const Tensor& x, const PerAxis& output_size);

// One value per channel: [N,C,...] -> [N,C,1,...]. PyTorch: none
Tensor global_avg_pool(const Tensor& x);
Tensor global_max_pool(const Tensor& x);

}  // namespace korrel
