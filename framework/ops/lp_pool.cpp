#include <korrel/framework/ops/lp_pool.h>

#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/pooling.h>

namespace korrel {
namespace {

Tensor power_mean(const char* op, int axes, const Tensor& x, double p, const PerAxis& kernel_size,
                  const LpPoolOptions& options) {
  check_defined(op, x);
  check<DtypeError>(is_floating(x.dtype()), "{}: x must be f32 or f64, is {}", op, x.dtype());
  check<ValueError>(p != 0 && std::isfinite(p), "{}: norm_type must be finite and not 0, is {}", op, p);
  check<ShapeError>(x.dim() == axes + 1 || x.dim() == axes + 2,
                    "{}: x needs {} dimensions, or {} without a batch, is {}", op, axes + 2, axes + 1, x.shape());
  auto elements = static_cast<double>(kernel_size.over(axes, op, "kernel_size").numel());
  AvgPoolOptions average{.stride = options.stride, .ceil_mode = options.ceil_mode};
  Tensor powers = pow(x, p);
  Tensor mean = axes == 1 ? avg_pool1d(powers, kernel_size, average) : avg_pool2d(powers, kernel_size, average);
  // Where the sum is 0 the root's slope is infinite: it is masked on both sides, else its gradient would be NaN.
  Tensor zero = mean.detach() == 0;
  return masked_fill(pow(masked_fill(mean, zero, 1) * elements, 1 / p), zero, 0);
}

}  // namespace

Tensor lp_pool1d(const Tensor& x, double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options) {
  return power_mean("lp_pool1d", 1, x, norm_type, kernel_size, options);
}
Tensor lp_pool2d(const Tensor& x, double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options) {
  return power_mean("lp_pool2d", 2, x, norm_type, kernel_size, options);
}

}  // namespace korrel
