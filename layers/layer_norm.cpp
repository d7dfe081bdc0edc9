#include <korrel/layers/layer_norm.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& o) : normalized_shape(shape), options(o) {
  check<ValueError>(!shape.empty() && shape.numel() > 0, "LayerNorm: normalized_shape needs positive sizes, got {}",
                    shape);
  if (!options.elementwise_affine) return;
  weight = Parameter(empty(shape));
  bias = Parameter(empty(shape));
  reset_parameters();
}

void LayerNorm::reset_parameters() {
  if (weight.defined()) init::ones_(weight);
  if (bias.defined()) init::zeros_(bias);
}

Tensor LayerNorm::forward(const Tensor& x) {
  return layer_norm(x, normalized_shape, weight, bias, {.eps = options.eps});
}

std::string LayerNorm::extra_repr() const {
  return fmt::format("{}, eps={}, elementwise_affine={}", python_tuple(normalized_shape), python_number(options.eps),
                     python_bool(options.elementwise_affine));
}

}  // namespace korrel::nn
