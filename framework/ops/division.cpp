// Division and its remainders: div, fmod, remainder.
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>
#include <korrel/framework/ops/promotion.h>
#include <korrel/framework/tensor/create.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/division.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/each_lane-inl.h>
#include <korrel/framework/kernels/elementwise-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace rows = kernels::HWY_NAMESPACE;
using kernels::Row;

struct Div {
  auto operator()(auto, auto a, auto b) const { return hn::Div(a, b); }
};
// Zero divisors of integers have been refused.
struct DivTrunc {
  auto operator()(auto, auto a, auto b) const { return hn::Trunc(hn::Div(a, b)); }
  template <class T>
  static T plain(T a, T b) {
    if constexpr (std::is_same_v<T, int64_t>)
      if (b == -1) return static_cast<T>(-static_cast<uint64_t>(a));  // the smallest integer would trap
    return static_cast<T>(b == T(0) ? T(0) : a / b);
  }
};
struct Fmod {
  static constexpr bool through_f64 = true;
  // The quotient's floor is off by one at most, and a fused a - quotient b has the exact rest. Elsewhere, and for
  // quotients of 53 bits and more, infinities, NaN and zero divisors: the C library.
  template <class D, class V>
  V operator()(D d, V a, V b) const {
    const V size = hn::Abs(a), divisor = hn::Abs(b), quotient = hn::Floor(hn::Div(size, divisor));
#ifdef HWY_NATIVE_FMA
    constexpr double kMost = HWY_NATIVE_FMA ? 0x1p52 : 0;
#else
    constexpr double kMost = 0;
#endif
    const auto easy = hn::And(hn::Lt(quotient, hn::Set(d, kMost)), hn::Lt(divisor, hn::Set(d, HUGE_VAL)));
    V rest = hn::NegMulAdd(quotient, divisor, size);
    rest = hn::IfThenElse(hn::Lt(rest, hn::Zero(d)), hn::Add(rest, divisor), rest);
    rest = hn::IfThenElse(hn::Ge(rest, divisor), hn::Sub(rest, divisor), rest);
    return rows::unless_easy(d, easy, hn::CopySign(rest, a), a, b, [](double x, double y) { return std::fmod(x, y); });
  }
  template <class T>
  static T plain(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
      return std::fmod(a, b);
    else
      return b == T(0) || static_cast<int64_t>(b) == -1 ? T(0) : static_cast<T>(a % b);
  }
};
struct Remainder {
  static constexpr bool through_f64 = true;
  template <class D, class V>
  V operator()(D d, V a, V b) const {
    const V rest = Fmod()(d, a, b), zero = hn::Zero(d);
    const auto differ = hn::Xor(hn::VecFromMask(d, hn::Lt(rest, zero)), hn::VecFromMask(d, hn::Lt(b, zero)));
    return hn::IfThenElse(hn::AndNot(hn::Eq(rest, zero), hn::MaskFromVec(differ)), hn::Add(rest, b), rest);
  }
  template <class T>
  static T plain(T a, T b) {
    T rest = Fmod::plain(a, b);
    return rest != T(0) && (rest < T(0)) != (b < T(0)) ? rest + b : rest;
  }
};
// By way of the rest, as Python and PyTorch do: floor(a / b) alone is wrong where a / b rounds up to a whole number.
struct DivFloor {
  static constexpr bool through_f64 = true;
  template <class D, class V>
  V operator()(D d, V a, V b) const {
    const V zero = hn::Zero(d), one = hn::Set(d, 1.0);
    const auto easy = hn::Lt(hn::Abs(hn::Div(a, b)), hn::Set(d, HUGE_VAL));
    const V rest = Fmod()(d, a, b);
    V quotient = hn::Div(hn::Sub(a, rest), b);
    const auto differ = hn::Xor(hn::VecFromMask(d, hn::Lt(rest, zero)), hn::VecFromMask(d, hn::Lt(b, zero)));
    quotient =
        hn::IfThenElse(hn::AndNot(hn::Eq(rest, zero), hn::MaskFromVec(differ)), hn::Sub(quotient, one), quotient);
    const V floor = hn::Floor(quotient);
    const V whole = hn::IfThenElse(hn::Gt(hn::Sub(quotient, floor), hn::Set(d, 0.5)), hn::Add(floor, one), floor);
    const V result = hn::IfThenElse(hn::Eq(quotient, zero), hn::CopySign(zero, hn::Div(a, b)), whole);
    return rows::unless_easy(d, easy, result, a, b, [](double x, double y) { return plain(x, y); });
  }
  template <class T>
  static T plain(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (b == 0) return a / b;
      T rest = std::fmod(a, b), quotient = (a - rest) / b;
      if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
      if (quotient == 0) return std::copysign(T(0), a / b);
      T whole = std::floor(quotient);
      return quotient - whole > T(0.5) ? whole + 1 : whole;
    } else {
      T quotient = DivTrunc::plain(a, b);
      return Fmod::plain(a, b) != T(0) && (a < T(0)) != (b < T(0)) ? static_cast<T>(quotient - 1) : quotient;
    }
  }
};

