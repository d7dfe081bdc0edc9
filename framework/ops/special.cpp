// Error functions, the logistic function, the logarithm of the gamma function and its derivatives.
#include <math.h>
#include <numbers>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/polygamma.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/map.h>
#include <korrel/framework/ops/promotion.h>
#include <korrel/framework/tensor/create.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/special.cpp"
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

struct Erf {
  auto operator()(auto d, auto x) const { return math::erf(d, x); }
};
struct Erfc {
  static constexpr bool through_f64 = true;
  auto operator()(auto d, auto x) const { return math::erfc(d, x); }
};
struct Sigmoid {
  auto operator()(auto d, auto x) const { return math::sigmoid(d, x); }
};
struct SigmoidBackward {  // grad y (1 - y)
  auto operator()(auto, auto grad, auto y) const { return hn::Mul(grad, hn::NegMulAdd(y, y, y)); }
};
struct Lgamma {
  template <class T>
  static T plain(T x) {
    int sign;  // std::lgamma writes a global one
    return static_cast<T>(::lgamma_r(static_cast<double>(x), &sign));
  }
};
struct Polygamma {
  explicit Polygamma(const double* params) : order(static_cast<int>(params[0])) {}
  template <class T>
  T plain(T x) const {
    return static_cast<T>(kernels::polygamma(order, static_cast<double>(x)));
  }
  int order;
};

void erf_rows(const Row& row) { rows::map1<Erf>(row); }
void erfc_rows(const Row& row) { rows::map1<Erfc>(row); }
void sigmoid_rows(const Row& row) { rows::map1<Sigmoid>(row); }
void sigmoid_backward_rows(const Row& row) { rows::map2<SigmoidBackward>(row); }
void lgamma_rows(const Row& row) { rows::scalar1<Lgamma>(row); }
void polygamma_rows(const Row& row) { rows::scalar1<Polygamma>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(erf_rows);
HWY_EXPORT(erfc_rows);
HWY_EXPORT(sigmoid_rows);
HWY_EXPORT(sigmoid_backward_rows);
HWY_EXPORT(lgamma_rows);
HWY_EXPORT(polygamma_rows);

constexpr double two_over_sqrt_pi = 2 * std::numbers::inv_sqrtpi;
const MapOptions transcendental{.cost = 8};

Tensor sigmoid_backward(const Tensor& grad, const Tensor& y) {
  Tensor gx = map("sigmoid_backward", HWY_DISPATCH_TABLE(sigmoid_backward_rows),
                  result_type("sigmoid_backward", grad, y), {grad, y});
  return record("sigmoid_backward", gx, {grad, y}, [grad, y](const Backward& b) -> Gradients {
    return {b.needs(0) ? sigmoid_backward(b.grad, y) : Tensor(), b.needs(1) ? b.grad * grad * (1 - y * 2) : Tensor()};
  });
}

}  // namespace

Tensor erf(const Tensor& x) {
  Tensor y = map_floating("erf", HWY_DISPATCH_TABLE(erf_rows), x, transcendental);
  return record("erf", y, {x},
                [x](const Backward& b) -> Gradients { return {b.grad * (exp(-square(x)) * two_over_sqrt_pi)}; });
}

Tensor erfc(const Tensor& x) {
  Tensor y = map_floating("erfc", HWY_DISPATCH_TABLE(erfc_rows), x, transcendental);
  return record("erfc", y, {x},
                [x](const Backward& b) -> Gradients { return {b.grad * (exp(-square(x)) * -two_over_sqrt_pi)}; });
}

Tensor sigmoid(Tensor x) {
  Tensor y = map_in_place("sigmoid", HWY_DISPATCH_TABLE(sigmoid_rows), x, transcendental);
  return record("sigmoid", y, {x},
                [y = y.detach()](const Backward& b) -> Gradients { return {sigmoid_backward(b.grad, b.output(y))}; });
}

Tensor lgamma(const Tensor& x) {
  Tensor y = map_floating("lgamma", HWY_DISPATCH_TABLE(lgamma_rows), x, transcendental);
  return record("lgamma", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * polygamma(0, x)}; });
}

Tensor polygamma(int64_t n, const Tensor& x) {
  check<ValueError>(n >= 0, "polygamma: the order is {}, must not be negative", n);
  double order = static_cast<double>(n);
  Tensor y = map_floating("polygamma", HWY_DISPATCH_TABLE(polygamma_rows), x, {.params = {order}, .cost = 64});
  return record("polygamma", y, {x}, [n, x](const Backward& b) -> Gradients { return {b.grad * polygamma(n + 1, x)}; });
}
Tensor digamma(const Tensor& x) {
  check_defined("digamma", x);
  return polygamma(0, x);
}

}  // namespace korrel
#endif
