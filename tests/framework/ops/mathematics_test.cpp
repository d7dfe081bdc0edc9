// Elementary functions against the C library's long double, on every SIMD target: errors in units of the last place
// over the whole range, and the special values of C's Annex F.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

using Exact = long double;

// Distance in units of the last place of the rounded exact value; NaN matches NaN, infinities must be equal.
template <class T>
double distance(T actual, Exact exact) {
  T rounded = static_cast<T>(exact);
  if (std::isnan(rounded) || std::isnan(actual)) return std::isnan(rounded) && std::isnan(actual) ? 0 : 1e9;
  if (rounded == actual) return 0;
  if (std::isinf(rounded) || std::isinf(actual)) return 1e9;
  T size = std::max(std::abs(rounded), std::numeric_limits<T>::min());
  T unit = std::nextafter(size, std::numeric_limits<T>::infinity()) - size;
  return static_cast<double>(std::abs(static_cast<Exact>(actual) - exact) / unit);
}

struct Function {
  std::string name;
  Tensor (*op)(const Tensor&);
  Exact (*exact)(Exact);
  double low, high;  // where f32 is sampled
  double f32_ulp, f64_ulp;
  double low64, high64;  // and f64
};

const Function functions[] = {
    {"exp", exp, [](Exact x) { return std::exp(x); }, -106, 90, 1.5, 2.5, -745, 710},
    {"exp2", exp2, [](Exact x) { return std::exp2(x); }, -150, 129, 1.5, 2.5, -1075, 1025},
    {"expm1", expm1, [](Exact x) { return std::expm1(x); }, -30, 90, 2, 5, -50, 710},
    {"log", log, [](Exact x) { return std::log(x); }, 0, 1e3, 1.5, 1.5, 0, 1e3},
    {"log2", log2, [](Exact x) { return std::log2(x); }, 0, 1e3, 2, 2, 0, 1e3},
    {"log10", log10, [](Exact x) { return std::log10(x); }, 0, 1e3, 2.5, 2, 0, 1e3},
    {"log1p", log1p, [](Exact x) { return std::log1p(x); }, -1, 1e3, 3, 3, -1, 1e3},
    {"sin", sin, [](Exact x) { return std::sin(x); }, -100, 100, 3, 3, -100, 100},
    {"cos", cos, [](Exact x) { return std::cos(x); }, -100, 100, 3, 3, -100, 100},
    {"tan", tan, [](Exact x) { return std::tan(x); }, -100, 100, 1, 6, -100, 100},
    {"asin", asin, [](Exact x) { return std::asin(x); }, -1, 1, 3, 3, -1, 1},
    {"acos", acos, [](Exact x) { return std::acos(x); }, -1, 1, 3, 3, -1, 1},
    {"atan", atan, [](Exact x) { return std::atan(x); }, -50, 50, 3, 3, -50, 50},
    {"sinh", sinh, [](Exact x) { return std::sinh(x); }, -90, 90, 3, 7, -711, 711},
    {"cosh", cosh, [](Exact x) { return std::cosh(x); }, -90, 90, 3, 4, -711, 711},
    {"tanh", [](const Tensor& x) { return tanh(x); }, [](Exact x) { return std::tanh(x); }, -11, 11, 6, 6, -20, 20},
    {"asinh", asinh, [](Exact x) { return std::asinh(x); }, -1e4, 1e4, 1, 5, -1e4, 1e4},
    {"acosh", acosh, [](Exact x) { return std::acosh(x); }, 1, 1e4, 1, 5, 1, 1e4},
    {"atanh", atanh, [](Exact x) { return std::atanh(x); }, -1, 1, 1, 5, -1, 1},
    {"erf", erf, [](Exact x) { return std::erf(x); }, -5, 5, 7, 3, -7, 7},
    {"erfc", erfc, [](Exact x) { return std::erfc(x); }, -5, 10, 1, 9, -7, 26},
    {"sigmoid", [](const Tensor& x) { return sigmoid(x); }, [](Exact x) { return 1 / (1 + std::exp(-x)); }, -80, 30, 4,
     4, -700, 40},
    {"sqrt", sqrt, [](Exact x) { return std::sqrt(x); }, 0, 1e6, 0.51, 0.51, 0, 1e6},
    {"rsqrt", rsqrt, [](Exact x) { return 1 / std::sqrt(x); }, 0, 1e6, 2, 2, 0, 1e6},
    {"reciprocal", reciprocal, [](Exact x) { return 1 / x; }, -50, 50, 0.51, 0.51, -50, 50},
    {"lgamma", lgamma, [](Exact x) { return std::lgamma(x); }, 3, 100, 1, 8, 3, 100},
};

