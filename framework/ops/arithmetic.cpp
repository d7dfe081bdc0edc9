// add, sub, mul, neg, lerp, addcmul, addcdiv, and the engine's accumulate.
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
  auto operator()(auto d, auto a, auto b) const {
    return hn::MulAdd(b, hn::Set(d, static_cast<hn::TFromD<decltype(d)>>(alpha)), a);
  }
  template <class T>
  T plain(T a, T b) const {
    return static_cast<T>(static_cast<Wrapping<T>>(a) +
                          static_cast<Wrapping<T>>(static_cast<int64_t>(alpha)) * static_cast<Wrapping<T>>(b));
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
struct Neg {
  auto operator()(auto, auto x) const { return hn::Neg(x); }
  template <class T>
  static T plain(T x) {
    return static_cast<T>(-static_cast<Wrapping<T>>(x));
  }
};

struct Lerp {  // from the nearer end, so that weight 1 gives exactly `end`
  auto operator()(auto d, auto start, auto end, auto weight) const {
    const auto one = hn::Set(d, hn::TFromD<decltype(d)>(1)), half = hn::Set(d, hn::TFromD<decltype(d)>(0.5));
    const auto way = hn::Sub(end, start);
    return hn::IfThenElse(hn::Lt(hn::Abs(weight), half), hn::MulAdd(weight, way, start),
                          hn::NegMulAdd(way, hn::Sub(one, weight), end));
  }
};
struct AddProduct {
  explicit AddProduct(const double* params) : value(params[0]) {}
  auto operator()(auto d, auto x, auto a, auto b) const {
    return hn::MulAdd(hn::Mul(a, b), hn::Set(d, static_cast<hn::TFromD<decltype(d)>>(value)), x);
  }
  template <class T>
  T plain(T x, T a, T b) const {
    return Add::plain(x, Mul::plain(static_cast<T>(static_cast<int64_t>(value)), Mul::plain(a, b)));
  }
  double value;
};
struct AddQuotient {
  explicit AddQuotient(const double* params) : value(params[0]) {}
  auto operator()(auto d, auto x, auto a, auto b) const {
    return hn::MulAdd(hn::Div(a, b), hn::Set(d, static_cast<hn::TFromD<decltype(d)>>(value)), x);
  }
  double value;
};

void add_rows(const Row& row) { rows::map2<Add>(row); }
void add_scaled_rows(const Row& row) { rows::map2<AddScaled>(row); }
void sub_rows(const Row& row) { rows::map2<Sub>(row); }
void mul_rows(const Row& row) { rows::map2<Mul>(row); }
void neg_rows(const Row& row) { rows::map1<Neg>(row); }
void lerp_rows(const Row& row) { rows::map3<Lerp>(row); }
void addcmul_rows(const Row& row) { rows::map3<AddProduct>(row); }
void addcdiv_rows(const Row& row) { rows::map3<AddQuotient>(row); }

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
HWY_EXPORT(neg_rows);
HWY_EXPORT(lerp_rows);
HWY_EXPORT(addcmul_rows);
HWY_EXPORT(addcdiv_rows);

bool is_one(const Scalar& alpha) { return alpha.value() == 1; }

// `alpha` fits a result of type `dtype`: an integer result takes no fraction.
void check_alpha(const char* op, const Scalar& alpha, DType dtype) {
  check<DtypeError>(is_floating(dtype) || !is_floating(alpha.dtype()), "{}: alpha {} is floating, the result {}", op,
                    alpha.value(), dtype);
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  Tensor y = map("add", HWY_DISPATCH_TABLE(add_rows), result_type("add", a, b), {a, b});
  return record("add", std::move(y), {a, b}, [](const Backward& bw) -> Gradients { return {bw.grad, bw.grad}; });
}
Tensor add(const Tensor& a, const Tensor& b, const AddOptions& options) {
  if (is_one(options.alpha)) return add(a, b);
  DType dtype = result_type("add", a, b);
  check_alpha("add", options.alpha, dtype);
  double alpha = options.alpha.value();
  Tensor y = map("add", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{alpha}});
  return record("add", y, {a, b}, [alpha](const Backward& bw) -> Gradients {
    return {bw.grad, bw.needs(1) ? bw.grad * alpha : Tensor()};
  });
}
Tensor add(const Tensor& a, const Scalar& b, const AddOptions& options) {
  DType dtype = result_type("add", a, b);
  check_alpha("add", options.alpha, dtype);
  double alpha = options.alpha.value();
  Tensor y = is_one(options.alpha) ? map("add", HWY_DISPATCH_TABLE(add_rows), dtype, {a, b})
                                   : map("add", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{alpha}});
  return record("add", y, {a}, [](const Backward& bw) -> Gradients { return {bw.grad}; });
}

// The engine's: sum += term, in place.
void accumulate(Tensor& sum, const Tensor& term) {
  const Shape& shape = sum.shape();
  kernels::Elementwise job{
      HWY_DISPATCH_TABLE(add_rows),           sum.dtype(), nullptr, &shape, shape.numel(), sum.raw_data(),
      static_cast<int>(size_of(sum.dtype())), 2,           {}};
  job.in[0] = {sum.raw_data(), job.out_size, kernels::Operand::Kind::full, nullptr};
  job.in[1] = {term.raw_data(), job.out_size, kernels::Operand::Kind::strided, &term.strides()};
  if (term.is_contiguous()) job.in[1].kind = kernels::Operand::Kind::full;
  kernels::run(job);
}

