// Trigonometric and hyperbolic functions and their inverses.
#include <cmath>
#include <initializer_list>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>
#include <korrel/framework/ops/promotion.h>
#include <korrel/framework/tensor/create.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/trigonometry.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/each_lane-inl.h>
#include <korrel/framework/kernels/elementwise-inl.h>
#include <korrel/framework/kernels/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace rows = kernels::HWY_NAMESPACE;
namespace math = kernels::HWY_NAMESPACE::math;
using kernels::Row;

struct Sin {
  auto operator()(auto d, auto x) const { return math::sin(d, x); }
};
struct Cos {
  auto operator()(auto d, auto x) const { return math::cos(d, x); }
};
struct Tan {
  auto operator()(auto d, auto x) const { return hn::Div(math::sin(d, x), math::cos(d, x)); }
};
// For f32, in f64: x less the nearest multiple n of pi/2, then Taylor's sine and cosine up to pi/4, right to 1e-11.
struct ShortTan {
  static constexpr bool through_f64 = true;
  template <class D, class V>
  V operator()(D d, V x) const {
    const V n = hn::Round(hn::Mul(x, hn::Set(d, 2 / M_PI)));
    // pi/2 in two parts; the first has 33 bits, so that n times it is exact.
    const V r = hn::NegMulAdd(n, hn::Set(d, 6.07710050650619224932e-11),
                              hn::NegMulAdd(n, hn::Set(d, 1.57079632673412561417), x));
    const V q = hn::Mul(r, r);
    auto series = [&](std::initializer_list<double> terms) HWY_ATTR {
      V sum = hn::Zero(d);
      for (double term : terms) sum = hn::MulAdd(sum, q, hn::Set(d, term));
      return sum;
    };
    const V sine = hn::Mul(r, series({-1. / 39916800, 1. / 362880, -1. / 5040, 1. / 120, -1. / 6, 1}));
    const V cosine = series({1. / 479001600, -1. / 3628800, 1. / 40320, -1. / 720, 1. / 24, -0.5, 1});
    const V half = hn::Mul(n, hn::Set(d, 0.5));
    const auto odd = hn::Ne(hn::Round(half), half);
    const V quotient = hn::Div(hn::IfThenElse(odd, hn::Neg(cosine), sine), hn::IfThenElse(odd, sine, cosine));
    const V y = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, quotient);  // -0 stays
    return rows::unless_easy(d, hn::Lt(hn::Abs(x), hn::Set(d, 1e5)), y, x, x,
                             [](double value, double) { return std::tan(value); });
  }
};
struct Asin {
  auto operator()(auto d, auto x) const { return hn::Asin(d, x); }
};
struct Acos {
  auto operator()(auto d, auto x) const { return hn::Acos(d, x); }
};
struct Atan {
  auto operator()(auto d, auto x) const { return hn::Atan(d, x); }
};
struct Sinh {
  auto operator()(auto d, auto x) const { return math::sinh(d, x); }
};
struct Cosh {
  auto operator()(auto d, auto x) const { return math::cosh(d, x); }
};
struct Tanh {
  auto operator()(auto d, auto x) const { return math::tanh(d, x); }
};
struct Asinh {
  static constexpr bool through_f64 = true;
  auto operator()(auto d, auto x) const { return math::asinh(d, x); }
};
struct Acosh {
  static constexpr bool through_f64 = true;
  auto operator()(auto d, auto x) const { return math::acosh(d, x); }
};
struct Atanh {
  static constexpr bool through_f64 = true;
  auto operator()(auto d, auto x) const { return math::atanh(d, x); }
};
struct TanhBackward {  // grad (1 - y^2)
  auto operator()(auto d, auto grad, auto y) const { return hn::Mul(grad, hn::NegMulAdd(y, y, math::constant(d, 1))); }
};
struct Atan2 {
  static constexpr bool through_f64 = true;
  template <class D, class V>
  V operator()(D d, V y, V x) const {
    const V zero = hn::Zero(d), pi = hn::Set(d, M_PI), wide = hn::Abs(x), high = hn::Abs(y);
    const V longer = hn::Max(wide, high), shorter = hn::Min(wide, high);
    const auto easy = hn::And(hn::Lt(wide, math::infinity(d)), hn::Lt(high, math::infinity(d)));
    V angle = hn::Atan(d, hn::IfThenElse(hn::Gt(longer, zero), hn::Div(shorter, longer), zero));  // in [0, pi / 4]
    angle = hn::IfThenElse(hn::Gt(high, wide), hn::Sub(hn::Set(d, M_PI_2), angle), angle);
    const auto left = hn::Lt(hn::CopySign(pi, x), zero);  // -0 is left, too
    return rows::unless_easy(d, easy, hn::CopySign(hn::IfThenElse(left, hn::Sub(pi, angle), angle), y), y, x,
                             [](double a, double b) { return std::atan2(a, b); });
  }
};
struct Hypot {
  static constexpr bool through_f64 = true;
  // Squares of 2^-500 to 2^500 neither overflow nor lose digits.
  template <class D, class V>
  V operator()(D d, V a, V b) const {
    const V longer = hn::Max(hn::Abs(a), hn::Abs(b));
    const auto easy = hn::And(hn::Gt(longer, hn::Set(d, 0x1p-500)), hn::Lt(longer, hn::Set(d, 0x1p500)));
    return rows::unless_easy(d, hn::And(easy, hn::Eq(hn::Add(a, b), hn::Add(a, b))),
                             hn::Sqrt(hn::MulAdd(a, a, hn::Mul(b, b))), a, b,
                             [](double x, double y) { return std::hypot(x, y); });
  }
};

