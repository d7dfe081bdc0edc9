#include <korrel/layers/linear.h>

#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

Linear::Linear(int64_t inputs, int64_t outputs, const LinearOptions& options)
    : in_features(inputs), out_features(outputs) {
  check_positive("Linear", "in_features", in_features);
  check_positive("Linear", "out_features", out_features);
  weight = Parameter(empty({out_features, in_features}));
  if (options.bias) bias = Parameter(empty({out_features}));
  reset_parameters();
}

void Linear::reset_parameters(Generator& generator) { init::default_init_(weight, bias, generator); }
Tensor Linear::forward(const Tensor& x) { return linear(x, weight, bias); }

std::string Linear::extra_repr() const {
  return fmt::format("in_features={}, out_features={}, bias={}", in_features, out_features,
                     python_bool(bias.defined()));
}

LayerCost Linear::cost(const Tensor&, const Tensor& y) const {
  return {.multiply_adds = y.numel() * in_features, .global = true};
}

Bilinear::Bilinear(int64_t inputs1, int64_t inputs2, int64_t outputs, const LinearOptions& options)
    : in1_features(inputs1), in2_features(inputs2), out_features(outputs) {
  check_positive("Bilinear", "in1_features", in1_features);
  check_positive("Bilinear", "in2_features", in2_features);
  check_positive("Bilinear", "out_features", out_features);
  weight = Parameter(empty({out_features, in1_features, in2_features}));
  if (options.bias) bias = Parameter(empty({out_features}));
  reset_parameters();
}

void Bilinear::reset_parameters(Generator& generator) {
  double bound = 1 / std::sqrt(static_cast<double>(in1_features));
  init::uniform_(weight, -bound, bound, generator);
  if (bias.defined()) init::uniform_(bias, -bound, bound, generator);
}

Tensor Bilinear::forward(const Tensor& x1, const Tensor& x2) { return bilinear(x1, x2, weight, bias); }

std::string Bilinear::extra_repr() const {
  return fmt::format("in1_features={}, in2_features={}, out_features={}, bias={}", in1_features, in2_features,
                     out_features, python_bool(bias.defined()));
}

}  // namespace korrel::nn
