// Elementary functions on Highway vectors of f32 and f64, for one SIMD target: full range, NaN, infinities and
// denormals included, within a few units in the last place (tests/framework/ops/unary_test.cpp holds them to that).
// Highway's own contrib/math serves sin, cos, asin, acos and atan; its exp, log and tanh stop at the edges of the
// range.
#if defined(KORREL_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_KERNELS_MATH_INL_H_
#undef KORREL_KERNELS_MATH_INL_H_
#else
#define KORREL_KERNELS_MATH_INL_H_
#endif

#include <cmath>
#include <limits>
#include <type_traits>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {
namespace math {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
inline constexpr bool is_f32 = std::is_same_v<hn::TFromD<D>, float>;

// A constant in the vector's type.
template <class D>
HWY_INLINE hn::Vec<D> constant(D d, double value) {
  return hn::Set(d, static_cast<hn::TFromD<D>>(value));
}
template <class D>
HWY_INLINE hn::Vec<D> infinity(D d) {
  return hn::Set(d, std::numeric_limits<hn::TFromD<D>>::infinity());
}

// c0 + c1 x + c2 x^2 + ... by Horner's rule: the constants arrive highest first.
template <class D, class V>
HWY_INLINE V polynomial(D d, V, double lowest) {
  return constant(d, lowest);
}
template <class D, class V, class... Rest>
HWY_INLINE V polynomial(D d, V x, double c0, Rest... rest) {
  return hn::MulAdd(polynomial(d, x, rest...), x, constant(d, c0));
}

// min(x, limit) that keeps a NaN in x.
template <class D, class V>
HWY_INLINE V at_most(D d, V x, double limit) {
  const V bound = constant(d, limit);
#if (HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR) || HWY_ARCH_ARM
  return hn::Min(bound, x);  // x86 returns the second operand when there is a NaN, ARM the NaN
#else
  return hn::IfThenElse(hn::Gt(x, bound), bound, x);
#endif
}

// 2^n for whole n, as a float; n must give a normal number.
template <class D, class V>
HWY_INLINE V power_of_two(D d, V n) {
  // Adding 1.5 * 2^mantissa + bias leaves n + bias in the low bits; the shift makes them the exponent.
  const hn::RebindToUnsigned<D> du;
  if constexpr (is_f32<D>)
    return hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(du, hn::Add(n, constant(d, 8388608.0 + 127)))));
  else
    return hn::BitCast(d, hn::ShiftLeft<52>(hn::BitCast(du, hn::Add(n, constant(d, 4503599627370496.0 + 1023)))));
}

// e 2^n, also where 2^n alone is too large or too small: in two steps.
template <class D, class V>
HWY_INLINE V scale(D d, V e, V n) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  if constexpr (hn::MaxLanes(d) * sizeof(hn::TFromD<D>) == 64) {
    if constexpr (is_f32<D>)
      return V{_mm512_scalef_ps(e.raw, n.raw)};
    else
      return V{_mm512_scalef_pd(e.raw, n.raw)};
  }
#endif
  const V half = hn::Round(hn::Mul(n, constant(d, 0.5)));
  return hn::Mul(hn::Mul(e, power_of_two(d, half)), power_of_two(d, hn::Sub(n, half)));
}

// e^r - 1 for |r| <= ln(2) / 2: r + r^2 times the minimax polynomial of (e^r - 1 - r) / r^2.
template <class D, class V>
HWY_INLINE V expm1_small(D d, V r) {
  V q;
  if constexpr (is_f32<D>)
    q = polynomial(d, r, 4.999999404e-01, 1.666651964e-01, 4.166839272e-02, 8.368780836e-03, 1.381446724e-03);
  else
    q = polynomial(d, r, 5.00000000000000111e-01, 1.66666666666664104e-01, 4.16666666665291910e-02,
                   8.33333333349562701e-03, 1.38888889439225558e-03, 1.98412695047571523e-04, 2.48014927628370840e-05,
                   2.75575873500230167e-06, 2.76303786148881845e-07, 2.49999627521612271e-08);
  return hn::MulAdd(hn::Mul(r, r), q, r);
}

