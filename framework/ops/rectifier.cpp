// Activations of straight lines: relu and its kin, hardtanh, hardswish, shrinkages, threshold, prelu.
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/ops/slope.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/rectifier.cpp"
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

// Every function comes with grad times its slope. A NaN stays NaN: the comparisons select what is replaced.
struct Relu {
  auto operator()(auto d, auto x) const { return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x); }
};
struct ReluSlope {
  auto operator()(auto d, auto grad, auto x) const { return hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), grad); }
};

struct LeakyRelu {
  explicit LeakyRelu(const double* params) : negative_slope(params[0]) {}
  auto operator()(auto d, auto x) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, hn::Mul(x, math::constant(d, negative_slope)));
  }
  double negative_slope;
};
struct LeakyReluSlope {
  explicit LeakyReluSlope(const double* params) : negative_slope(params[0]) {}
  auto operator()(auto d, auto grad, auto x) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), grad, hn::Mul(grad, math::constant(d, negative_slope)));
  }
  double negative_slope;
};

struct Prelu {
  auto operator()(auto d, auto x, auto weight) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, hn::Mul(x, weight));
  }
};

struct Hardtanh {
  explicit Hardtanh(const double* params) : low(params[0]), high(params[1]) {}
  auto operator()(auto d, auto x) const {
    const auto lo = math::constant(d, low), hi = math::constant(d, high);
    x = hn::IfThenElse(hn::Lt(x, lo), lo, x);
    return hn::IfThenElse(hn::Gt(x, hi), hi, x);
  }
  double low, high;
};
struct HardtanhSlope {
  explicit HardtanhSlope(const double* params) : low(params[0]), high(params[1]) {}
  auto operator()(auto d, auto grad, auto x) const {
    const auto outside = hn::Or(hn::Le(x, math::constant(d, low)), hn::Ge(x, math::constant(d, high)));
    return hn::IfThenZeroElse(outside, grad);
  }
  double low, high;
};

struct Hardsigmoid {
  auto operator()(auto d, auto x) const {
    const auto zero = hn::Zero(d), six = math::constant(d, 6);
    auto t = hn::Add(x, math::constant(d, 3));
    t = hn::IfThenElse(hn::Lt(t, zero), zero, t);
    return hn::Mul(hn::IfThenElse(hn::Gt(t, six), six, t), math::constant(d, 1.0 / 6));
  }
};
struct HardsigmoidSlope {
  auto operator()(auto d, auto grad, auto x) const {
    const auto outside = hn::Ge(hn::Abs(x), math::constant(d, 3));
    return hn::IfThenZeroElse(
        outside, hn::Mul(grad, math::constant(d, 1.0f / 6)));  // PyTorch's slope is the f32 one, in f64 too
  }
};
struct Hardswish {
  auto operator()(auto d, auto x) const { return hn::Mul(x, Hardsigmoid()(d, x)); }
};
struct HardswishSlope {
  auto operator()(auto d, auto grad, auto x) const {
    const auto three = math::constant(d, 3);
    const auto middle = hn::Mul(grad, hn::MulAdd(x, math::constant(d, 1.0 / 3), math::constant(d, 0.5)));
    return hn::IfThenZeroElse(hn::Lt(x, hn::Neg(three)), hn::IfThenElse(hn::Gt(x, three), grad, middle));
  }
};

struct Hardshrink {
  explicit Hardshrink(const double* params) : lambd(params[0]) {}
  auto operator()(auto d, auto x) const { return hn::IfThenZeroElse(hn::Le(hn::Abs(x), math::constant(d, lambd)), x); }
  double lambd;
};
struct ShrinkSlope {
  explicit ShrinkSlope(const double* params) : lambd(params[0]) {}
  auto operator()(auto d, auto grad, auto x) const {
    return hn::IfThenZeroElse(hn::Le(hn::Abs(x), math::constant(d, lambd)), grad);
  }
  double lambd;
};
struct Softshrink {
  explicit Softshrink(const double* params) : lambd(params[0]) {}
  auto operator()(auto d, auto x) const {
    const auto size = hn::Abs(x), by = math::constant(d, lambd);
    return hn::IfThenZeroElse(hn::Le(size, by), hn::CopySign(hn::Sub(size, by), x));
  }
  double lambd;
};

