// Powers and roots: square, sqrt, rsqrt, reciprocal, pow.
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>
#include <korrel/framework/ops/promotion.h>
#include <korrel/framework/tensor/create.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/power.cpp"
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

struct Square {
  auto operator()(auto, auto x) const { return hn::Mul(x, x); }
  template <class T>
  static T plain(T x) {
    return static_cast<T>(static_cast<uint64_t>(x) * static_cast<uint64_t>(x));
  }
};
struct Cube {
  auto operator()(auto, auto x) const { return hn::Mul(hn::Mul(x, x), x); }
};
struct InverseSquare {
  auto operator()(auto d, auto x) const { return hn::Div(math::constant(d, 1), hn::Mul(x, x)); }
};
struct Sqrt {
  auto operator()(auto, auto x) const { return hn::Sqrt(x); }
};
struct Rsqrt {
  auto operator()(auto d, auto x) const { return hn::Div(math::constant(d, 1), hn::Sqrt(x)); }
};
struct Reciprocal {
  auto operator()(auto d, auto x) const { return hn::Div(math::constant(d, 1), x); }
};
// f32 goes through f64, where e^(b log a) has digits to spare; f64 itself is left to the C library, which is exact to 1
// ulp.
struct Pow {
  static constexpr bool through_f64 = true;
  template <class D, class V>
  V operator()(D d, V a, V b) const {
    const V inf = math::infinity(d), zero = hn::Zero(d), one = math::constant(d, 1), half = math::constant(d, 0.5);
    const V size = math::exp(d, hn::Mul(b, math::log(d, hn::Abs(a))));
    // A negative base: no number unless b is an integer, and an odd one gives its sign, to 0 too.
    const auto integer = hn::Eq(hn::Round(b), b), even = hn::Eq(hn::Round(hn::Mul(b, half)), hn::Mul(b, half));
    const V own = hn::IfThenElse(even, size, hn::CopySign(size, a));
    const V y = hn::IfThenElse(hn::And(hn::Lt(a, zero), hn::Not(integer)), hn::Sub(inf, inf),
                               hn::IfThenElse(integer, own, size));
    const auto easy = hn::And(hn::Lt(hn::Abs(a), inf), hn::Lt(hn::Abs(b), inf));
    return rows::unless_easy(d, easy, hn::IfThenElse(hn::Eq(b, zero), one, y), a, b,
                             [](double base, double power) { return std::pow(base, power); });
  }
  template <class T>
  static T plain(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::pow(a, b);
    } else {  // by squaring; a negative power of an integer is 0, but for 1 and -1
      if (b < T(0))
        return a == T(1) ? T(1) : static_cast<int64_t>(a) == -1 ? static_cast<T>(b % 2 == 0 ? 1 : -1) : T(0);
      uint64_t result = 1, base = static_cast<uint64_t>(a);
      for (uint64_t n = static_cast<uint64_t>(b); n != 0; n >>= 1, base *= base)
        if (n & 1) result *= base;
      return static_cast<T>(result);
    }
  }
};

void square_rows(const Row& row) { rows::map1<Square>(row); }
void cube_rows(const Row& row) { rows::map1<Cube>(row); }
void inverse_square_rows(const Row& row) { rows::map1<InverseSquare>(row); }
void sqrt_rows(const Row& row) { rows::map1<Sqrt>(row); }
void rsqrt_rows(const Row& row) { rows::map1<Rsqrt>(row); }
void reciprocal_rows(const Row& row) { rows::map1<Reciprocal>(row); }
void pow_rows(const Row& row) { row.dtype == f32 ? rows::simd2<Pow, float>(row) : rows::scalar2<Pow>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(square_rows);
HWY_EXPORT(cube_rows);
HWY_EXPORT(inverse_square_rows);
HWY_EXPORT(sqrt_rows);
HWY_EXPORT(rsqrt_rows);
HWY_EXPORT(reciprocal_rows);
HWY_EXPORT(pow_rows);

const MapOptions costly{.cost = 16};

void check_not_bool(DType dtype) { check<DtypeError>(dtype != boolean, "pow: bool tensors have no powers"); }

// x^n for the powers that are an operation of their own; undefined for others.
Tensor special_power(const Tensor& x, DType dtype, double n) {
  if (n == 2) return map("pow", HWY_DISPATCH_TABLE(square_rows), dtype, {x});
  if (!is_floating(dtype)) return {};
  if (n == 3) return map("pow", HWY_DISPATCH_TABLE(cube_rows), dtype, {x});
  if (n == -2) return map("pow", HWY_DISPATCH_TABLE(inverse_square_rows), dtype, {x});
  if (n == 0.5) return map("pow", HWY_DISPATCH_TABLE(sqrt_rows), dtype, {x});
  if (n == -0.5) return map("pow", HWY_DISPATCH_TABLE(rsqrt_rows), dtype, {x});
  if (n == -1) return map("pow", HWY_DISPATCH_TABLE(reciprocal_rows), dtype, {x});
  return {};
}

}  // namespace

