// Normalisations. Statistics are taken in f64; running statistics are updated in place, outside any graph. All throw
// ShapeError and DtypeError for parameters that do not fit x.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct BatchNormOptions {
  bool training = false;  // true: statistics of this batch; false: the running ones
  double momentum = 0.1;  // running = (1 - momentum) running + momentum batch
  double eps = 1e-5;
};
// x [N,C,...] or [N,C]; weight, bias [C] or undefined; running_mean, running_var [C] or undefined, updated in training
// (variance unbiased). y = (x - mean) / sqrt(var + eps) * weight + bias, per channel (Ioffe & Szegedy 2015). Throws
// ValueError for one value a channel in training, and for evaluation without running statistics.
Tensor batch_norm(const Tensor& x, Tensor running_mean, Tensor running_var, const Tensor& weight = {},
                  const Tensor& bias = {}, const BatchNormOptions& options = {});

// relu(batch_norm(x, ...) + residual), the same bits in fewer passes over memory: ends of a residual block (He et al.
// 2016). residual: like x, or undefined for none. PyTorch: none
Tensor batch_norm_relu(const Tensor& x, const Tensor& residual, Tensor running_mean, Tensor running_var,
                       const Tensor& weight = {}, const Tensor& bias = {}, const BatchNormOptions& options = {});

struct NormOptions {
  double eps = 1e-5;
};
// Over the last dimensions, which are `normalized_shape`; weight, bias of that shape or undefined (Ba et al. 2016).
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {}, const Tensor& bias = {},
                  const NormOptions& options = {});
// x [N,C,...]: over each of num_groups groups of channels of an image; weight, bias [C] or undefined (Wu & He 2018).
Tensor group_norm(const Tensor& x, int64_t num_groups, const Tensor& weight = {}, const Tensor& bias = {},
                  const NormOptions& options = {});

struct InstanceNormOptions {
  bool use_input_stats = true;  // false: the running statistics
  double momentum = 0.1;
  double eps = 1e-5;
};
// x [N,C,...]: over each channel of an image. Running statistics average those of the images.
Tensor instance_norm(const Tensor& x, Tensor running_mean = {}, Tensor running_var = {}, const Tensor& weight = {},
                     const Tensor& bias = {}, const InstanceNormOptions& options = {});

struct LocalResponseNormOptions {
  double alpha = 1e-4, beta = 0.75, k = 1;
};
// x [N,C,...] / (k + alpha / size * sum of x^2 over `size` neighbouring channels)^beta (Krizhevsky et al. 2012).
Tensor local_response_norm(const Tensor& x, int64_t size, const LocalResponseNormOptions& options = {});

}  // namespace korrel