// e^x = 2^n (1 + m), with n up to `largest`; x beyond that leaves m large, and the result overflows as it should.
template <class V>
struct Exponential {
  V n, m;
};
template <class D, class V>
HWY_INLINE Exponential<V> reduce_exp(D d, V x, double largest) {
  const V n = hn::Min(hn::Round(hn::Mul(x, constant(d, 1.44269504088896341))), constant(d, largest));
  // n ln(2) in two parts, the first exact.
  V r = hn::NegMulAdd(n, constant(d, is_f32<D> ? 0.693145751953125 : 6.93147180369123816490e-01), x);
  r = hn::NegMulAdd(n, constant(d, is_f32<D> ? 1.428606765330187e-06 : 1.90821492927058770002e-10), r);
  return {n, expm1_small(d, r)};
}

// 2^shift e^x.
template <class D, class V>
HWY_INLINE V exp_scaled(D d, V x, double shift) {
  const Exponential<V> e = reduce_exp(d, x, is_f32<D> ? 129 : 1025);
  const V n = shift == 0 ? e.n : hn::Add(e.n, constant(d, shift));
  const V y = scale(d, hn::Add(e.m, constant(d, 1)), n);
  return hn::IfThenZeroElse(hn::Lt(x, constant(d, is_f32<D> ? -104 : -746)), y);
}
template <class D, class V>
HWY_INLINE V exp(D d, V x) {
  return exp_scaled(d, x, 0);
}
template <class D, class V>
HWY_INLINE V exp2(D d, V x) {
  const V n = hn::Min(hn::Round(x), constant(d, is_f32<D> ? 128 : 1024));
  const V m = expm1_small(d, hn::Mul(hn::Sub(x, n), constant(d, 0.693147180559945309)));
  const V y = scale(d, hn::Add(m, constant(d, 1)), n);
  return hn::IfThenZeroElse(hn::Lt(x, constant(d, is_f32<D> ? -151 : -1076)), y);
}

// 2^n m + (2^n - 1), with 2^(n - 1) so that the largest n still fits.
template <class D, class V>
HWY_INLINE V expm1(D d, V x) {
  const V low = constant(d, is_f32<D> ? -20 : -42);
  const V bounded = hn::IfThenElse(hn::Lt(x, low), low, x);
  const Exponential<V> e = reduce_exp(d, bounded, is_f32<D> ? 128 : 1024);
  const V half = power_of_two(d, hn::Sub(e.n, constant(d, 1)));
  const V y = hn::MulAdd(half, e.m, hn::Sub(half, constant(d, 0.5)));
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, hn::Add(y, y));
}

// x = 2^n (1 + f) with 1 + f between sqrt(1/2) and sqrt(2); for positive finite x.
template <class V>
struct Logarithm {
  V n, f;
};
template <class D, class V>
HWY_INLINE Logarithm<V> reduce_log(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  using U = hn::TFromD<decltype(du)>;
  if constexpr (is_f32<D>) {
    const auto denormal = hn::Lt(x, constant(d, 1.17549435e-38));
    x = hn::IfThenElse(denormal, hn::Mul(x, constant(d, 33554432.0)), x);
    const auto bits = hn::Add(hn::BitCast(du, x), hn::Set(du, U{0x3F800000u - 0x3F3504F3u}));
    const hn::RebindToSigned<D> di;
    const V exponent = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<23>(bits)));
    const V mantissa = hn::BitCast(d, hn::Add(hn::And(bits, hn::Set(du, U{0x007FFFFFu})), hn::Set(du, U{0x3F3504F3u})));
    const V bias = hn::IfThenElse(denormal, constant(d, 127 + 25), constant(d, 127));
    return {hn::Sub(exponent, bias), hn::Sub(mantissa, constant(d, 1))};
  } else {
    const auto denormal = hn::Lt(x, constant(d, 2.2250738585072014e-308));
    x = hn::IfThenElse(denormal, hn::Mul(x, constant(d, 18014398509481984.0)), x);
    const auto bits = hn::Add(hn::BitCast(du, x), hn::Set(du, U{0x3FF0000000000000u - 0x3FE6A09E00000000u}));
    // The exponent, 11 bits, into the mantissa of 2^52: a conversion without integer instructions.
    const V exponent = hn::Sub(hn::BitCast(d, hn::Or(hn::ShiftRight<52>(bits), hn::Set(du, U{0x4330000000000000u}))),
                               constant(d, 4503599627370496.0));
    const V mantissa = hn::BitCast(
        d, hn::Add(hn::And(bits, hn::Set(du, U{0x000FFFFFFFFFFFFFu})), hn::Set(du, U{0x3FE6A09E00000000u})));
    const V bias = hn::IfThenElse(denormal, constant(d, 1023 + 54), constant(d, 1023));
    return {hn::Sub(exponent, bias), hn::Sub(mantissa, constant(d, 1))};
  }
}