void div_rows(const Row& row) { rows::map2<Div>(row); }
void div_trunc_rows(const Row& row) { rows::map2<DivTrunc>(row); }
void div_floor_rows(const Row& row) { rows::map2<DivFloor>(row); }
void fmod_rows(const Row& row) { rows::map2<Fmod>(row); }
void remainder_rows(const Row& row) { rows::map2<Remainder>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(div_rows);
HWY_EXPORT(div_trunc_rows);
HWY_EXPORT(div_floor_rows);
HWY_EXPORT(fmod_rows);
HWY_EXPORT(remainder_rows);

// An op whose integers must not be divided by zero, with one operand perhaps a number.
Tensor divided(const char* op, kernels::Kernel kernel, const Operand& a, const Operand& b, DType dtype) {
  check<DtypeError>(dtype != boolean, "{}: bool tensors do not divide with rounding", op);
  if (!is_floating(dtype)) {
    bool zero = b.tensor == nullptr && b.number.value() == 0;
    if (b.tensor)
      for (int64_t value : b.tensor->to_vector<int64_t>()) zero |= value == 0;
    check<ValueError>(!zero, "{}: an integer is divided by zero", op);
  }
  return map(op, kernel, dtype, {a, b}, {.cost = 8});
}

Tensor quotient(const Operand& a, const Operand& b, DType dtype, const DivOptions& options) {
  switch (options.rounding_mode) {
    case Rounding::trunc:
      return divided("div", HWY_DISPATCH_TABLE(div_trunc_rows), a, b, dtype);
    case Rounding::floor:
      return divided("div", HWY_DISPATCH_TABLE(div_floor_rows), a, b, dtype);
    default:
      return map("div", HWY_DISPATCH_TABLE(div_rows), floating_type(dtype), {a, b});
  }
}
bool rounded(const DivOptions& options) { return options.rounding_mode != Rounding::none; }

}  // namespace

Tensor div(const Tensor& a, const Tensor& b, const DivOptions& options) {
  Tensor y = quotient(a, b, result_type("div", a, b), options);
  return record("div", y, {a, b}, [a, b, flat = rounded(options)](const Backward& bw) -> Gradients {
    if (flat) return {zeros_like(bw.grad), zeros_like(bw.grad)};
    return {bw.needs(0) ? bw.grad / b : Tensor(), bw.needs(1) ? -bw.grad * ((a / b) / b) : Tensor()};
  });
}
Tensor div(const Tensor& a, const Scalar& b, const DivOptions& options) {
  Tensor y = quotient(a, b, result_type("div", a, b), options);
  return record("div", y, {a}, [b, flat = rounded(options)](const Backward& bw) -> Gradients {
    return {flat ? zeros_like(bw.grad) : bw.grad / b};
  });
}
Tensor div(const Scalar& a, const Tensor& b, const DivOptions& options) {
  Tensor y = quotient(a, b, result_type("div", a, b), options);
  return record("div", y, {b}, [a, b, flat = rounded(options)](const Backward& bw) -> Gradients {
    return {flat ? zeros_like(bw.grad) : -bw.grad * ((a / b) / b)};
  });
}

Tensor fmod(const Tensor& a, const Tensor& b) {
  Tensor y = divided("fmod", HWY_DISPATCH_TABLE(fmod_rows), a, b, result_type("fmod", a, b));
  return record("fmod", y, {a, b}, [a, b](const Backward& bw) -> Gradients {
    return {bw.grad, bw.needs(1) ? -bw.grad * div(a, b, {.rounding_mode = Rounding::trunc}) : Tensor()};
  });
}
Tensor fmod(const Tensor& a, const Scalar& b) {
  Tensor y = divided("fmod", HWY_DISPATCH_TABLE(fmod_rows), a, b, result_type("fmod", a, b));
  return record("fmod", y, {a}, [](const Backward& bw) -> Gradients { return {bw.grad}; });
}
Tensor remainder(const Tensor& a, const Tensor& b) {
  Tensor y = divided("remainder", HWY_DISPATCH_TABLE(remainder_rows), a, b, result_type("remainder", a, b));
  return record("remainder", y, {a, b}, [a, b](const Backward& bw) -> Gradients {
    return {bw.grad, bw.needs(1) ? -bw.grad * div(a, b, {.rounding_mode = Rounding::floor}) : Tensor()};
  });
}
Tensor remainder(const Tensor& a, const Scalar& b) {
  Tensor y = divided("remainder", HWY_DISPATCH_TABLE(remainder_rows), a, b, result_type("remainder", a, b));
  return record("remainder", y, {a}, [](const Backward& bw) -> Gradients { return {bw.grad}; });
}

}  // namespace korrel
#endif
