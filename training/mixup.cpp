#include <korrel/training/mixup.h>

#include <cmath>
#include <numbers>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/gather.h>

namespace korrel::training {
namespace {

double draw_normal(Generator& generator) {  // Box-Muller, one of its two
  double radius = std::sqrt(-2 * std::log(1 - generator.next_uniform()));
  return radius * std::cos(2 * std::numbers::pi * generator.next_uniform());
}

// The logarithm of a Gamma(shape, 1) number (Marsaglia & Tsang 2000): for small shapes the number itself underflows.
double draw_log_gamma(double shape, Generator& generator) {
  double boost = shape < 1 ? std::log(1 - generator.next_uniform()) / shape : 0;
  double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double z = draw_normal(generator), v = std::pow(1 + c * z, 3);
    if (v > 0 && std::log(1 - generator.next_uniform()) < z * z / 2 + d - d * v + d * std::log(v))
      return boost + std::log(d * v);
  }
}

}  // namespace

double draw_beta(double alpha, Generator& generator) {
  check<ValueError>(alpha > 0 && std::isfinite(alpha), "mixup: alpha must be positive, got {}", alpha);
  double a = draw_log_gamma(alpha, generator), b = draw_log_gamma(alpha, generator);
  return 1 / (1 + std::exp(b - a));
}

Mixed mixup(const Tensor& x, const Tensor& y, double alpha, Generator& generator) {
  check<ShapeError>(x.dim() >= 1 && y.dim() == 1 && x.size(0) == y.size(0),
                    "mixup: one label per sample is needed, got x {} and y {}", x.shape(), y.shape());
  double share = draw_beta(alpha, generator);
  Tensor order = randperm(x.size(0), generator);
  return {x * share + index_select(x, 0, order) * (1 - share), y, index_select(y, 0, order), share};
}

}  // namespace korrel::training
