// Smooth activations: elu and its kin, gelu, silu, mish, softplus, logsigmoid, softsign, tanhshrink, glu.
#include <korrel/framework/ops/activation.h>

#include <cmath>
#include <limits>
#include <numbers>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/ops/slope.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/ops/activation.cpp"
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

// scale x above 0, scale alpha (e^(steepness x) - 1) from there down: elu, selu and celu.
struct Elu {
  explicit Elu(const double* params) : alpha(params[0]), scale(params[1]), steepness(params[2]) {}
  auto operator()(auto d, auto x) const {
    const auto curve =
        hn::Mul(math::expm1(d, hn::Mul(x, math::constant(d, steepness))), math::constant(d, alpha * scale));
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Mul(x, math::constant(d, scale)), curve);
  }
  double alpha, scale, steepness;
};
struct EluSlope {
  explicit EluSlope(const double* params) : alpha(params[0]), scale(params[1]), steepness(params[2]) {}
  auto operator()(auto d, auto grad, auto x) const {
    const auto curve =
        hn::Mul(math::exp(d, hn::Mul(x, math::constant(d, steepness))), math::constant(d, alpha * scale * steepness));
    return hn::Mul(grad, hn::IfThenElse(hn::Gt(x, hn::Zero(d)), math::constant(d, scale), curve));
  }
  double alpha, scale, steepness;
};

struct Gelu {
  auto operator()(auto d, auto x) const {
    const auto half = hn::Mul(x, math::constant(d, 0.5));
    return hn::MulAdd(half, math::erf(d, hn::Mul(x, math::constant(d, 0.707106781186547524))), half);
  }
};
struct GeluSlope {  // P(x) + x p(x), the normal distribution and its density
  auto operator()(auto d, auto grad, auto x) const {
    const auto half = math::constant(d, 0.5);
    const auto distribution = hn::MulAdd(math::erf(d, hn::Mul(x, math::constant(d, 0.707106781186547524))), half, half);
    const auto bell = math::exp(d, hn::Mul(hn::Mul(x, x), math::constant(d, -0.5)));
    // Far out x^2 overflows and the bell is 0: x times 0 stays 0, and only x = inf itself would make a NaN.
    const auto density = hn::Mul(hn::Mul(math::at_most(d, x, 1e30), math::constant(d, 0.398942280401432678)), bell);
    return hn::Mul(grad, hn::Add(distribution, density));
  }
};
struct GeluTanh {
  auto operator()(auto d, auto x) const {
    const auto half = hn::Mul(x, math::constant(d, 0.5));
    const auto cube = hn::Mul(hn::Mul(x, x), x);
    const auto inner =
        hn::Mul(hn::MulAdd(cube, math::constant(d, 0.044715), x), math::constant(d, 0.797884560802865356));
    return hn::MulAdd(half, math::tanh(d, inner), half);
  }
};
struct GeluTanhSlope {
  auto operator()(auto d, auto grad, auto x) const {
    const auto one = math::constant(d, 1), half = math::constant(d, 0.5);
    const auto square = hn::Mul(x, x);
    const auto factor = hn::MulAdd(square, math::constant(d, 0.044715), one);
    const auto t = math::tanh(d, hn::Mul(hn::Mul(x, factor), math::constant(d, 0.797884560802865356)));
    const auto rise =
        hn::Mul(hn::MulAdd(square, math::constant(d, 3 * 0.044715), one), math::constant(d, 0.797884560802865356));
    const auto curve = hn::Mul(hn::Mul(hn::Mul(x, half), hn::NegMulAdd(t, t, one)), rise);
    return hn::Mul(grad, hn::Add(hn::MulAdd(t, half, half), curve));
  }
};

struct Silu {
  auto operator()(auto d, auto x) const { return hn::Div(x, hn::Add(math::constant(d, 1), math::exp(d, hn::Neg(x)))); }
};
struct SiluSlope {  // s (1 + x (1 - s))
  auto operator()(auto d, auto grad, auto x) const {
    const auto one = math::constant(d, 1);
    const auto s = math::sigmoid(d, x);
    return hn::Mul(grad, hn::Mul(s, hn::MulAdd(x, hn::Sub(one, s), one)));
  }
};

// tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2) with e = e^x; beyond 20 it is 1 and e^2 would overflow.
struct Mish {
  auto operator()(auto d, auto x) const {
    const auto e = math::exp(d, math::at_most(d, x, 20));
    const auto n = hn::Mul(e, hn::Add(e, math::constant(d, 2)));
    return hn::Mul(x, hn::Div(n, hn::Add(n, math::constant(d, 2))));
  }
};
struct MishSlope {  // t + x s (1 - t^2)
  auto operator()(auto d, auto grad, auto x) const {
    const auto one = math::constant(d, 1), two = math::constant(d, 2);
    const auto e = math::exp(d, math::at_most(d, x, 20));
    const auto n = hn::Mul(e, hn::Add(e, two));
    const auto t = hn::Div(n, hn::Add(n, two));
    const auto s = hn::Div(e, hn::Add(e, one));
    return hn::Mul(grad, hn::MulAdd(hn::Mul(x, s), hn::NegMulAdd(t, t, one), t));
  }
};

struct Softplus {
  explicit Softplus(const double* params) : beta(params[0]), threshold(params[1]) {}
  auto operator()(auto d, auto x) const {
    const auto z = hn::Mul(x, math::constant(d, beta));
    const auto y = hn::Mul(math::log1p(d, math::exp(d, z)), math::constant(d, 1 / beta));
    return hn::IfThenElse(hn::Gt(z, math::constant(d, threshold)), x, y);
  }
  double beta, threshold;
};
struct SoftplusSlope {
  explicit SoftplusSlope(const double* params) : beta(params[0]), threshold(params[1]) {}
  auto operator()(auto d, auto grad, auto x) const {
    const auto z = hn::Mul(x, math::constant(d, beta));
    return hn::IfThenElse(hn::Gt(z, math::constant(d, threshold)), grad, hn::Mul(grad, math::sigmoid(d, z)));
  }
  double beta, threshold;
};

struct LogSigmoid {
  auto operator()(auto d, auto x) const {
    const auto low = hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Zero(d), x);
    return hn::Sub(low, math::log1p(d, math::exp(d, hn::Neg(hn::Abs(x)))));
  }
};
struct LogSigmoidSlope {
  auto operator()(auto d, auto grad, auto x) const { return hn::Mul(grad, math::sigmoid(d, hn::Neg(x))); }
};

void elu_rows(const Row& row) { rows::map1<Elu>(row); }
void elu_slope_rows(const Row& row) { rows::map2<EluSlope>(row); }
void gelu_rows(const Row& row) { rows::map1<Gelu>(row); }
void gelu_slope_rows(const Row& row) { rows::map2<GeluSlope>(row); }
void gelu_tanh_rows(const Row& row) { rows::map1<GeluTanh>(row); }
void gelu_tanh_slope_rows(const Row& row) { rows::map2<GeluTanhSlope>(row); }
void silu_rows(const Row& row) { rows::map1<Silu>(row); }
void silu_slope_rows(const Row& row) { rows::map2<SiluSlope>(row); }
void mish_rows(const Row& row) { rows::map1<Mish>(row); }
void mish_slope_rows(const Row& row) { rows::map2<MishSlope>(row); }
void softplus_rows(const Row& row) { rows::map1<Softplus>(row); }
void softplus_slope_rows(const Row& row) { rows::map2<SoftplusSlope>(row); }
void logsigmoid_rows(const Row& row) { rows::map1<LogSigmoid>(row); }
void logsigmoid_slope_rows(const Row& row) { rows::map2<LogSigmoidSlope>(row); }

}  // namespace
}  // namespace korrel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel {
namespace {

HWY_EXPORT(elu_rows);
HWY_EXPORT(elu_slope_rows);
HWY_EXPORT(gelu_rows);
HWY_EXPORT(gelu_slope_rows);
HWY_EXPORT(gelu_tanh_rows);
HWY_EXPORT(gelu_tanh_slope_rows);
HWY_EXPORT(silu_rows);
HWY_EXPORT(silu_slope_rows);
HWY_EXPORT(mish_rows);
HWY_EXPORT(mish_slope_rows);
HWY_EXPORT(softplus_rows);
HWY_EXPORT(softplus_slope_rows);
HWY_EXPORT(logsigmoid_rows);
HWY_EXPORT(logsigmoid_slope_rows);

Tensor elu_like(const char* op, const Tensor& x, double alpha, double scale, double steepness) {
  return activate(op, HWY_DISPATCH_TABLE(elu_rows), HWY_DISPATCH_TABLE(elu_slope_rows), x,
                  {.params = {alpha, scale, steepness}, .cost = 8}, [=](const Tensor& g, const Tensor& x) {
                    return where(x > 0, 0, g * exp(x * steepness) * (alpha * scale * steepness * steepness));
                  });
}

}  // namespace

