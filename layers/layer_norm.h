// LayerNorm (Ba et al. 2016), as in torch.nn: every sample is normalised over its last dimensions.
#pragma once

#include <korrel/layers/module.h>

namespace korrel::nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  // weight and bias
};

// x [..., normalized_shape] -> the same shape; y = (x - mean) / sqrt(var + eps) * weight + bias.
struct LayerNorm : Module {
  explicit LayerNorm(const Shape& normalized_shape, const LayerNormOptions& options = {});
  explicit LayerNorm(int64_t size, const LayerNormOptions& options = {}) : LayerNorm(Shape{size}, options) {}
  Parameter weight, bias;  // of the normalized shape; absent without elementwise_affine

  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  void reset_parameters();

  Shape normalized_shape;
  LayerNormOptions options;
  KORREL_MODULE(weight, bias)
};

}  // namespace korrel::nn