Tensor sub(const Tensor& a, const Tensor& b, const AddOptions& options) {
  DType dtype = result_type("sub", a, b);
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
  DType dtype = result_type("sub", a, b);
  check<DtypeError>(dtype != boolean, "sub: bool tensors do not subtract; use logical_xor");
  check_alpha("sub", options.alpha, dtype);
  Tensor y = is_one(options.alpha)
                 ? map("sub", HWY_DISPATCH_TABLE(sub_rows), dtype, {a, b})
                 : map("sub", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{-options.alpha.value()}});
  return record("sub", y, {a}, [](const Backward& bw) -> Gradients { return {bw.grad}; });
}
Tensor sub(const Scalar& a, const Tensor& b, const AddOptions& options) {
  DType dtype = result_type("sub", a, b);
  check<DtypeError>(dtype != boolean, "sub: bool tensors do not subtract; use logical_xor");
  check_alpha("sub", options.alpha, dtype);
  double alpha = options.alpha.value();
  Tensor y = is_one(options.alpha) ? map("sub", HWY_DISPATCH_TABLE(sub_rows), dtype, {a, b})
                                   : map("sub", HWY_DISPATCH_TABLE(add_scaled_rows), dtype, {a, b}, {{-alpha}});
  return record("sub", y, {b}, [alpha](const Backward& bw) -> Gradients { return {bw.grad * -alpha}; });
}

Tensor mul(const Tensor& a, const Tensor& b) {
  Tensor y = map("mul", HWY_DISPATCH_TABLE(mul_rows), result_type("mul", a, b), {a, b});
  return record("mul", std::move(y), {a, b}, [a, b](const Backward& bw) -> Gradients {
    return {bw.needs(0) ? bw.grad * b : Tensor(), bw.needs(1) ? bw.grad * a : Tensor()};
  });
}
Tensor mul(const Tensor& a, const Scalar& b) {
  Tensor y = map("mul", HWY_DISPATCH_TABLE(mul_rows), result_type("mul", a, b), {a, b});
  return record("mul", y, {a}, [b](const Backward& bw) -> Gradients { return {bw.grad * b}; });
}

Tensor neg(const Tensor& x) {
  check_defined("neg", x);
  check<DtypeError>(x.dtype() != boolean, "neg: bool tensors have no negative; use logical_not");
  Tensor y = map("neg", HWY_DISPATCH_TABLE(neg_rows), x.dtype(), {x});
  return record("neg", y, {x}, [](const Backward& b) -> Gradients { return {-b.grad}; });
}

Tensor lerp(const Tensor& start, const Tensor& end, const Tensor& weight) {
  check_defined("lerp", {{start, "start"}, {end, "end"}, {weight, "weight"}});
  DType dtype =
      floating_type(promote_types(result_type("lerp", start, end), weight.dim() > 0 ? weight.dtype() : boolean));
  Tensor y = map("lerp", HWY_DISPATCH_TABLE(lerp_rows), dtype, {start, end, weight});
  return record("lerp", y, {start, end, weight}, [start, end, weight](const Backward& b) -> Gradients {
    return {b.needs(0) ? b.grad * (1 - weight) : Tensor(), b.needs(1) ? b.grad * weight : Tensor(),
            b.needs(2) ? b.grad * (end - start) : Tensor()};
  });
}
Tensor lerp(const Tensor& start, const Tensor& end, const Scalar& weight) {
  check_defined("lerp", {{start, "start"}, {end, "end"}});
  Tensor y =
      map("lerp", HWY_DISPATCH_TABLE(lerp_rows), floating_type(result_type("lerp", start, end)), {start, end, weight});
  return record("lerp", y, {start, end}, [weight = weight.value()](const Backward& b) -> Gradients {
    return {b.needs(0) ? b.grad * (1 - weight) : Tensor(), b.needs(1) ? b.grad * weight : Tensor()};
  });
}

Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, const AddcOptions& options) {
  check_defined("addcmul", x);
  DType dtype = promote_types(x.dtype(), result_type("addcmul", a, b));
  double value = options.value.value();
  check<DtypeError>(is_floating(dtype) || !is_floating(options.value.dtype()),
                    "addcmul: value {} is floating, the result {}", value, dtype);
  Tensor y = map("addcmul", HWY_DISPATCH_TABLE(addcmul_rows), dtype, {x, a, b}, {.params = {value}});
  return record("addcmul", y, {x, a, b}, [a, b, value](const Backward& bw) -> Gradients {
    return {bw.grad, bw.needs(1) ? bw.grad * (b * value) : Tensor(), bw.needs(2) ? bw.grad * (a * value) : Tensor()};
  });
}

Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, const AddcOptions& options) {
  check_defined("addcdiv", x);
  DType dtype = promote_types(x.dtype(), result_type("addcdiv", a, b));
  check<DtypeError>(is_floating(dtype), "addcdiv: expects a floating tensor among its operands, all are {}", dtype);
  double value = options.value.value();
  Tensor y = map("addcdiv", HWY_DISPATCH_TABLE(addcdiv_rows), dtype, {x, a, b}, {.params = {value}});
  return record("addcdiv", y, {x, a, b}, [a, b, value](const Backward& bw) -> Gradients {
    return {bw.grad, bw.needs(1) ? bw.grad * (value / b) : Tensor(),
            bw.needs(2) ? bw.grad * (a * -value / square(b)) : Tensor()};
  });
}

}  // namespace korrel
#endif
