// Normalisations. batch_norm: Ioffe & Szegedy 2015.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct BatchNormOptions {
  bool training = false;   // true: statistics of this batch; false: the running ones
  double momentum = 0.1;   // running = (1 - momentum) running + momentum batch
  double eps = 1e-5;
};

// x [N,C,...] or [N,C]; weight, bias [C] or undefined; running_mean, running_var [C] or undefined, updated in place in
// training (variance unbiased), outside any graph. y = (x - mean) / sqrt(var + eps) * weight + bias, per channel.
Tensor batch_norm(const Tensor& x, Tensor running_mean, Tensor running_var, const Tensor& weight = {}, const Tensor& bias = {},
                  const BatchNormOptions& options = {});

}  // namespace korrel