template <class T>
std::vector<T> sampled(double low, double high) {
  Generator generator(3);
  Tensor u = rand({4001}, {.dtype = f64}, generator);
  std::vector<T> values;
  int i = 0;
  for (double v : u.to_vector()) {
    double x = low + (high - low) * v;
    // Every third value small: down to 1e-20 of either sign, where the range admits it.
    if (++i % 3 == 0 && low <= 0) x = std::pow(10.0, -20 * v) * (low < 0 && i % 2 == 0 ? -1 : 1) * std::min(1.0, high);
    values.push_back(static_cast<T>(x));
  }
  return values;
}

template <class T>
void check_function(const Function& f, double low, double high, double allowed) {
  std::vector<T> x = sampled<T>(low, high);
  Tensor y = f.op(from_vector(x));
  double worst = 0;
  T where = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double d = distance(y.data<T>()[i], f.exact(static_cast<Exact>(x[i])));
    if (d > worst) {
      worst = d;
      where = x[i];
    }
  }
  CHECK_MESSAGE(worst <= allowed, f.name << (sizeof(T) == 4 ? " f32: " : " f64: ") << worst << " ulp at " << where);
}

template <class T>
void check_specials(const Function& f) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> x = {
      T(0),   T(-0.0),       Limits::infinity(), -Limits::infinity(),  Limits::quiet_NaN(),   T(1),
      T(-1),  Limits::max(), Limits::lowest(),   Limits::denorm_min(), -Limits::denorm_min(), Limits::min(),
      T(1e5), T(-1e5)};
  Tensor y = f.op(from_vector(x));
  for (std::size_t i = 0; i < x.size(); ++i) {
    Exact exact = f.exact(static_cast<Exact>(x[i]));
    T actual = y.data<T>()[i];
    bool close = distance(actual, exact) <= 8;
    // lgamma past its overflow and sin of the largest numbers are the C library's business in T.
    if (!close && std::isfinite(x[i]) && std::abs(x[i]) == Limits::max()) continue;
    CHECK_MESSAGE(close, f.name << (sizeof(T) == 4 ? " f32(" : " f64(") << x[i] << ") = " << actual << ", expected "
                                << static_cast<T>(exact));
    if (x[i] == 0 && exact == 0)
      CHECK_MESSAGE(std::signbit(actual) == std::signbit(exact), f.name << " loses the sign of zero");
  }
}

}  // namespace

TEST_CASE("every function within a few units of the last place, on every SIMD target") {
  std::string before = kernels::active_target();
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CAPTURE(target);
    for (const Function& f : functions) {
      check_function<float>(f, f.low, f.high, f.f32_ulp);
      check_function<double>(f, f.low64, f.high64, f.f64_ulp);
      check_specials<float>(f);
      check_specials<double>(f);
    }
  }
  kernels::force_target(before);
}

TEST_CASE("powers, against the C library") {
  std::string before = kernels::active_target();
  Generator generator(4);
  Tensor a = rand({3001}, {}, generator) * 20 - 2, b = randn({3001}, {}, generator) * 5;
  b = where(b > 4, round(b), b);  // whole powers for the negative bases
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CAPTURE(target);
    Tensor y = pow(a, b);
    double worst = 0;
    for (int64_t i = 0; i < y.numel(); ++i)
      worst = std::max(worst, distance(y.data<float>()[i], std::pow(static_cast<Exact>(a.data<float>()[i]),
                                                                    static_cast<Exact>(b.data<float>()[i]))));
    CHECK(worst <= 0.51);
  }
  kernels::force_target(before);
}