struct Threshold {
  explicit Threshold(const double* params) : threshold(params[0]), value(params[1]) {}
  auto operator()(auto d, auto x) const {
    return hn::IfThenElse(hn::Le(x, math::constant(d, threshold)), math::constant(d, value), x);
  }
  double threshold, value;
};
struct ThresholdSlope {
  explicit ThresholdSlope(const double* params) : threshold(params[0]) {}
  auto operator()(auto d, auto grad, auto x) const {
    return hn::IfThenZeroElse(hn::Le(x, math::constant(d, threshold)), grad);
  }
  double threshold;
};

void relu_rows(const Row& row) { rows::map1<Relu>(row); }
void relu_slope_rows(const Row& row) { rows::map2<ReluSlope>(row); }
void leaky_relu_rows(const Row& row) { rows::map1<LeakyRelu>(row); }
void leaky_relu_slope_rows(const Row& row) { rows::map2<LeakyReluSlope>(row); }
void prelu_rows(const Row& row) { rows::map2<Prelu>(row); }
void hardtanh_rows(const Row& row) { rows::map1<Hardtanh>(row); }
void hardtanh_slope_rows(const Row& row) { rows::map2<HardtanhSlope>(row); }
void hardsigmoid_rows(const Row& row) { rows::map1<Hardsigmoid>(row); }
void hardsigmoid_slope_rows(const Row& row) { rows::map2<HardsigmoidSlope>(row); }
void hardswish_rows(const Row& row) { rows::map1<Hardswish>(row); }
void hardswish_slope_rows(const Row& row) { rows::map2<HardswishSlope>(row); }
void hardshrink_rows(const Row& row) { rows::map1<Hardshrink>(row); }
void softshrink_rows(const Row& row) { rows::map1<Softshrink>(row); }
void shrink_slope_rows(const Row& row) { rows::map2<ShrinkSlope>(row); }
void threshold_rows(const Row& row) { rows::map1<Threshold>(row); }
void threshold_slope_rows(const Row& row) { rows::map2<ThresholdSlope>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(relu_rows);
HWY_EXPORT(relu_slope_rows);
HWY_EXPORT(leaky_relu_rows);
HWY_EXPORT(leaky_relu_slope_rows);
HWY_EXPORT(prelu_rows);
HWY_EXPORT(hardtanh_rows);
HWY_EXPORT(hardtanh_slope_rows);
HWY_EXPORT(hardsigmoid_rows);
HWY_EXPORT(hardsigmoid_slope_rows);
HWY_EXPORT(hardswish_rows);
HWY_EXPORT(hardswish_slope_rows);
HWY_EXPORT(hardshrink_rows);
HWY_EXPORT(softshrink_rows);
HWY_EXPORT(shrink_slope_rows);
HWY_EXPORT(threshold_rows);
HWY_EXPORT(threshold_slope_rows);

Tensor between(const char* op, const Tensor& x, double low, double high) {
  return activate(op, HWY_DISPATCH_TABLE(hardtanh_rows), HWY_DISPATCH_TABLE(hardtanh_slope_rows), x,
                  {.params = {low, high}}, straight);
}

}  // namespace

const char relu_name[] = "relu";

