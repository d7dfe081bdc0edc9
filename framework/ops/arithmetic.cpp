// add, sub, mul, div, neg, and the engine's accumulate.
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>
#include <korrel/framework/ops/promotion.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/arithmetic.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/elementwise-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace rows = kernels::HWY_NAMESPACE;
using kernels::Row;

// Integers wrap around, as unsigned numbers do; bool adds as "or" and multiplies as "and".
template <class T>
using Wrapping = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>;

struct Add {
  auto operator()(auto, auto a, auto b) const { return hn::Add(a, b); }
  template <class T>
  static T plain(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
};
struct AddScaled {
  explicit AddScaled(const double* params) : alpha(params[0]) {}
  auto operator()(auto d, auto a, auto b) const { return hn::MulAdd(b, hn::Set(d, static_cast<hn::TFromD<decltype(d)>>(alpha)), a); }
  template <class T>
  T plain(T a, T b) const {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(static_cast<int64_t>(alpha)) * static_cast<Wrapping<T>>(b));
  }
  double alpha;
};
struct Sub {
  auto operator()(auto, auto a, auto b) const { return hn::Sub(a, b); }
  template <class T>
  static T plain(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  }
};
struct Mul {
  auto operator()(auto, auto a, auto b) const { return hn::Mul(a, b); }
  template <class T>
  static T plain(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  }
};
struct Div {
  auto operator()(auto, auto a, auto b) const { return hn::Div(a, b); }
};
struct DivTrunc {
  auto operator()(auto, auto a, auto b) const { return hn::Trunc(hn::Div(a, b)); }
  template <class T>
  static T plain(T a, T b) {  // zero divisors have been refused; -1 would overflow on the smallest integer
    if constexpr (std::is_same_v<T, int64_t>)
      if (b == -1) return static_cast<T>(-static_cast<uint64_t>(a));
    return static_cast<T>(a / (b == T(0) ? T(1) : b));
  }
};
// The quotient by way of the remainder, as Python and PyTorch do: a plain floor(a / b) is wrong where a / b rounds up.
struct DivFloor {
  auto operator()(auto d, auto a, auto b) const {
    const auto zero = hn::Zero(d);
    const auto quotient = hn::Div(a, b);
    return hn::IfThenElse(hn::Eq(b, zero), quotient, hn::Floor(quotient));
  }
  template <class T>
  static T plain(T a, T b) {
    T quotient = DivTrunc::plain(a, b);
    if constexpr (std::is_same_v<T, int64_t>)
      if (b != -1 && b != 0 && a % b != 0 && (a < 0) != (b < 0)) --quotient;
    return quotient;
  }
};
struct Neg {
  auto operator()(auto, auto x) const { return hn::Neg(x); }
  template <class T>
  static T plain(T x) {
    return static_cast<T>(-static_cast<Wrapping<T>>(x));
  }
};