namespace {

struct PairFunction {
  std::string name;
  std::function<Tensor(const Tensor&, const Tensor&)> op;
  Exact (*exact)(Exact, Exact);
  double f32_ulp, f64_ulp;
};

// All pairs of the numbers at the edges, then others from 1e-20 to 1e20 of either sign.
template <class T>
void check_pairs(const PairFunction& f) {
  using Limits = std::numeric_limits<T>;
  const std::vector<T> edges = {T(0),
                                T(-0.0),
                                Limits::infinity(),
                                -Limits::infinity(),
                                Limits::quiet_NaN(),
                                T(1),
                                T(-1),
                                Limits::max(),
                                Limits::lowest(),
                                Limits::denorm_min(),
                                T(-3),
                                T(2.5),
                                Limits::min(),
                                T(1e9),
                                T(-7)};
  std::vector<T> a, b;
  for (T x : edges)
    for (T y : edges) {
      a.push_back(x);
      b.push_back(y);
    }
  std::vector<T> u = sampled<T>(-20, 20), v = sampled<T>(-1, 1);
  for (std::size_t i = 0; i + 1 < u.size(); ++i) {
    a.push_back(i % 2 ? u[i] : v[i] * T(std::pow(10.0, u[i + 1])));
    b.push_back(i % 3 ? u[u.size() - 1 - i] : v[i + 1] * T(std::pow(10.0, u[i])));
  }
  Tensor y = f.op(from_vector(a), from_vector(b));
  for (std::size_t i = 0; i < a.size(); ++i) {
    T actual = y.data<T>()[i];
    Exact exact = f.exact(a[i], b[i]);
    bool close = distance(actual, exact) <= (sizeof(T) == 4 ? f.f32_ulp : f.f64_ulp);
    if (static_cast<T>(exact) == 0 && actual == 0) close &= std::signbit(actual) == std::signbit(exact);
    CHECK_MESSAGE(close, f.name << (sizeof(T) == 4 ? " f32(" : " f64(") << a[i] << ", " << b[i] << ") = " << actual
                                << ", expected " << static_cast<T>(exact));
  }
}

Exact python_rest(Exact a, Exact b) {
  Exact rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

}  // namespace

TEST_CASE("functions of two numbers, at the edges and far apart, on every SIMD target") {
  const std::vector<PairFunction> pairs = {
      {"atan2", [](const Tensor& a, const Tensor& b) { return atan2(a, b); },
       [](Exact a, Exact b) { return std::atan2(a, b); }, 0.51, 5},
      {"hypot", [](const Tensor& a, const Tensor& b) { return hypot(a, b); },
       [](Exact a, Exact b) { return std::hypot(a, b); }, 0.51, 1.1},
      {"fmod", [](const Tensor& a, const Tensor& b) { return fmod(a, b); },
       [](Exact a, Exact b) { return std::fmod(a, b); }, 0, 0},
      {"remainder", [](const Tensor& a, const Tensor& b) { return remainder(a, b); }, python_rest, 0.51, 0.51},
      {"pow", [](const Tensor& a, const Tensor& b) { return pow(a, b); },
       [](Exact a, Exact b) { return std::pow(a, b); }, 0.51, 1},
  };
  std::string before = kernels::active_target();
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CAPTURE(target);
    for (const PairFunction& f : pairs) {
      check_pairs<float>(f);
      check_pairs<double>(f);
    }
    // Whole quotients below: the integer that the exact one falls to, also where it rounds up to a whole number.
    Tensor a = tensor({7, -7, 7, -7, 6, -6, 0, 1, 5.9604644e7, 1e30, -1, 3}, {f32});
    Tensor b = tensor({2, 2, -2, -2, 3, 3, -5, 0.1, 0.1, 3, 1e30, 0}, {f32});
    std::vector<double> floor = div(a, b, {.rounding_mode = Rounding::floor}).to_vector();
    CHECK(std::vector<double>(floor.begin(), floor.begin() + 8) == std::vector<double>{3, -4, -4, 3, 2, -2, 0, 9});
    CHECK(std::signbit(floor[6]));
    CHECK(floor[10] == -1);
    CHECK(std::isinf(floor[11]));
  }
  kernels::force_target(before);
}

