#include <korrel/layers/init.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <korrel/framework/base/check.h>

namespace korrel::nn::init {
namespace {

// Calls f(T* values, n) on the elements of a tensor that may be filled.
template <class F>
Tensor& fill(const char* name, Tensor& x, const F& f) {
  check<DtypeError>(is_floating(x.dtype()), "{}: needs a floating tensor, got {}", name, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() { f(x.data<T>(), x.numel()); });
  return x;
}

void check_matrix(const char* name, const Tensor& x) {
  check<ShapeError>(x.dim() == 2, "{}: needs a matrix, got shape {}", name, x.shape());
}

double normal_below(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

// z with normal_below(z) = p: bisection; 60 halvings of [-40, 40] leave 7e-17.
double normal_quantile(double p) {
  double low = -40, high = 40;
  for (int i = 0; i < 60; ++i) (normal_below((low + high) / 2) < p ? low : high) = (low + high) / 2;
  return (low + high) / 2;
}

int64_t fan_of(const Tensor& x, std::string_view mode) {
  check<ValueError>(mode == "fan_in" || mode == "fan_out", "kaiming: mode is \"fan_in\" or \"fan_out\", got \"{}\"",
                    mode);
  Fans fans = calculate_fan_in_and_fan_out(x);
  return mode == "fan_in" ? fans.fan_in : fans.fan_out;
}

double kaiming_std(const Tensor& x, const KaimingOptions& options) {
  double gain = calculate_gain(options.nonlinearity, options.a);
  return gain / std::sqrt(static_cast<double>(std::max<int64_t>(1, fan_of(x, options.mode))));
}

double xavier_std(const Tensor& x, double gain) {
  Fans fans = calculate_fan_in_and_fan_out(x);
  return gain * std::sqrt(2.0 / static_cast<double>(std::max<int64_t>(1, fans.fan_in + fans.fan_out)));
}

}  // namespace

Tensor& uniform_(Tensor& x, double low, double high, Generator& generator) {
  check<ValueError>(low <= high, "uniform_: low={} is above high={}", low, high);
  fill_uniform(x, low, high, generator);
  return x;
}

Tensor& normal_(Tensor& x, double mean, double std, Generator& generator) {
  check<ValueError>(std >= 0, "normal_: std={} is negative", std);
  fill_normal(x, mean, std, generator);
  return x;
}

Tensor& trunc_normal_(Tensor& x, double mean, double std, double low, double high, Generator& generator) {
  check<ValueError>(std > 0 && low < high, "trunc_normal_: needs std > 0 and low < high, got std={} low={} high={}",
                    std, low, high);
  uniform_(x, 0, 1, generator);
  double below = normal_below((low - mean) / std), above = normal_below((high - mean) / std);
  return fill("trunc_normal_", x, [&](auto* values, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      double z = normal_quantile(below + (above - below) * static_cast<double>(values[i]));
      values[i] = static_cast<std::remove_reference_t<decltype(*values)>>(std::clamp(mean + std * z, low, high));
    }
  });
}

Tensor& constant_(Tensor& x, double value) {
  return fill("constant_", x, [&](auto* values, int64_t n) {
    std::fill_n(values, n, static_cast<std::remove_reference_t<decltype(*values)>>(value));
  });
}
Tensor& zeros_(Tensor& x) { return constant_(x, 0); }
Tensor& ones_(Tensor& x) { return constant_(x, 1); }

Tensor& eye_(Tensor& x) {
  check_matrix("eye_", x);
  zeros_(x);
  return fill("eye_", x, [&](auto* values, int64_t) {
    for (int64_t i = 0; i < std::min(x.size(0), x.size(1)); ++i) values[i * x.size(1) + i] = 1;
  });
}

Tensor& dirac_(Tensor& x, int64_t groups) {
  check<ShapeError>(x.dim() >= 3 && x.dim() <= 5,
                    "dirac_: needs convolution weights of 3 to 5 dimensions, got shape {}", x.shape());
  check<ValueError>(groups > 0 && x.size(0) % groups == 0, "dirac_: groups={} does not divide out_channels={}", groups,
                    x.size(0));
  zeros_(x);
  int64_t volume = 1, centre = 0;
  for (int axis = 2; axis < x.dim(); ++axis) {
    centre = centre * x.size(axis) + x.size(axis) / 2;
    volume *= x.size(axis);
  }
  int64_t per_group = x.size(0) / groups, inputs = x.size(1);
  return fill("dirac_", x, [&](auto* values, int64_t) {
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t d = 0; d < std::min(per_group, inputs); ++d)
        values[((g * per_group + d) * inputs + d) * volume + centre] = 1;
  });
}

