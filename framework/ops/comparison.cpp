// Comparisons, logic, maximum and minimum, where and masked_fill.
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>
#include <korrel/framework/ops/promotion.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/comparison.cpp"
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

struct Eq {
  static bool plain(auto a, auto b) { return a == b; }
};
struct Ne {
  static bool plain(auto a, auto b) { return a != b; }
};
struct Lt {
  static bool plain(auto a, auto b) { return a < b; }
};
struct Le {
  static bool plain(auto a, auto b) { return a <= b; }
};
struct Gt {
  static bool plain(auto a, auto b) { return a > b; }
};
struct Ge {
  static bool plain(auto a, auto b) { return a >= b; }
};
struct And {
  static bool plain(auto a, auto b) { return (a != 0) & (b != 0); }
};
struct Or {
  static bool plain(auto a, auto b) { return (a != 0) | (b != 0); }
};
struct Xor {
  static bool plain(auto a, auto b) { return (a != 0) != (b != 0); }
};
struct Not {
  static bool plain(auto x) { return x == 0; }
};

struct Maximum {  // a NaN in either operand is the result
  auto operator()(auto, auto a, auto b) const { return hn::IfThenElse(hn::Or(hn::IsNaN(a), hn::Gt(a, b)), a, b); }
  template <class T>
  static T plain(T a, T b) {
    return a > b ? a : b;
  }
};
struct Minimum {
  auto operator()(auto, auto a, auto b) const { return hn::IfThenElse(hn::Or(hn::IsNaN(a), hn::Lt(a, b)), a, b); }
  template <class T>
  static T plain(T a, T b) {
    return a < b ? a : b;
  }
};
// The gradient of the greater operand a over b: all of it, half on a tie, none below.
struct ShareGradient {
  auto operator()(auto d, auto grad, auto a, auto b) const {
    const auto half = hn::Mul(grad, hn::Set(d, hn::TFromD<decltype(d)>(0.5)));
    return hn::IfThenZeroElse(hn::Lt(a, b), hn::IfThenElse(hn::Eq(a, b), half, grad));
  }
};

// Only the width of the elements matters. By masks, not branches: a random condition would miss half of its branches (6
// ns an element).
template <class T>
HWY_INLINE void choose(const Row& row) {
  const uint8_t* condition = static_cast<const uint8_t*>(row.in[0]);  // 0 or 1
  const T* a = static_cast<const T*>(row.in[1]);
  const T* b = static_cast<const T*>(row.in[2]);
  T* y = static_cast<T*>(row.out);
  for (int64_t i = 0; i < row.n; ++i) {
    const T mask = static_cast<T>(-static_cast<T>(condition[i]));
    y[i] = static_cast<T>((a[i] & mask) | (b[i] & static_cast<T>(~mask)));
  }
}

void eq_rows(const Row& row) { rows::predicate2<Eq>(row); }
void ne_rows(const Row& row) { rows::predicate2<Ne>(row); }
void lt_rows(const Row& row) { rows::predicate2<Lt>(row); }
void le_rows(const Row& row) { rows::predicate2<Le>(row); }
void gt_rows(const Row& row) { rows::predicate2<Gt>(row); }
void ge_rows(const Row& row) { rows::predicate2<Ge>(row); }
void and_rows(const Row& row) { rows::predicate2<And>(row); }
void or_rows(const Row& row) { rows::predicate2<Or>(row); }
void xor_rows(const Row& row) { rows::predicate2<Xor>(row); }
void not_rows(const Row& row) { rows::predicate1<Not>(row); }
void maximum_rows(const Row& row) { rows::map2<Maximum>(row); }
void minimum_rows(const Row& row) { rows::map2<Minimum>(row); }
void share_gradient_rows(const Row& row) { rows::map3<ShareGradient>(row); }
void where_rows(const Row& row) {
  if (size_of(row.dtype) == 4) return choose<uint32_t>(row);
  if (size_of(row.dtype) == 8) return choose<uint64_t>(row);
  choose<uint8_t>(row);
}

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(eq_rows);
HWY_EXPORT(ne_rows);
HWY_EXPORT(lt_rows);
HWY_EXPORT(le_rows);
HWY_EXPORT(gt_rows);
HWY_EXPORT(ge_rows);
HWY_EXPORT(and_rows);
HWY_EXPORT(or_rows);
HWY_EXPORT(xor_rows);
HWY_EXPORT(not_rows);
HWY_EXPORT(maximum_rows);
HWY_EXPORT(minimum_rows);
HWY_EXPORT(share_gradient_rows);
HWY_EXPORT(where_rows);

template <class A, class B>
Tensor compare(const char* op, kernels::Kernel kernel, const A& a, const B& b) {
  return map_predicate(op, kernel, result_type(op, a, b), {a, b});
}
Tensor logic(const char* op, kernels::Kernel kernel, const Tensor& a, const Tensor& b) {
  check_defined(op, {{a, "a"}, {b, "b"}});
  return map_predicate(op, kernel, promote_types(a.dtype(), b.dtype()), {a, b});
}

