// smooth_l1 and huber: a parabola around 0 that becomes two straight lines, in one pass each way.
#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/reduced_loss.h>
#include <korrel/framework/ops/slope.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/huber_loss.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/elementwise-inl.h>
#include <korrel/framework/kernels/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace rows = kernels::HWY_NAMESPACE;
namespace math = kernels::HWY_NAMESPACE::math;
using kernels::Row;

// curvature x^2 / 2 up to |x| = bound, from there on straight with the slope it has. A NaN stays one.
struct Huber {
  explicit Huber(const double* params) : bound(params[0]), curvature(params[1]) {}
  auto operator()(auto d, auto x) const {
    const auto size = hn::Abs(x), half = math::constant(d, curvature / 2);
    const auto line = hn::Mul(hn::Sub(size, math::constant(d, bound / 2)), math::constant(d, curvature * bound));
    return hn::IfThenElse(hn::Ge(size, math::constant(d, bound)), line, hn::Mul(hn::Mul(x, x), half));
  }
  double bound, curvature;
};
struct HuberSlope {
  explicit HuberSlope(const double* params) : bound(params[0]), curvature(params[1]) {}
  auto operator()(auto d, auto grad, auto x) const {
    const auto most = math::constant(d, bound);
    const auto clamped = hn::IfThenElse(hn::Ge(hn::Abs(x), most), hn::CopySign(most, x), x);
    return hn::Mul(grad, hn::Mul(clamped, math::constant(d, curvature)));
  }
  double bound, curvature;
};

void huber_rows(const Row& row) { rows::map1<Huber>(row); }
void huber_slope_rows(const Row& row) { rows::map2<HuberSlope>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(huber_rows);
HWY_EXPORT(huber_slope_rows);

Tensor parabola_and_lines(const char* op, const Tensor& difference, double bound, double curvature) {
  auto curve = [bound, curvature](const Tensor& g, const Tensor& x) {
    return where(abs(x.detach()) < bound, g * curvature, 0);
  };
  return activate(op, HWY_DISPATCH_TABLE(huber_rows), HWY_DISPATCH_TABLE(huber_slope_rows), difference,
                  {.params = {bound, curvature}}, curve);
}

}  // namespace

Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, const SmoothLossOptions& options) {
  check_same("smooth_l1_loss", x, target);
  const double beta = options.beta;
  check<ValueError>(beta >= 0, "smooth_l1_loss: beta expects a number >= 0, got {}", beta);
  Tensor difference = x - target;
  if (beta == 0) return reduced(abs(difference), options.reduction);
  return reduced(parabola_and_lines("smooth_l1_loss", difference, beta, 1 / beta), options.reduction);
}

Tensor huber_loss(const Tensor& x, const Tensor& target, const HuberLossOptions& options) {
  check_same("huber_loss", x, target);
  const double delta = options.delta;
  check<ValueError>(delta > 0, "huber_loss: delta expects a number > 0, got {}", delta);
  return reduced(parabola_and_lines("huber_loss", x - target, delta, 1), options.reduction);
}

}  // namespace korrel
#endif