Tensor& xavier_uniform_(Tensor& x, double gain, Generator& generator) {
  double bound = std::sqrt(3.0) * xavier_std(x, gain);
  return uniform_(x, -bound, bound, generator);
}
Tensor& xavier_normal_(Tensor& x, double gain, Generator& generator) {
  return normal_(x, 0, xavier_std(x, gain), generator);
}
Tensor& kaiming_uniform_(Tensor& x, const KaimingOptions& options, Generator& generator) {
  double bound = std::sqrt(3.0) * kaiming_std(x, options);
  return uniform_(x, -bound, bound, generator);
}
Tensor& kaiming_normal_(Tensor& x, const KaimingOptions& options, Generator& generator) {
  return normal_(x, 0, kaiming_std(x, options), generator);
}

Tensor& sparse_(Tensor& x, double sparsity, double std, Generator& generator) {
  check_matrix("sparse_", x);
  check<ValueError>(sparsity >= 0 && sparsity <= 1, "sparse_: sparsity={} is not in [0, 1]", sparsity);
  normal_(x, 0, std, generator);
  int64_t rows = x.size(0), columns = x.size(1);
  auto zeroed = static_cast<int64_t>(std::ceil(sparsity * static_cast<double>(rows)));
  return fill("sparse_", x, [&](auto* values, int64_t) {
    for (int64_t column = 0; column < columns; ++column) {
      Tensor order = randperm(rows, generator);
      for (int64_t i = 0; i < zeroed; ++i) values[order.data<int64_t>()[i] * columns + column] = 0;
    }
  });
}

double calculate_gain(std::string_view nonlinearity, std::optional<double> param) {
  if (nonlinearity == "linear" || nonlinearity == "sigmoid") return 1;
  for (std::string_view prefix : {"conv", "conv_transpose"})
    for (std::string_view axes : {"1d", "2d", "3d"})
      if (nonlinearity == std::string(prefix) + std::string(axes)) return 1;
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::numbers::sqrt2;
  if (nonlinearity == "leaky_relu") {
    double slope = param.value_or(0.01);
    return std::sqrt(2 / (1 + slope * slope));
  }
  if (nonlinearity == "selu") return 0.75;
  fail<ValueError>(
      "calculate_gain: \"{}\" is not one of linear, conv1d ... conv_transpose3d, sigmoid, tanh, relu, leaky_relu, selu",
      nonlinearity);
}

Fans calculate_fan_in_and_fan_out(const Tensor& weight) {
  check<ShapeError>(weight.dim() >= 2, "calculate_fan_in_and_fan_out: needs two dimensions or more, got shape {}",
                    weight.shape());
  int64_t receptive_field = weight.shape().slice(2, weight.dim()).numel();
  return {weight.size(1) * receptive_field, weight.size(0) * receptive_field};
}

void default_init_(Tensor& weight, Tensor& bias, Generator& generator) {
  int64_t fan_in = calculate_fan_in_and_fan_out(weight).fan_in;
  double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  uniform_(weight, -bound, bound, generator);
  if (bias.defined()) uniform_(bias, -bound, bound, generator);
}

}  // namespace korrel::nn::init