// log(1 + f) - f, for f as reduce_log gives it. f64: the series in s = f / (2 + f) of fdlibm's e_log.c.
template <class D, class V>
HWY_INLINE V log_remainder(D d, V f) {
  const V half_square = hn::Mul(hn::Mul(f, f), constant(d, 0.5));
  if constexpr (is_f32<D>) {
    const V q = polynomial(d, f, 3.333333135e-01, -2.500081956e-01, 2.000122666e-01, -1.662335843e-01, 1.420175433e-01,
                           -1.316017210e-01, 1.276160628e-01, -7.634556293e-02);
    return hn::MulSub(hn::Mul(hn::Mul(f, f), f), q, half_square);
  } else {
    const V s = hn::Div(f, hn::Add(f, constant(d, 2)));
    const V z = hn::Mul(s, s);
    const V r = hn::Mul(z, polynomial(d, z, 6.666666666666735130e-01, 3.999999999940941908e-01,
                                      2.857142874366239149e-01, 2.222219843214978396e-01, 1.818357216161805012e-01,
                                      1.531383769920937332e-01, 1.479819860511658591e-01));
    return hn::MulSub(s, hn::Add(half_square, r), half_square);
  }
}

// What every logarithm is outside (0, inf): -inf at zero, NaN below, x itself for inf and NaN.
template <class D, class V>
HWY_INLINE V log_edges(D d, V x, V y) {
  const V zero = hn::Zero(d), inf = infinity(d);
  y = hn::IfThenElse(hn::Lt(x, inf), y, x);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(inf), y);
  return hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, std::numeric_limits<hn::TFromD<D>>::quiet_NaN()), y);
}

template <class D, class V>
HWY_INLINE V log(D d, V x) {
  const Logarithm<V> l = reduce_log(d, x);
  // n ln(2) in two parts, the first exact.
  const V low = constant(d, is_f32<D> ? 1.428606765330187e-06 : 1.90821492927058770002e-10);
  const V high = constant(d, is_f32<D> ? 0.693145751953125 : 6.93147180369123816490e-01);
  const V remainder = hn::MulAdd(l.n, low, log_remainder(d, l.f));
  return log_edges(d, x, hn::MulAdd(l.n, high, hn::Add(l.f, remainder)));
}

// x log(u) / (u - 1) with u = fl(1 + x): the rounding of u cancels (Kahan).
template <class D, class V>
HWY_INLINE V log1p(D d, V x) {
  const V one = constant(d, 1);
  const V u = hn::Add(x, one);
  const V rest = hn::Sub(u, one);
  const auto tiny = hn::Eq(rest, hn::Zero(d));
  const V y = hn::Mul(log(d, u), hn::Div(x, hn::IfThenElse(tiny, one, rest)));
  return hn::IfThenElse(hn::Or(tiny, hn::Not(hn::Lt(x, infinity(d)))), x, y);
}

template <class D, class V>
HWY_INLINE V log2(D d, V x) {  // exact for powers of two
  const Logarithm<V> l = reduce_log(d, x);
  const V fraction = hn::Add(l.f, log_remainder(d, l.f));
  return log_edges(d, x, hn::MulAdd(fraction, constant(d, 1.44269504088896341), l.n));
}

template <class D, class V>
HWY_INLINE V log10(D d, V x) {
  const Logarithm<V> l = reduce_log(d, x);
  const V fraction = hn::Mul(hn::Add(l.f, log_remainder(d, l.f)), constant(d, 0.434294481903251828));
  const V low = hn::MulAdd(l.n, constant(d, is_f32<D> ? 4.60503898119521e-06 : 8.2417125860235717e-13), fraction);
  return log_edges(d, x, hn::MulAdd(l.n, constant(d, is_f32<D> ? 0.301025390625 : 0.301029995663157), low));
}

template <class D, class V>
HWY_INLINE V sigmoid(D d, V x) {
  const V one = constant(d, 1);
  return hn::Div(one, hn::Add(one, exp(d, hn::Neg(x))));
}

