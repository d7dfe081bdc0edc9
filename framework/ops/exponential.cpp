// Exponentials and logarithms.
#include <numbers>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>
#include <korrel/framework/ops/promotion.h>
#include <korrel/framework/tensor/create.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/exponential.cpp"
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

struct Exp {
  auto operator()(auto d, auto x) const { return math::exp(d, x); }
};
struct Exp2 {
  auto operator()(auto d, auto x) const { return math::exp2(d, x); }
};
struct Expm1 {
  auto operator()(auto d, auto x) const { return math::expm1(d, x); }
};
struct Log {
  auto operator()(auto d, auto x) const { return math::log(d, x); }
};
struct Log2 {
  auto operator()(auto d, auto x) const { return math::log2(d, x); }
};
struct Log10 {
  auto operator()(auto d, auto x) const { return math::log10(d, x); }
};
struct Log1p {
  auto operator()(auto d, auto x) const { return math::log1p(d, x); }
};
struct LogAddExp {  // log(e^a + e^b); a itself where both are the same infinity
  auto operator()(auto d, auto a, auto b) const {
    const auto top = hn::IfThenElse(hn::Or(hn::IsNaN(a), hn::Gt(a, b)), a, b);
    const auto gap = hn::Neg(hn::Abs(hn::Sub(a, b)));
    return hn::IfThenElse(hn::Eq(a, b), hn::Add(a, math::constant(d, 0.693147180559945309)),
                          hn::Add(top, math::log1p(d, math::exp(d, gap))));
  }
};
struct XLogY {  // 0 where x is 0, unless y is NaN
  auto operator()(auto d, auto x, auto y) const {
    const auto none = hn::AndNot(hn::IsNaN(y), hn::Eq(x, hn::Zero(d)));
    return hn::IfThenZeroElse(none, hn::Mul(x, math::log(d, y)));
  }
};

void exp_rows(const Row& row) { rows::map1<Exp>(row); }
void exp2_rows(const Row& row) { rows::map1<Exp2>(row); }
void expm1_rows(const Row& row) { rows::map1<Expm1>(row); }
void log_rows(const Row& row) { rows::map1<Log>(row); }
void log2_rows(const Row& row) { rows::map1<Log2>(row); }
void log10_rows(const Row& row) { rows::map1<Log10>(row); }
void log1p_rows(const Row& row) { rows::map1<Log1p>(row); }
void logaddexp_rows(const Row& row) { rows::map2<LogAddExp>(row); }
void xlogy_rows(const Row& row) { rows::map2<XLogY>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(exp_rows);
HWY_EXPORT(exp2_rows);
HWY_EXPORT(expm1_rows);
HWY_EXPORT(log_rows);
HWY_EXPORT(log2_rows);
HWY_EXPORT(log10_rows);
HWY_EXPORT(log1p_rows);
HWY_EXPORT(logaddexp_rows);
HWY_EXPORT(xlogy_rows);

constexpr double ln2 = std::numbers::ln2, ln10 = std::numbers::ln10;
const MapOptions transcendental{.cost = 8};

}  // namespace

Tensor exp(const Tensor& x) {
  Tensor y = map_floating("exp", HWY_DISPATCH_TABLE(exp_rows), x, transcendental);
  return record("exp", y, {x}, [y = y.detach()](const Backward& b) -> Gradients { return {b.grad * b.output(y)}; });
}

Tensor exp2(const Tensor& x) {
  Tensor y = map_floating("exp2", HWY_DISPATCH_TABLE(exp2_rows), x, transcendental);
  return record("exp2", y, {x},
                [y = y.detach()](const Backward& b) -> Gradients { return {b.grad * b.output(y) * ln2}; });
}

Tensor expm1(const Tensor& x) {
  Tensor y = map_floating("expm1", HWY_DISPATCH_TABLE(expm1_rows), x, transcendental);
  return record("expm1", y, {x},
                [y = y.detach()](const Backward& b) -> Gradients { return {b.grad * (b.output(y) + 1)}; });
}

Tensor log(const Tensor& x) {
  Tensor y = map_floating("log", HWY_DISPATCH_TABLE(log_rows), x, transcendental);
  return record("log", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad / x}; });
}

Tensor log2(const Tensor& x) {
  Tensor y = map_floating("log2", HWY_DISPATCH_TABLE(log2_rows), x, transcendental);
  return record("log2", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad / (x * ln2)}; });
}

Tensor log10(const Tensor& x) {
  Tensor y = map_floating("log10", HWY_DISPATCH_TABLE(log10_rows), x, transcendental);
  return record("log10", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad / (x * ln10)}; });
}

Tensor log1p(const Tensor& x) {
  Tensor y = map_floating("log1p", HWY_DISPATCH_TABLE(log1p_rows), x, transcendental);
  return record("log1p", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad / (x + 1)}; });
}

Tensor logaddexp(const Tensor& a, const Tensor& b) {
  Tensor y = map("logaddexp", HWY_DISPATCH_TABLE(logaddexp_rows), floating_type(result_type("logaddexp", a, b)), {a, b},
                 transcendental);
  return record("logaddexp", y, {a, b}, [a, b](const Backward& bw) -> Gradients {
    return {bw.needs(0) ? bw.grad * sigmoid(a - b) : Tensor(), bw.needs(1) ? bw.grad * sigmoid(b - a) : Tensor()};
  });
}

Tensor xlogy(const Tensor& a, const Tensor& b) {
  Tensor y =
      map("xlogy", HWY_DISPATCH_TABLE(xlogy_rows), floating_type(result_type("xlogy", a, b)), {a, b}, transcendental);
  return record("xlogy", y, {a, b}, [a, b](const Backward& bw) -> Gradients {
    // The logarithm, but 0 where the product is 0 by definition only.
    auto to_a = [&] { return masked_fill(xlogy(bw.grad, b), logical_and(a.detach() == 0, b.detach() <= 0), 0); };
    return {bw.needs(0) ? to_a() : Tensor(), bw.needs(1) ? bw.grad * (a / b) : Tensor()};
  });
}

}  // namespace korrel
#endif