TEST_CASE("small whole powers of either sign are products") {
  Tensor x = tensor({-3, -0.5, 0, 2}, {f64});
  CHECK(pow(x, 3).to_vector() == std::vector<double>{-27, -0.125, 0, 8});
  CHECK(pow(x, -2).to_vector() == std::vector<double>{1. / 9, 4, HUGE_VAL, 0.25});
  CHECK(pow(x.to(f32), 5).to_vector() == std::vector<double>{-243, -0.03125, 0, 32});
}

TEST_CASE("saturating functions never leave their range") {
  Tensor x = linspace(-30, 30, 200001);
  for (const Tensor& y : {tanh(x), erf(x)}) {
    CHECK((abs(y) > 1).to_vector<bool>() == std::vector<bool>(200001, false));
    CHECK(y.data<float>()[200000] == 1);
    CHECK(y.data<float>()[0] == -1);
  }
}

TEST_CASE("digamma and trigamma at known points") {
  double gamma = 0.577215664901532861, pi = 3.14159265358979324;
  Tensor x = tensor({1, 0.5, 10, -0.5}, {.dtype = f64});
  std::vector<double> psi = digamma(x).to_vector(), psi1 = polygamma(1, x).to_vector();
  CHECK(psi[0] == doctest::Approx(-gamma).epsilon(1e-13));
  CHECK(psi[1] == doctest::Approx(-gamma - 2 * std::log(2.0)).epsilon(1e-13));
  CHECK(psi[2] == doctest::Approx(2.25175258906672111).epsilon(1e-13));
  CHECK(psi[3] == doctest::Approx(0.0364899739785765206).epsilon(1e-12));
  CHECK(psi1[0] == doctest::Approx(pi * pi / 6).epsilon(1e-13));
  CHECK(psi1[1] == doctest::Approx(pi * pi / 2).epsilon(1e-13));
  CHECK(psi1[3] == doctest::Approx(pi * pi / 2 + 4).epsilon(1e-13));
  CHECK(polygamma(2, tensor({1}, {.dtype = f64})).item() == doctest::Approx(-2 * 1.20205690315959428).epsilon(1e-13));
}

TEST_CASE("digamma and trigamma against their sums") {
  for (double at : {1e-3, 0.1, 0.5, 1.0, 1.46163, 2.5, 7.999, 8.0, 9.5, 9.9999, 10.0, 11.3, 123.0, 1e6}) {
    const int terms = 200000;  // then what is left of the sum, by its first terms
    Exact x = at, psi = 0, psi1 = 0;
    for (int k = terms - 1; k >= 0; --k) {
      psi -= 1 / (x + k);
      psi1 += 1 / ((x + k) * (x + k));
    }
    const Exact end = x + terms;
    psi += std::log(end) - 1 / (2 * end) - 1 / (12 * end * end);
    psi1 += 1 / end + 1 / (2 * end * end) + 1 / (6 * end * end * end);
    Tensor point = full({1}, at, {f64});
    CHECK(std::abs(static_cast<Exact>(digamma(point).item()) - psi) < 4e-16L * (1 + std::abs(psi) + 1 / x));
    CHECK(std::abs(static_cast<Exact>(polygamma(1, point).item()) - psi1) < 8e-16L * psi1);
  }
}

TEST_CASE("log2 and exp2 are exact at powers of two, logaddexp and xlogy at their edges") {
  Tensor p = arange(-20, 21, 1, {.dtype = f32});
  CHECK(log2(exp2(p)).to_vector() == p.to_vector());
  double inf = std::numeric_limits<double>::infinity();
  Tensor a = tensor({-inf, inf, 1000, 0}, {.dtype = f64}), b = tensor({-inf, 1, 1000, 0}, {.dtype = f64});
  std::vector<double> y = logaddexp(a, b).to_vector();
  CHECK(y[0] == -inf);
  CHECK(y[1] == inf);
  CHECK(y[2] == doctest::Approx(1000 + std::log(2.0)));
  CHECK(xlogy(tensor({0, 0}), tensor({0, inf})).to_vector() == std::vector<double>{0, 0});
  Tensor zero = tensor({0, 0, 0}, {f64, true});  // its slope is the logarithm where there is one
  xlogy(zero, tensor({2, 0, -1}, {f64})).backward(ones({3}, {f64}));
  CHECK(zero.grad().to_vector() == std::vector<double>{std::log(2.0), 0, 0});
}