// f32: an odd rational function of degrees 11 and 8, relative error 5.3e-9, up to where tanh rounds to 1.
template <class D, class V>
HWY_INLINE V tanh(D d, V x) {
  const V size = hn::Abs(x);
  if constexpr (is_f32<D>) {
    const V u = hn::Mul(size, size);
    const V p =
        polynomial(d, u, 1.0, 1.365408450e-01, 3.836094635e-03, 2.736777242e-05, 2.910134711e-08, -1.116262378e-11);
    const V q = polynomial(d, u, 1.0, 4.698741734e-01, 2.712751180e-02, 3.882149758e-04, 1.243357246e-06);
    const V y = at_most(d, hn::Div(hn::Mul(size, p), q), 1);
    return hn::CopySignToAbs(hn::IfThenElse(hn::Gt(size, constant(d, 9.02)), constant(d, 1), y), x);
  } else {
    const V t = expm1(d, hn::Mul(at_most(d, size, 20), constant(d, 2)));
    return hn::CopySignToAbs(hn::Div(t, hn::Add(t, constant(d, 2))), x);
  }
}

template <class D, class V>
HWY_INLINE V sinh(D d, V x) {
  const double far = is_f32<D> ? 20 : 40;  // from here on e^-x does not count
  const V size = hn::Abs(x);
  const V t = expm1(d, at_most(d, size, far));
  const V near = hn::Mul(hn::Add(t, hn::Div(t, hn::Add(t, constant(d, 1)))), constant(d, 0.5));
  return hn::CopySignToAbs(hn::IfThenElse(hn::Gt(size, constant(d, far)), exp_scaled(d, size, -1), near), x);
}
template <class D, class V>
HWY_INLINE V cosh(D d, V x) {
  const V half = exp_scaled(d, hn::Abs(x), -1);
  return hn::Add(half, hn::Div(constant(d, 0.25), half));
}

// The inverse hyperbolic functions by log1p; far out, where squares overflow, by log(2 x).
template <class D, class V>
HWY_INLINE V asinh(D d, V x) {
  const V size = hn::Abs(x), square = hn::Mul(x, x), one = constant(d, 1);
  const V near = log1p(d, hn::Add(size, hn::Div(square, hn::Add(one, hn::Sqrt(hn::Add(square, one))))));
  const V far = hn::Add(log(d, size), constant(d, 0.693147180559945309));
  return hn::CopySignToAbs(hn::IfThenElse(hn::Gt(size, constant(d, 1e10)), far, near), x);
}
template <class D, class V>
HWY_INLINE V acosh(D d, V x) {
  const V one = constant(d, 1), t = hn::Sub(x, one);
  const V near = log1p(d, hn::Add(t, hn::Sqrt(hn::MulAdd(t, t, hn::Add(t, t)))));
  const V far = hn::Add(log(d, x), constant(d, 0.693147180559945309));
  const V y = hn::IfThenElse(hn::Gt(x, constant(d, 1e10)), far, near);
  return hn::IfThenElse(hn::Lt(x, one), hn::Set(d, std::numeric_limits<hn::TFromD<D>>::quiet_NaN()), y);
}
template <class D, class V>
HWY_INLINE V atanh(D d, V x) {
  const V size = hn::Abs(x);
  const V y = log1p(d, hn::Div(hn::Add(size, size), hn::Sub(constant(d, 1), size)));
  return hn::CopySignToAbs(hn::Mul(y, constant(d, 0.5)), x);
}