void add_rows(const Row& row) { rows::map2<Add>(row); }
void add_scaled_rows(const Row& row) { rows::map2<AddScaled>(row); }
void sub_rows(const Row& row) { rows::map2<Sub>(row); }
void mul_rows(const Row& row) { rows::map2<Mul>(row); }
void div_rows(const Row& row) { rows::map2<Div>(row); }
void div_trunc_rows(const Row& row) { rows::map2<DivTrunc>(row); }
void div_floor_rows(const Row& row) { rows::map2<DivFloor>(row); }
void neg_rows(const Row& row) { rows::map1<Neg>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(add_rows);
HWY_EXPORT(add_scaled_rows);
HWY_EXPORT(sub_rows);
HWY_EXPORT(mul_rows);
HWY_EXPORT(div_rows);
HWY_EXPORT(div_trunc_rows);
HWY_EXPORT(div_floor_rows);
HWY_EXPORT(neg_rows);

bool is_one(const Scalar& alpha) { return alpha.value() == 1; }

// `alpha` fits a result of type `dtype`: an integer result takes no fraction.
void check_alpha(const char* op, const Scalar& alpha, DType dtype) {
  check<DtypeError>(is_floating(dtype) || !is_floating(alpha.dtype()), "{}: alpha {} is floating, the result {}", op,
                    alpha.value(), dtype);
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  Tensor y = map("add", HWY_DISPATCH_TABLE(add_rows), result_type(a, b), {a, b});
  return record("add", std::move(y), {a, b}, [](const Backward& bw) -> Gradients { return {bw.grad, bw.grad}; });
}
Tensor add(const Tensor& a, const Tensor& b, const AddOptions& options) {
  if (is_one(options.alpha)) return add(a, b);
  DType dtype = result_type(a, b);
  check_alpha("add", options.alpha, dtype);
  double alpha = options.alpha.value();
  Tensor y = map("add", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{alpha}});
  return record("add", y, {a, b}, [alpha](const Backward& bw) -> Gradients {
    return {bw.grad, bw.needs(1) ? bw.grad * alpha : Tensor()};
  });
}
Tensor add(const Tensor& a, const Scalar& b, const AddOptions& options) {
  DType dtype = result_type(a, b);
  check_alpha("add", options.alpha, dtype);
  double alpha = options.alpha.value();
  Tensor y = is_one(options.alpha) ? map("add", HWY_DISPATCH_TABLE(add_rows), dtype, {a, b})
                                   : map("add", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{alpha}});
  return record("add", y, {a}, [](const Backward& bw) -> Gradients { return {bw.grad}; });
}

// The engine's: sum += term, in place.
void accumulate(Tensor& sum, const Tensor& term) {
  const Shape& shape = sum.shape();
  kernels::Elementwise job{HWY_DISPATCH_TABLE(add_rows), sum.dtype(), nullptr, &shape, shape.numel(), sum.raw_data(),
                           static_cast<int>(size_of(sum.dtype())), 2, {}};
  job.in[0] = {sum.raw_data(), job.out_size, kernels::Operand::Kind::full, nullptr};
  job.in[1] = {term.raw_data(), job.out_size, kernels::Operand::Kind::strided, &term.strides()};
  if (term.is_contiguous()) job.in[1].kind = kernels::Operand::Kind::full;
  kernels::run(job);
}

Tensor sub(const Tensor& a, const Tensor& b, const AddOptions& options) {
  DType dtype = result_type(a, b);
  check<DtypeError>(dtype != boolean, "sub: bool tensors do not subtract; use logical_xor");
  check_alpha("sub", options.alpha, dtype);
  double alpha = options.alpha.value();
  Tensor y = is_one(options.alpha) ? map("sub", HWY_DISPATCH_TABLE(sub_rows), dtype, {a, b})
                                   : map("sub", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{-alpha}});
  return record("sub", y, {a, b}, [alpha](const Backward& bw) -> Gradients {
    return {bw.grad, bw.needs(1) ? (alpha == 1 ? -bw.grad : bw.grad * -alpha) : Tensor()};
  });
}
Tensor sub(const Tensor& a, const Scalar& b, const AddOptions& options) {
  DType dtype = result_type(a, b);
  check<DtypeError>(dtype != boolean, "sub: bool tensors do not subtract; use logical_xor");
  check_alpha("sub", options.alpha, dtype);
  Tensor y = is_one(options.alpha)
                 ? map("sub", HWY_DISPATCH_TABLE(sub_rows), dtype, {a, b})
                 : map("sub", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{-options.alpha.value()}});
  return record("sub", y, {a}, [](const Backward& bw) -> Gradients { return {bw.grad}; });
}
Tensor sub(const Scalar& a, const Tensor& b, const AddOptions& options) {
  DType dtype = result_type(a, b);
  check<DtypeError>(dtype != boolean, "sub: bool tensors do not subtract; use logical_xor");
  check_alpha("sub", options.alpha, dtype);
  double alpha = options.alpha.value();
  Tensor y = is_one(options.alpha) ? map("sub", HWY_DISPATCH_TABLE(sub_rows), dtype, {a, b})
                                   : map("sub", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{-alpha}});
  return record("sub", y, {b}, [alpha](const Backward& bw) -> Gradients { return {bw.grad * -alpha}; });
}