Tensor elu(const Tensor& x, const EluOptions& options) { return elu_like("elu", x, options.alpha, 1, 1); }
Tensor selu(const Tensor& x) { return elu_like("selu", x, 1.6732632423543772848, 1.0507009873554804934, 1); }
Tensor celu(const Tensor& x, const CeluOptions& options) {
  check<ValueError>(options.alpha != 0, "celu: alpha is 0");
  return elu_like("celu", x, options.alpha, 1, 1 / options.alpha);
}

Tensor gelu(const Tensor& x, const GeluOptions& options) {
  if (options.approximate == Approximate::none)
    return activate("gelu", HWY_DISPATCH_TABLE(gelu_rows), HWY_DISPATCH_TABLE(gelu_slope_rows), x, {.cost = 8},
                    [](const Tensor& g, const Tensor& x) {  // p(x) (2 - x^2)
                      Tensor square_x = square(x);
                      return g * exp(square_x * -0.5) * (2 - square_x) *
                             (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
                    });
  return activate("gelu", HWY_DISPATCH_TABLE(gelu_tanh_rows), HWY_DISPATCH_TABLE(gelu_tanh_slope_rows), x, {.cost = 8},
                  [](const Tensor& g, const Tensor& x) {
                    constexpr double c = 0.044715, k = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
                    Tensor square_x = square(x);
                    Tensor t = tanh(x * (square_x * c + 1) * k);
                    Tensor rise = (square_x * (3 * c) + 1) * k, w = 1 - square(t);
                    // f'' = t' + x t'' / 2 with t' = w u', t'' = w u'' - 2 t t' u'
                    return g * w * (rise + x * 0.5 * (x * (6 * c * k) - t * square(rise) * 2));
                  });
}

Tensor silu(const Tensor& x) {
  return activate("silu", HWY_DISPATCH_TABLE(silu_rows), HWY_DISPATCH_TABLE(silu_slope_rows), x, {.cost = 8},
                  [](const Tensor& g, const Tensor& x) {
                    Tensor s = sigmoid(x);
                    return g * s * (1 - s) * (x * (1 - s * 2) + 2);
                  });
}
Tensor mish(const Tensor& x) {
  return activate("mish", HWY_DISPATCH_TABLE(mish_rows), HWY_DISPATCH_TABLE(mish_slope_rows), x, {.cost = 8},
                  [](const Tensor& g, const Tensor& x) {
                    Tensor s = sigmoid(x), t = tanh(softplus(x));
                    return g * (1 - square(t)) * s * (x * (1 - s - t * s * 2) + 2);
                  });
}

Tensor softplus(const Tensor& x, const SoftplusOptions& options) {
  double beta = options.beta, threshold = options.threshold;
  check<ValueError>(beta > 0, "softplus: beta is {}, must be positive", beta);
  return activate("softplus", HWY_DISPATCH_TABLE(softplus_rows), HWY_DISPATCH_TABLE(softplus_slope_rows), x,
                  {.params = {beta, threshold}, .cost = 12}, [beta, threshold](const Tensor& g, const Tensor& x) {
                    Tensor z = x * beta, s = sigmoid(z);
                    return where(z > threshold, 0, g * s * (1 - s) * beta);
                  });
}
Tensor logsigmoid(const Tensor& x) {
  return activate("logsigmoid", HWY_DISPATCH_TABLE(logsigmoid_rows), HWY_DISPATCH_TABLE(logsigmoid_slope_rows), x,
                  {.cost = 12}, [](const Tensor& g, const Tensor& x) {
                    Tensor s = sigmoid(x);
                    return g * s * (s - 1);
                  });
}
Tensor softsign(const Tensor& x) {
  check_defined("softsign", x);
  return x / (abs(x) + 1);
}
Tensor tanhshrink(const Tensor& x) {
  check_defined("tanhshrink", x);
  return x - tanh(x);
}

Tensor glu(const Tensor& x, int64_t dim) {
  int axis = wrap_dim("glu", dim, x);
  check<ShapeError>(x.dim() > 0 && x.size(axis) % 2 == 0, "glu: dimension {} of x {} cannot be halved", dim, x.shape());
  int64_t half = x.size(axis) / 2;
  return x.narrow(axis, 0, half) * sigmoid(x.narrow(axis, half, half));
}

}  // namespace korrel
#endif
