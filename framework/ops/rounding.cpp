// Rounding, sign and size of numbers: floor, round, abs, clamp, isnan and their like.
#include <cmath>
#include <limits>
#include <optional>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>
#include <korrel/framework/ops/promotion.h>
#include <korrel/framework/tensor/create.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/rounding.cpp"
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

struct Floor {
  auto operator()(auto, auto x) const { return hn::Floor(x); }
  template <class T>
  static T plain(T x) {
    return x;
  }
};
struct Ceil {
  auto operator()(auto, auto x) const { return hn::Ceil(x); }
  template <class T>
  static T plain(T x) {
    return x;
  }
};
struct Round {
  auto operator()(auto, auto x) const { return hn::Round(x); }
  template <class T>
  static T plain(T x) {
    return x;
  }
};
struct Trunc {
  auto operator()(auto, auto x) const { return hn::Trunc(x); }
  template <class T>
  static T plain(T x) {
    return x;
  }
};
struct Frac {
  auto operator()(auto, auto x) const { return hn::Sub(x, hn::Trunc(x)); }
};
struct Abs {
  auto operator()(auto, auto x) const { return hn::Abs(x); }
  template <class T>
  static T plain(T x) {
    if constexpr (std::is_same_v<T, int64_t>)
      return x < 0 ? static_cast<T>(-static_cast<uint64_t>(x)) : x;
    else
      return x;
  }
};
struct Sign {  // zero for NaN, as in PyTorch
  auto operator()(auto d, auto x) const {
    const auto zero = hn::Zero(d), one = math::constant(d, 1);
    return hn::Sub(hn::IfThenElseZero(hn::Gt(x, zero), one), hn::IfThenElseZero(hn::Lt(x, zero), one));
  }
  template <class T>
  static T plain(T x) {
    return static_cast<T>((x > T(0)) - (x < T(0)));
  }
};
struct IsNan {
  static bool plain(auto x) { return x != x; }
};
struct IsInf {
  template <class T>
  static bool plain(T x) {
    if constexpr (std::is_floating_point_v<T>)
      return std::abs(x) == std::numeric_limits<T>::infinity();
    else
      return false;
  }
};
struct IsFinite {
  template <class T>
  static bool plain(T x) {
    if constexpr (std::is_floating_point_v<T>)
      return std::abs(x) < std::numeric_limits<T>::infinity();
    else
      return true;
  }
};
struct NanToNum {
  explicit NanToNum(const double* params) : nan(params[0]), high(params[1]), low(params[2]) {}
  auto operator()(auto d, auto x) const {
    const auto inf = math::infinity(d);
    auto y = hn::IfThenElse(hn::Eq(x, inf), math::constant(d, high), x);
    y = hn::IfThenElse(hn::Eq(x, hn::Neg(inf)), math::constant(d, low), y);
    return hn::IfThenElse(hn::IsNaN(x), math::constant(d, nan), y);
  }
  double nan, high, low;
};
struct Clamp {  // the upper bound wins where they cross; NaN stays
  explicit Clamp(const double* params) : low(params[0]), high(params[1]) {}
  auto operator()(auto d, auto x) const {
    const auto lo = math::constant(d, low), hi = math::constant(d, high);
    x = hn::IfThenElse(hn::Lt(x, lo), lo, x);
    return hn::IfThenElse(hn::Gt(x, hi), hi, x);
  }
  template <class T>
  T plain(T x) const {
    if (static_cast<double>(x) < low) x = static_cast<T>(low);
    return static_cast<double>(x) > high ? static_cast<T>(high) : x;
  }
  double low, high;
};
struct ClampBackward {
  explicit ClampBackward(const double* params) : low(params[0]), high(params[1]) {}
  auto operator()(auto d, auto grad, auto x) const {
    const auto inside = hn::And(hn::Ge(x, math::constant(d, low)), hn::Le(x, math::constant(d, high)));
    return hn::IfThenElseZero(inside, grad);
  }
  double low, high;
};