void sin_rows(const Row& row) { rows::map1<Sin>(row); }
void cos_rows(const Row& row) { rows::map1<Cos>(row); }
void tan_rows(const Row& row) { row.dtype == f32 ? rows::simd1<ShortTan, float>(row) : rows::simd1<Tan, double>(row); }
void asin_rows(const Row& row) { rows::map1<Asin>(row); }
void acos_rows(const Row& row) { rows::map1<Acos>(row); }
void atan_rows(const Row& row) { rows::map1<Atan>(row); }
void sinh_rows(const Row& row) { rows::map1<Sinh>(row); }
void cosh_rows(const Row& row) { rows::map1<Cosh>(row); }
void tanh_rows(const Row& row) { rows::map1<Tanh>(row); }
void asinh_rows(const Row& row) { rows::map1<Asinh>(row); }
void acosh_rows(const Row& row) { rows::map1<Acosh>(row); }
void atanh_rows(const Row& row) { rows::map1<Atanh>(row); }
void tanh_backward_rows(const Row& row) { rows::map2<TanhBackward>(row); }
void atan2_rows(const Row& row) { rows::map2<Atan2>(row); }
void hypot_rows(const Row& row) { rows::map2<Hypot>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(sin_rows);
HWY_EXPORT(cos_rows);
HWY_EXPORT(tan_rows);
HWY_EXPORT(asin_rows);
HWY_EXPORT(acos_rows);
HWY_EXPORT(atan_rows);
HWY_EXPORT(sinh_rows);
HWY_EXPORT(cosh_rows);
HWY_EXPORT(tanh_rows);
HWY_EXPORT(asinh_rows);
HWY_EXPORT(acosh_rows);
HWY_EXPORT(atanh_rows);
HWY_EXPORT(tanh_backward_rows);
HWY_EXPORT(atan2_rows);
HWY_EXPORT(hypot_rows);

const MapOptions transcendental{.cost = 8}, scalar_math{.cost = 32};

// One pass instead of four: tanh is what a small network spends its time on.
Tensor tanh_backward(const Tensor& grad, const Tensor& y) {
  Tensor gx =
      map("tanh_backward", HWY_DISPATCH_TABLE(tanh_backward_rows), result_type("tanh_backward", grad, y), {grad, y});
  return record("tanh_backward", gx, {grad, y}, [grad, y](const Backward& b) -> Gradients {
    return {b.needs(0) ? tanh_backward(b.grad, y) : Tensor(), b.needs(1) ? b.grad * grad * y * -2 : Tensor()};
  });
}

}  // namespace