Tensor square(const Tensor& x) {
  check_defined("square", x);
  check_not_bool(x.dtype());
  Tensor y = map("square", HWY_DISPATCH_TABLE(square_rows), x.dtype(), {x});
  return record("square", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * x * 2}; });
}
Tensor sqrt(const Tensor& x) {
  Tensor y = map_floating("sqrt", HWY_DISPATCH_TABLE(sqrt_rows), x);
  return record("sqrt", y, {x},
                [y = y.detach()](const Backward& b) -> Gradients { return {b.grad / (b.output(y) * 2)}; });
}
Tensor rsqrt(const Tensor& x) {
  Tensor y = map_floating("rsqrt", HWY_DISPATCH_TABLE(rsqrt_rows), x);
  return record("rsqrt", y, {x}, [y = y.detach()](const Backward& b) -> Gradients {
    Tensor out = b.output(y);
    return {b.grad * (out * out * out) * -0.5};
  });
}
Tensor reciprocal(const Tensor& x) {
  Tensor y = map_floating("reciprocal", HWY_DISPATCH_TABLE(reciprocal_rows), x);
  return record("reciprocal", y, {x},
                [y = y.detach()](const Backward& b) -> Gradients { return {-b.grad * square(b.output(y))}; });
}

Tensor pow(const Tensor& a, const Tensor& b) {
  DType dtype = result_type("pow", a, b);
  check_not_bool(dtype);
  Tensor y = map("pow", HWY_DISPATCH_TABLE(pow_rows), dtype, {a, b}, costly);
  return record("pow", y, {a, b}, [a, b, y = y.detach()](const Backward& bw) -> Gradients {
    Tensor base, exponent;
    if (bw.needs(0)) base = where(b == 0, 0, bw.grad * (b * pow(a, b - 1)));  // x^0 is flat, also at 0
    if (bw.needs(1)) {
      Tensor slope = bw.grad * (bw.output(y) * log(a));
      exponent = where(logical_and(a == 0, b >= 0), 0, slope);  // 0^b is 0 for all b around
    }
    return {base, exponent};
  });
}
Tensor pow(const Tensor& a, const Scalar& b) {
  DType dtype = result_type("pow", a, b);
  check_not_bool(dtype);
  check<ValueError>(is_floating(dtype) || b.value() >= 0, "pow: integers to the negative power {} are no integers",
                    b.value());
  Tensor y = special_power(a, dtype, b.value());
  if (!y.defined()) y = map("pow", HWY_DISPATCH_TABLE(pow_rows), dtype, {a, b}, costly);
  double n = b.value();
  return record("pow", y, {a}, [a, n](const Backward& bw) -> Gradients {
    if (n == 0) return {zeros_like(bw.grad)};
    if (n == 2) return {bw.grad * a * 2};
    return {bw.grad * (pow(a, n - 1) * n)};
  });
}
Tensor pow(const Scalar& a, const Tensor& b) {
  DType dtype = result_type("pow", a, b);
  check_not_bool(dtype);
  Tensor y = map("pow", HWY_DISPATCH_TABLE(pow_rows), dtype, {a, b}, costly);
  double base = a.value();
  return record("pow", y, {b}, [base, b, y = y.detach()](const Backward& bw) -> Gradients {
    Tensor slope = bw.grad * (bw.output(y) * std::log(base));
    return {base == 0 ? where(b >= 0, 0, slope) : slope};
  });
}

}  // namespace korrel
#endif