void floor_rows(const Row& row) { rows::map1<Floor>(row); }
void ceil_rows(const Row& row) { rows::map1<Ceil>(row); }
void round_rows(const Row& row) { rows::map1<Round>(row); }
void trunc_rows(const Row& row) { rows::map1<Trunc>(row); }
void frac_rows(const Row& row) { rows::map1<Frac>(row); }
void abs_rows(const Row& row) { rows::map1<Abs>(row); }
void sign_rows(const Row& row) { rows::map1<Sign>(row); }
void isnan_rows(const Row& row) { rows::predicate1<IsNan>(row); }
void isinf_rows(const Row& row) { rows::predicate1<IsInf>(row); }
void isfinite_rows(const Row& row) { rows::predicate1<IsFinite>(row); }
void nan_to_num_rows(const Row& row) { rows::map1<NanToNum>(row); }
void clamp_rows(const Row& row) { rows::map1<Clamp>(row); }
void clamp_backward_rows(const Row& row) { rows::map2<ClampBackward>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(floor_rows);
HWY_EXPORT(ceil_rows);
HWY_EXPORT(round_rows);
HWY_EXPORT(trunc_rows);
HWY_EXPORT(frac_rows);
HWY_EXPORT(abs_rows);
HWY_EXPORT(sign_rows);
HWY_EXPORT(isnan_rows);
HWY_EXPORT(isinf_rows);
HWY_EXPORT(isfinite_rows);
HWY_EXPORT(nan_to_num_rows);
HWY_EXPORT(clamp_rows);
HWY_EXPORT(clamp_backward_rows);

// A function that is constant between its jumps: gradient zero.
Tensor stepwise(const char* op, kernels::Kernel kernel, const Tensor& x) {
  check_defined(op, x);
  Tensor y = map(op, kernel, x.dtype(), {x});
  return record(op, y, {x}, [](const Backward& b) -> Gradients { return {zeros_like(b.grad)}; });
}

Tensor question(const char* op, kernels::Kernel kernel, const Tensor& x) {
  check_defined(op, x);
  return map_predicate(op, kernel, x.dtype(), {x});
}

Tensor clamp_backward(const Tensor& grad, const Tensor& x, double low, double high) {
  Tensor gx = map("clamp_backward", HWY_DISPATCH_TABLE(clamp_backward_rows), result_type("clamp_backward", grad, x),
                  {grad, x}, {.params = {low, high}});
  return record("clamp_backward", gx, {grad, x}, [x, low, high](const Backward& b) -> Gradients {
    return {clamp_backward(b.grad, x, low, high), Tensor()};
  });
}

}  // namespace

Tensor floor(const Tensor& x) { return stepwise("floor", HWY_DISPATCH_TABLE(floor_rows), x); }
Tensor ceil(const Tensor& x) { return stepwise("ceil", HWY_DISPATCH_TABLE(ceil_rows), x); }
Tensor round(const Tensor& x) { return stepwise("round", HWY_DISPATCH_TABLE(round_rows), x); }
Tensor trunc(const Tensor& x) { return stepwise("trunc", HWY_DISPATCH_TABLE(trunc_rows), x); }
Tensor sign(const Tensor& x) { return stepwise("sign", HWY_DISPATCH_TABLE(sign_rows), x); }

Tensor frac(const Tensor& x) {
  Tensor y = map("frac", HWY_DISPATCH_TABLE(frac_rows), checked_floating("frac", x), {x});
  return record("frac", y, {x}, [](const Backward& b) -> Gradients { return {b.grad}; });
}

Tensor abs(const Tensor& x) {
  check_defined("abs", x);
  Tensor y = map("abs", HWY_DISPATCH_TABLE(abs_rows), x.dtype(), {x});
  return record("abs", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * sign(x)}; });
}

Tensor isnan(const Tensor& x) { return question("isnan", HWY_DISPATCH_TABLE(isnan_rows), x); }
Tensor isinf(const Tensor& x) { return question("isinf", HWY_DISPATCH_TABLE(isinf_rows), x); }
Tensor isfinite(const Tensor& x) { return question("isfinite", HWY_DISPATCH_TABLE(isfinite_rows), x); }

Tensor nan_to_num(const Tensor& x, const NanToNumOptions& options) {
  check_defined("nan_to_num", x);
  if (!is_floating(x.dtype())) return x.clone();
  double largest = x.dtype() == f32 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  double high = options.posinf.value_or(largest), low = options.neginf.value_or(-largest);
  Tensor y =
      map("nan_to_num", HWY_DISPATCH_TABLE(nan_to_num_rows), x.dtype(), {x}, {.params = {options.nan, high, low}});
  return record("nan_to_num", y, {x}, [x](const Backward& b) -> Gradients { return {where(isfinite(x), b.grad, 0)}; });
}

Tensor clamp(const Tensor& x, const ClampOptions& options) {
  check_defined("clamp", x);
  check<ValueError>(options.min || options.max, "clamp: needs min, max or both");
  constexpr double inf = std::numeric_limits<double>::infinity();
  double low = options.min ? options.min->value() : -inf, high = options.max ? options.max->value() : inf;
  DType dtype = x.dtype();
  for (const std::optional<Scalar>& bound : {options.min, options.max})
    if (bound && is_floating(bound->dtype())) dtype = floating_type(dtype);
  check<DtypeError>(dtype != boolean, "clamp: bool tensors have no order");
  Tensor y = map("clamp", HWY_DISPATCH_TABLE(clamp_rows), dtype, {x}, {.params = {low, high}});
  return record("clamp", y, {x},
                [x, low, high](const Backward& b) -> Gradients { return {clamp_backward(b.grad, x, low, high)}; });
}

}  // namespace korrel
#endif