// What of `grad` belongs to `a` where max(a, b) was taken.
Tensor share_gradient(const Tensor& grad, const Tensor& a, const Tensor& b) {
  Tensor share = map("share_gradient", HWY_DISPATCH_TABLE(share_gradient_rows), grad.dtype(), {grad, a, b});
  return record("share_gradient", share, {grad},
                [a, b](const Backward& bw) -> Gradients { return {share_gradient(bw.grad, a, b)}; });
}

// `name`: what the op calls its condition.
Tensor chosen(const char* op, const Tensor& condition, const char* name, const Operand& a, const Operand& b,
              DType dtype) {
  check_defined(op, condition, name);
  check<DtypeError>(condition.dtype() == boolean || condition.dtype() == u8, "{}: the {} is {}, not bool", op, name,
                    condition.dtype());
  NoGradGuard guard;
  return map(op, HWY_DISPATCH_TABLE(where_rows), dtype, {Operand::as_is(condition.to(boolean)), a, b});
}

}  // namespace

Tensor eq(const Tensor& a, const Tensor& b) { return compare("eq", HWY_DISPATCH_TABLE(eq_rows), a, b); }
Tensor eq(const Tensor& a, const Scalar& b) { return compare("eq", HWY_DISPATCH_TABLE(eq_rows), a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return compare("ne", HWY_DISPATCH_TABLE(ne_rows), a, b); }
Tensor ne(const Tensor& a, const Scalar& b) { return compare("ne", HWY_DISPATCH_TABLE(ne_rows), a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return compare("lt", HWY_DISPATCH_TABLE(lt_rows), a, b); }
Tensor lt(const Tensor& a, const Scalar& b) { return compare("lt", HWY_DISPATCH_TABLE(lt_rows), a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return compare("le", HWY_DISPATCH_TABLE(le_rows), a, b); }
Tensor le(const Tensor& a, const Scalar& b) { return compare("le", HWY_DISPATCH_TABLE(le_rows), a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return compare("gt", HWY_DISPATCH_TABLE(gt_rows), a, b); }
Tensor gt(const Tensor& a, const Scalar& b) { return compare("gt", HWY_DISPATCH_TABLE(gt_rows), a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return compare("ge", HWY_DISPATCH_TABLE(ge_rows), a, b); }
Tensor ge(const Tensor& a, const Scalar& b) { return compare("ge", HWY_DISPATCH_TABLE(ge_rows), a, b); }

Tensor logical_and(const Tensor& a, const Tensor& b) {
  return logic("logical_and", HWY_DISPATCH_TABLE(and_rows), a, b);
}
Tensor logical_or(const Tensor& a, const Tensor& b) { return logic("logical_or", HWY_DISPATCH_TABLE(or_rows), a, b); }
Tensor logical_xor(const Tensor& a, const Tensor& b) {
  return logic("logical_xor", HWY_DISPATCH_TABLE(xor_rows), a, b);
}
Tensor logical_not(const Tensor& x) {
  check_defined("logical_not", x);
  return map_predicate("logical_not", HWY_DISPATCH_TABLE(not_rows), x.dtype(), {x});
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  Tensor y = map("maximum", HWY_DISPATCH_TABLE(maximum_rows), result_type("maximum", a, b), {a, b});
  return record("maximum", y, {a, b}, [a, b](const Backward& bw) -> Gradients {
    return {bw.needs(0) ? share_gradient(bw.grad, a, b) : Tensor(),
            bw.needs(1) ? share_gradient(bw.grad, b, a) : Tensor()};
  });
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  Tensor y = map("minimum", HWY_DISPATCH_TABLE(minimum_rows), result_type("minimum", a, b), {a, b});
  return record("minimum", y, {a, b}, [a, b](const Backward& bw) -> Gradients {
    return {bw.needs(0) ? share_gradient(bw.grad, b, a) : Tensor(),
            bw.needs(1) ? share_gradient(bw.grad, a, b) : Tensor()};
  });
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  Tensor y = chosen("where", condition, "condition", a, b, result_type("where", a, b));
  return record("where", y, {a, b}, [condition](const Backward& bw) -> Gradients {
    return {bw.needs(0) ? where(condition, bw.grad, 0) : Tensor(),
            bw.needs(1) ? where(condition, 0, bw.grad) : Tensor()};
  });
}
Tensor where(const Tensor& condition, const Tensor& a, const Scalar& b) {
  Tensor y = chosen("where", condition, "condition", a, b, result_type("where", a, b));
  return record("where", y, {a},
                [condition](const Backward& bw) -> Gradients { return {where(condition, bw.grad, 0)}; });
}
Tensor where(const Tensor& condition, const Scalar& a, const Tensor& b) {
  Tensor y = chosen("where", condition, "condition", a, b, result_type("where", a, b));
  return record("where", y, {b},
                [condition](const Backward& bw) -> Gradients { return {where(condition, 0, bw.grad)}; });
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Scalar& value) {
  check_defined("masked_fill", x);
  check<DtypeError>(is_floating(x.dtype()) || !is_floating(value.dtype()),
                    "masked_fill: the value {} is floating, x is {}", value.value(), x.dtype());
  Tensor y = chosen("masked_fill", mask, "mask", value, x, x.dtype());
  return record("masked_fill", y, {x}, [mask](const Backward& bw) -> Gradients { return {where(mask, 0, bw.grad)}; });
}

}  // namespace korrel
#endif