Tensor relu(Tensor x) {
  const kernels::Kernel slope_rows = HWY_DISPATCH_TABLE(relu_slope_rows);
  checked_floating("relu", x);
  Tensor y = map_in_place("relu", HWY_DISPATCH_TABLE(relu_rows), x);
  // y > 0 where x > 0: y is kept, which the next op often keeps, too, and x may go.
  return record(relu_name, y, {x}, [y = y.detach(), slope_rows](const Backward& b) -> Gradients {
    return {slope("relu", slope_rows, b.grad, b.output(y), {}, straight, b.reusable_grad())};
  });
}
Tensor relu6(const Tensor& x) { return between("relu6", x, 0, 6); }
Tensor hardtanh(const Tensor& x, const HardtanhOptions& options) {
  check<ValueError>(options.min_val <= options.max_val, "hardtanh: min_val {} is above max_val {}", options.min_val,
                    options.max_val);
  return between("hardtanh", x, options.min_val, options.max_val);
}
Tensor leaky_relu(const Tensor& x, const LeakyReluOptions& options) {
  return activate("leaky_relu", HWY_DISPATCH_TABLE(leaky_relu_rows), HWY_DISPATCH_TABLE(leaky_relu_slope_rows), x,
                  {.params = {options.negative_slope}}, straight);
}

Tensor prelu(const Tensor& x, const Tensor& weight) {
  check_defined("prelu", {{x, "x"}, {weight, "weight"}});
  check<DtypeError>(is_floating(x.dtype()) && weight.dtype() == x.dtype(),
                    "prelu: x is {}, weight {}; expects one floating type", x.dtype(), weight.dtype());
  Tensor slope = weight;
  if (weight.numel() != 1) {
    check<ShapeError>(x.dim() >= 2 && weight.dim() == 1 && weight.numel() == x.size(1),
                      "prelu: weight has {} elements, expects 1 or one per channel of x {}", weight.numel(), x.shape());
    Shape per_channel = Shape::filled(x.dim() - 1, 1);
    per_channel[0] = weight.numel();
    slope = weight.reshape(per_channel);
  } else if (weight.dim() > 0) {
    slope = weight.reshape({});  // a single slope does not add dimensions
  }
  Tensor y = map("prelu", HWY_DISPATCH_TABLE(prelu_rows), x.dtype(), {x, slope});
  return record("prelu", y, {x, slope}, [x, slope](const Backward& b) -> Gradients {
    Tensor gx, gw;
    if (b.needs(0)) gx = where(x > 0, b.grad, b.grad * slope);
    if (b.needs(1)) gw = where(x > 0, 0, b.grad * x);
    return {gx, gw};
  });
}

Tensor hardsigmoid(const Tensor& x) {
  return activate("hardsigmoid", HWY_DISPATCH_TABLE(hardsigmoid_rows), HWY_DISPATCH_TABLE(hardsigmoid_slope_rows), x,
                  {}, straight);
}
Tensor hardswish(const Tensor& x) {
  return activate("hardswish", HWY_DISPATCH_TABLE(hardswish_rows), HWY_DISPATCH_TABLE(hardswish_slope_rows), x, {},
                  [](const Tensor& g, const Tensor& x) { return where(abs(x) < 3, g / 3, 0); });
}
Tensor hardshrink(const Tensor& x, const ShrinkOptions& options) {
  return activate("hardshrink", HWY_DISPATCH_TABLE(hardshrink_rows), HWY_DISPATCH_TABLE(shrink_slope_rows), x,
                  {.params = {options.lambd}}, straight);
}
Tensor softshrink(const Tensor& x, const ShrinkOptions& options) {
  check<ValueError>(options.lambd >= 0, "softshrink: lambd is {}, must not be negative", options.lambd);
  return activate("softshrink", HWY_DISPATCH_TABLE(softshrink_rows), HWY_DISPATCH_TABLE(shrink_slope_rows), x,
                  {.params = {options.lambd}}, straight);
}
Tensor threshold(const Tensor& x, double threshold, double value) {
  return activate("threshold", HWY_DISPATCH_TABLE(threshold_rows), HWY_DISPATCH_TABLE(threshold_slope_rows), x,
                  {.params = {threshold, value}}, straight);
}

}  // namespace korrel
#endif