Tensor sin(const Tensor& x) {
  Tensor y = map_floating("sin", HWY_DISPATCH_TABLE(sin_rows), x, transcendental);
  return record("sin", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * cos(x)}; });
}

Tensor cos(const Tensor& x) {
  Tensor y = map_floating("cos", HWY_DISPATCH_TABLE(cos_rows), x, transcendental);
  return record("cos", y, {x}, [x](const Backward& b) -> Gradients { return {-b.grad * sin(x)}; });
}

Tensor tan(const Tensor& x) {
  Tensor y = map_floating("tan", HWY_DISPATCH_TABLE(tan_rows), x, transcendental);
  return record("tan", y, {x},
                [y = y.detach()](const Backward& b) -> Gradients { return {b.grad * (square(b.output(y)) + 1)}; });
}

Tensor asin(const Tensor& x) {
  Tensor y = map_floating("asin", HWY_DISPATCH_TABLE(asin_rows), x, transcendental);
  return record("asin", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * rsqrt(1 - square(x))}; });
}

Tensor acos(const Tensor& x) {
  Tensor y = map_floating("acos", HWY_DISPATCH_TABLE(acos_rows), x, transcendental);
  return record("acos", y, {x}, [x](const Backward& b) -> Gradients { return {-b.grad * rsqrt(1 - square(x))}; });
}

Tensor atan(const Tensor& x) {
  Tensor y = map_floating("atan", HWY_DISPATCH_TABLE(atan_rows), x, transcendental);
  return record("atan", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad / (square(x) + 1)}; });
}

Tensor sinh(const Tensor& x) {
  Tensor y = map_floating("sinh", HWY_DISPATCH_TABLE(sinh_rows), x, transcendental);
  return record("sinh", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * cosh(x)}; });
}

Tensor cosh(const Tensor& x) {
  Tensor y = map_floating("cosh", HWY_DISPATCH_TABLE(cosh_rows), x, transcendental);
  return record("cosh", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * sinh(x)}; });
}

Tensor tanh(Tensor x) {
  Tensor y = map_in_place("tanh", HWY_DISPATCH_TABLE(tanh_rows), x, transcendental);
  return record("tanh", y, {x},
                [y = y.detach()](const Backward& b) -> Gradients { return {tanh_backward(b.grad, b.output(y))}; });
}

Tensor asinh(const Tensor& x) {
  Tensor y = map_floating("asinh", HWY_DISPATCH_TABLE(asinh_rows), x, transcendental);
  return record("asinh", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * rsqrt(square(x) + 1)}; });
}

Tensor acosh(const Tensor& x) {
  Tensor y = map_floating("acosh", HWY_DISPATCH_TABLE(acosh_rows), x, transcendental);
  return record("acosh", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * rsqrt(square(x) - 1)}; });
}

Tensor atanh(const Tensor& x) {
  Tensor y = map_floating("atanh", HWY_DISPATCH_TABLE(atanh_rows), x, transcendental);
  return record("atanh", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad / (1 - square(x))}; });
}

Tensor atan2(const Tensor& a, const Tensor& b) {
  Tensor y =
      map("atan2", HWY_DISPATCH_TABLE(atan2_rows), floating_type(result_type("atan2", a, b)), {a, b}, scalar_math);
  return record("atan2", y, {a, b}, [a, b](const Backward& bw) -> Gradients {
    Tensor scaled = bw.grad / (square(a) + square(b));
    return {bw.needs(0) ? scaled * b : Tensor(), bw.needs(1) ? -scaled * a : Tensor()};
  });
}

Tensor hypot(const Tensor& a, const Tensor& b) {
  Tensor y =
      map("hypot", HWY_DISPATCH_TABLE(hypot_rows), floating_type(result_type("hypot", a, b)), {a, b}, scalar_math);
  return record("hypot", y, {a, b}, [a, b, y = y.detach()](const Backward& bw) -> Gradients {
    Tensor scaled = bw.grad / bw.output(y);
    return {bw.needs(0) ? scaled * a : Tensor(), bw.needs(1) ? scaled * b : Tensor()};
  });
}

}  // namespace korrel
#endif