Tensor mul(const Tensor& a, const Tensor& b) {
  Tensor y = map("mul", HWY_DISPATCH_TABLE(mul_rows), result_type(a, b), {a, b});
  return record("mul", std::move(y), {a, b}, [a, b](const Backward& bw) -> Gradients {
    return {bw.needs(0) ? bw.grad * b : Tensor(), bw.needs(1) ? bw.grad * a : Tensor()};
  });
}
Tensor mul(const Tensor& a, const Scalar& b) {
  Tensor y = map("mul", HWY_DISPATCH_TABLE(mul_rows), result_type(a, b), {a, b});
  return record("mul", y, {a}, [b](const Backward& bw) -> Gradients { return {bw.grad * b}; });
}

namespace {

// a / b with one of them perhaps a number: what the three overloads share.
Tensor quotient(const Operand& a, const Operand& b, DType dtype, const DivOptions& options) {
  if (options.rounding_mode == Rounding::none) return map("div", HWY_DISPATCH_TABLE(div_rows), floating_type(dtype), {a, b});
  check<DtypeError>(dtype != boolean, "div: bool tensors do not divide with rounding");
  if (!is_floating(dtype)) {
    bool zero = b.tensor == nullptr && b.number.value() == 0;
    if (b.tensor)
      for (int64_t value : b.tensor->to_vector<int64_t>()) zero |= value == 0;
    check<ValueError>(!zero, "div: an integer is divided by zero");
  }
  return options.rounding_mode == Rounding::trunc ? map("div", HWY_DISPATCH_TABLE(div_trunc_rows), dtype, {a, b})
                                                  : map("div", HWY_DISPATCH_TABLE(div_floor_rows), dtype, {a, b});
}

}  // namespace

Tensor div(const Tensor& a, const Tensor& b, const DivOptions& options) {
  Tensor y = quotient(a, b, result_type(a, b), options);
  if (options.rounding_mode != Rounding::none)
    return record("div", y, {a, b}, [](const Backward&) -> Gradients { return {Tensor(), Tensor()}; });
  return record("div", y, {a, b}, [a, b](const Backward& bw) -> Gradients {
    return {bw.needs(0) ? bw.grad / b : Tensor(), bw.needs(1) ? -bw.grad * ((a / b) / b) : Tensor()};
  });
}
Tensor div(const Tensor& a, const Scalar& b, const DivOptions& options) {
  Tensor y = quotient(a, b, result_type(a, b), options);
  if (options.rounding_mode != Rounding::none)
    return record("div", y, {a}, [](const Backward&) -> Gradients { return {Tensor()}; });
  return record("div", y, {a}, [b](const Backward& bw) -> Gradients { return {bw.grad / b}; });
}
Tensor div(const Scalar& a, const Tensor& b, const DivOptions& options) {
  Tensor y = quotient(a, b, result_type(a, b), options);
  if (options.rounding_mode != Rounding::none)
    return record("div", y, {b}, [](const Backward&) -> Gradients { return {Tensor()}; });
  return record("div", y, {b}, [a, b](const Backward& bw) -> Gradients { return {-bw.grad * ((a / b) / b)}; });
}

Tensor neg(const Tensor& x) {
  check<DtypeError>(x.dtype() != boolean, "neg: bool tensors have no negative; use logical_not");
  Tensor y = map("neg", HWY_DISPATCH_TABLE(neg_rows), x.dtype(), {x});
  return record("neg", y, {x}, [](const Backward& b) -> Gradients { return {-b.grad}; });
}

}  // namespace korrel
#endif