// e^(x^2) erfc(x) (1 + 2 x) for x >= 0 as a polynomial in t = (x - 3) / (x + 3), relative error 1e-17 (the variable is
// that of Shepherd and Laframboise, 1981).
template <class D, class V>
HWY_INLINE V erfc_positive(D d, V x) {
  const V three = constant(d, 3);
  const V t = hn::Div(hn::Sub(x, three), hn::Add(x, three));
  const V p =
      polynomial(d, t, 1.25300805826972961e+00, -1.35621106124580892e-01, -4.75622943534542986e-02,
                 1.29645158702718227e-01, -1.19273663415005976e-01, 6.83080273457895848e-02, -2.37705149290767456e-02,
                 2.52939178396627187e-03, 1.88869054424803157e-03, -7.79832020743182505e-04, -1.05161658258289638e-04,
                 1.25098895752300432e-04, 4.96027198476445632e-06, -2.01064526528522840e-05, -7.65783768056578336e-07,
                 3.51482414947465824e-06, 4.02920399225334880e-07, -7.26771100992061355e-07, -1.22955240038734607e-07,
                 2.01160143470559623e-07, -4.31594871021349177e-08);
  // exp(-x^2) with x = head + rest: head^2 is exact in 26 bits, the remaining exponent is below 3e-5.
  const hn::RebindToUnsigned<D> du;
  const V head = hn::BitCast(d, hn::And(hn::BitCast(du, x), hn::Set(du, uint64_t{0xFFFFFFFFF8000000u})));
  const V rest = hn::Mul(hn::Sub(x, head), hn::Add(x, head));
  const V correction = polynomial(d, hn::Neg(rest), 1.0, 1.0, 0.5, 1.0 / 6);
  const V bell = hn::Mul(exp(d, hn::Neg(hn::Mul(head, head))), correction);
  return hn::Div(hn::Mul(bell, p), hn::MulAdd(x, constant(d, 2), constant(d, 1)));
}
// x times a polynomial in x^2, for |x| <= 1; f64.
template <class D, class V>
HWY_INLINE V erf_small(D d, V x) {
  const V u = hn::Mul(x, x);
  return hn::Mul(x, polynomial(d, u, 1.12837916709551256e+00, -3.76126389031837483e-01, 1.12837916709548569e-01,
                               -2.68661706450728961e-02, 5.22397762478086364e-03, -8.54832697874207347e-04,
                               1.20553310368952838e-04, -1.49255935067906094e-05, 1.64609728154562600e-06,
                               -1.63500252062158470e-07, 1.46578797332554310e-08, -1.13656655493522472e-09,
                               5.94526107042099069e-11));
}

template <class D, class V>
HWY_INLINE V erf(D d, V x) {
  if constexpr (is_f32<D>) {  // odd rational function of degrees 13 and 10, relative error 3.5e-9
    const V size = hn::Abs(x);
    const V u = hn::Mul(size, size);
    const V p = polynomial(d, u, 1.128379226e+00, 1.853803992e-01, 5.430477113e-02, 3.852280788e-03, 3.782207204e-04,
                           4.643488410e-06, -1.300131292e-08);
    const V q =
        polynomial(d, u, 1.0, 4.976224899e-01, 1.140001491e-01, 1.546239853e-02, 1.306258026e-03, 6.272011524e-05);
    const V y = at_most(d, hn::Div(hn::Mul(size, p), q), 1);
    return hn::CopySignToAbs(hn::IfThenElse(hn::Gt(size, constant(d, 3.93)), constant(d, 1), y), x);
  } else {
    const V one = constant(d, 1);
    const V size = hn::Abs(x);
    const V large = hn::Sub(one, erfc_positive(d, at_most(d, size, 6.5)));
    return hn::IfThenElse(hn::Lt(size, one), erf_small(d, x), hn::CopySignToAbs(large, x));
  }
}

template <class D, class V>
HWY_INLINE V erfc(D d, V x) {  // f64 only: f32 goes through it
  const V one = constant(d, 1);
  const V size = hn::Abs(x);
  const V tail = erfc_positive(d, at_most(d, size, 28));
  const V large = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Sub(constant(d, 2), tail), tail);
  return hn::IfThenElse(hn::Lt(size, one), hn::Sub(one, erf_small(d, x)), large);
}

// Highway's sin and cos hold to 39000; beyond, lane by lane from the C library, so that a lane never depends on its
// neighbours.
template <class D, class V, class F>
HWY_INLINE V beyond(D d, V x, V y, double limit, F function) {
  using T = hn::TFromD<D>;
  if (HWY_LIKELY(hn::AllFalse(d, hn::Gt(hn::Abs(x), constant(d, limit))))) return y;
  HWY_ALIGN T in[hn::MaxLanes(d)];
  HWY_ALIGN T out[hn::MaxLanes(d)];
  hn::Store(x, d, in);
  hn::Store(y, d, out);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i)
    if (std::abs(in[i]) > static_cast<T>(limit)) out[i] = function(in[i]);
  return hn::Load(d, out);
}
struct Sine {
  template <class T>
  T operator()(T x) const {
    return std::sin(x);
  }
};
struct Cosine {
  template <class T>
  T operator()(T x) const {
    return std::cos(x);
  }
};
template <class D, class V>
HWY_INLINE V sin(D d, V x) {
  const V y = beyond(d, x, hn::Sin(d, x), 39000, Sine());
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, y);  // sin(-0) is -0
}
template <class D, class V>
HWY_INLINE V cos(D d, V x) {
  return beyond(d, x, hn::Cos(d, x), 39000, Cosine());
}

}  // namespace math
}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
