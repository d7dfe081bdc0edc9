#include <korrel/layers/activation.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/random_activation.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

Tensor FunctionLayer::forward(const Tensor& x) { return function_(x); }

ReLU::ReLU() : FunctionLayer([](const Tensor& x) { return korrel::relu(x); }) {}
ReLU6::ReLU6() : FunctionLayer(korrel::relu6) {}
Tanh::Tanh() : FunctionLayer([](const Tensor& x) { return korrel::tanh(x); }) {}
Sigmoid::Sigmoid() : FunctionLayer([](const Tensor& x) { return korrel::sigmoid(x); }) {}
SELU::SELU() : FunctionLayer(korrel::selu) {}
SiLU::SiLU() : FunctionLayer(korrel::silu) {}
Mish::Mish() : FunctionLayer(korrel::mish) {}
LogSigmoid::LogSigmoid() : FunctionLayer(korrel::logsigmoid) {}
Softsign::Softsign() : FunctionLayer(korrel::softsign) {}
Tanhshrink::Tanhshrink() : FunctionLayer(korrel::tanhshrink) {}
Hardswish::Hardswish() : FunctionLayer(korrel::hardswish) {}
Hardsigmoid::Hardsigmoid() : FunctionLayer(korrel::hardsigmoid) {}

LeakyReLU::LeakyReLU(double slope) : negative_slope(slope) {}
Tensor LeakyReLU::forward(const Tensor& x) { return leaky_relu(x, {.negative_slope = negative_slope}); }
std::string LeakyReLU::extra_repr() const { return "negative_slope=" + python_number(negative_slope); }

RReLU::RReLU(double low, double high, Generator* generator) : lower(low), upper(high), generator_(generator) {
  check<ValueError>(low <= high, "RReLU: lower={} must not be above upper={}", low, high);
}
Tensor RReLU::forward(const Tensor& x) {
  return rrelu(x, {.lower = lower, .upper = upper, .training = training()},
               generator_ ? *generator_ : default_generator());
}
std::string RReLU::extra_repr() const { return fmt::format("lower={}, upper={}", lower, upper); }

PReLU::PReLU(int64_t num_parameters, double init) {
  check_positive("PReLU", "num_parameters", num_parameters);
  weight = Parameter(full({num_parameters}, init));
}
Tensor PReLU::forward(const Tensor& x) { return prelu(x, weight); }
std::string PReLU::extra_repr() const { return fmt::format("num_parameters={}", weight.numel()); }

ELU::ELU(double a) : alpha(a) {}
Tensor ELU::forward(const Tensor& x) { return elu(x, {.alpha = alpha}); }
std::string ELU::extra_repr() const { return "alpha=" + python_number(alpha); }

CELU::CELU(double a) : alpha(a) { check<ValueError>(a != 0, "CELU: alpha must not be 0"); }
Tensor CELU::forward(const Tensor& x) { return celu(x, {.alpha = alpha}); }
std::string CELU::extra_repr() const { return "alpha=" + python_number(alpha); }

GELU::GELU(Approximate how) : approximate(how) {}
Tensor GELU::forward(const Tensor& x) { return gelu(x, {.approximate = approximate}); }
std::string GELU::extra_repr() const {
  return approximate == Approximate::tanh ? "approximate='tanh'" : "approximate='none'";
}

Softplus::Softplus(double b, double t) : beta(b), threshold(t) {
  check<ValueError>(b != 0, "Softplus: beta must not be 0");
}
Tensor Softplus::forward(const Tensor& x) { return softplus(x, {.beta = beta, .threshold = threshold}); }
std::string Softplus::extra_repr() const { return fmt::format("beta={}, threshold={}", beta, threshold); }

Hardtanh::Hardtanh(double low, double high) : min_val(low), max_val(high) {
  check<ValueError>(low < high, "Hardtanh: min_val={} must be below max_val={}", low, high);
}
Tensor Hardtanh::forward(const Tensor& x) { return hardtanh(x, {.min_val = min_val, .max_val = max_val}); }
std::string Hardtanh::extra_repr() const {
  return "min_val=" + python_number(min_val) + ", max_val=" + python_number(max_val);
}

Hardshrink::Hardshrink(double l) : lambd(l) {}
Tensor Hardshrink::forward(const Tensor& x) { return hardshrink(x, {.lambd = lambd}); }
std::string Hardshrink::extra_repr() const { return python_number(lambd); }

Softshrink::Softshrink(double l) : lambd(l) {
  check<ValueError>(l >= 0, "Softshrink: lambd must not be negative, got {}", l);
}
Tensor Softshrink::forward(const Tensor& x) { return softshrink(x, {.lambd = lambd}); }
std::string Softshrink::extra_repr() const { return python_number(lambd); }

Threshold::Threshold(double t, double v) : threshold(t), value(v) {}
Tensor Threshold::forward(const Tensor& x) { return korrel::threshold(x, threshold, value); }
std::string Threshold::extra_repr() const { return fmt::format("threshold={}, value={}", threshold, value); }

Softmax::Softmax(int64_t d) : dim(d) {}
Tensor Softmax::forward(const Tensor& x) { return softmax(x, dim); }
std::string Softmax::extra_repr() const { return fmt::format("dim={}", dim); }

LogSoftmax::LogSoftmax(int64_t d) : dim(d) {}
Tensor LogSoftmax::forward(const Tensor& x) { return log_softmax(x, dim); }
std::string LogSoftmax::extra_repr() const { return fmt::format("dim={}", dim); }

Softmin::Softmin(int64_t d) : dim(d) {}
Tensor Softmin::forward(const Tensor& x) { return softmin(x, dim); }
std::string Softmin::extra_repr() const { return fmt::format("dim={}", dim); }

Tensor Softmax2d::forward(const Tensor& x) {
  check_defined("Softmax2d", x);
  check<ShapeError>(x.dim() == 3 || x.dim() == 4, "Softmax2d: needs 4 dimensions, or 3 without a batch, x is {}",
                    x.shape());
  return softmax(x, -3);
}

GLU::GLU(int64_t d) : dim(d) {}
Tensor GLU::forward(const Tensor& x) { return glu(x, dim); }
std::string GLU::extra_repr() const { return fmt::format("dim={}", dim); }

}  // namespace korrel::nn
