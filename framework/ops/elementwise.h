// Elementwise arithmetic, comparison and mathematics of tensors and numbers, with PyTorch's broadcasting (sizes of 1
// stretch, missing leading dimensions appear) and type promotion (ops/promotion.h). Shapes that do not broadcast throw
// ShapeError. Activation functions are in ops/activation.h.
#pragma once

#include <optional>

#include <korrel/framework/base/scalar.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// a + alpha b, a - alpha b. bool + bool is "or"; bool - bool throws DtypeError, as in PyTorch.
struct AddOptions {
  Scalar alpha = 1;
};
Tensor add(const Tensor& a, const Tensor& b);
Tensor add(const Tensor& a, const Tensor& b, const AddOptions& options);
Tensor add(const Tensor& a, const Scalar& b, const AddOptions& options = {});
Tensor sub(const Tensor& a, const Tensor& b, const AddOptions& options = {});
Tensor sub(const Tensor& a, const Scalar& b, const AddOptions& options = {});
Tensor sub(const Scalar& a, const Tensor& b, const AddOptions& options = {});
Tensor mul(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Scalar& b);

// a / b. Integers divide to f32 unless rounded: trunc is C's division, floor rounds down. An integer divided by
// zero throws ValueError. Rounded quotients have gradient zero.
enum class Rounding { none, trunc, floor };
struct DivOptions {
  Rounding rounding_mode = Rounding::none;
};
Tensor div(const Tensor& a, const Tensor& b, const DivOptions& options = {});
Tensor div(const Tensor& a, const Scalar& b, const DivOptions& options = {});
Tensor div(const Scalar& a, const Tensor& b, const DivOptions& options = {});
Tensor neg(const Tensor& x);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator+(const Tensor& a, const Scalar& b) { return add(a, b); }
inline Tensor operator+(const Scalar& a, const Tensor& b) { return add(b, a); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator-(const Tensor& a, const Scalar& b) { return sub(a, b); }
inline Tensor operator-(const Scalar& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator*(const Tensor& a, const Scalar& b) { return mul(a, b); }
inline Tensor operator*(const Scalar& a, const Tensor& b) { return mul(b, a); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator/(const Tensor& a, const Scalar& b) { return div(a, b); }
inline Tensor operator/(const Scalar& a, const Tensor& b) { return div(a, b); }
inline Tensor operator-(const Tensor& x) { return neg(x); }

// Comparisons: bool results, no gradient. == compares elements, as in PyTorch; whether two tensors are the same object
// is a.same_as(b).
Tensor eq(const Tensor& a, const Tensor& b);
Tensor eq(const Tensor& a, const Scalar& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Scalar& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Scalar& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Scalar& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Scalar& b);
Tensor ge(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Scalar& b);

inline Tensor operator==(const Tensor& a, const Tensor& b) { return eq(a, b); }
inline Tensor operator==(const Tensor& a, const Scalar& b) { return eq(a, b); }
inline Tensor operator==(const Scalar& a, const Tensor& b) { return eq(b, a); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return ne(a, b); }
inline Tensor operator!=(const Tensor& a, const Scalar& b) { return ne(a, b); }
inline Tensor operator!=(const Scalar& a, const Tensor& b) { return ne(b, a); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return lt(a, b); }
inline Tensor operator<(const Tensor& a, const Scalar& b) { return lt(a, b); }
inline Tensor operator<(const Scalar& a, const Tensor& b) { return gt(b, a); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return le(a, b); }
inline Tensor operator<=(const Tensor& a, const Scalar& b) { return le(a, b); }
inline Tensor operator<=(const Scalar& a, const Tensor& b) { return ge(b, a); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return gt(a, b); }
inline Tensor operator>(const Tensor& a, const Scalar& b) { return gt(a, b); }
inline Tensor operator>(const Scalar& a, const Tensor& b) { return lt(b, a); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return ge(a, b); }
inline Tensor operator>=(const Tensor& a, const Scalar& b) { return ge(a, b); }
inline Tensor operator>=(const Scalar& a, const Tensor& b) { return le(b, a); }

// Logic: numbers count as true where they are not zero. bool results.
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);

// condition ? a : b, element by element; condition is bool (u8 counts as "is not zero").
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, const Scalar& b);
Tensor where(const Tensor& condition, const Scalar& a, const Tensor& b);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Scalar& value);  // value where mask is true

// Mathematics of one tensor; integers and bool become f32. Outside a function's domain: NaN or an infinity, as in C.
Tensor exp(const Tensor& x);
Tensor exp2(const Tensor& x);
Tensor expm1(const Tensor& x);  // e^x - 1, precise near 0
Tensor log(const Tensor& x);
Tensor log2(const Tensor& x);
Tensor log10(const Tensor& x);
Tensor log1p(const Tensor& x);  // log(1 + x), precise near 0
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tan(const Tensor& x);
Tensor asin(const Tensor& x);
Tensor acos(const Tensor& x);
Tensor atan(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor asinh(const Tensor& x);
Tensor acosh(const Tensor& x);
Tensor atanh(const Tensor& x);
Tensor erf(const Tensor& x);
Tensor erfc(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor lgamma(const Tensor& x);                // log |gamma(x)|
Tensor digamma(const Tensor& x);               // its derivative
Tensor polygamma(int64_t n, const Tensor& x);  // and the derivatives of that: n = 1 is trigamma

// Rounding, sign and size; these keep integers as they are. The gradient of a step function is zero, that of abs at 0
// too.
Tensor abs(const Tensor& x);
Tensor sign(const Tensor& x);
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);  // halves to the even neighbour
Tensor trunc(const Tensor& x);
Tensor frac(const Tensor& x);  // x - trunc(x)
Tensor square(const Tensor& x);
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);
struct NanToNumOptions {
  double nan = 0;
  std::optional<double> posinf = {}, neginf = {};  // default: the largest finite number, its negative
};
Tensor nan_to_num(const Tensor& x, const NanToNumOptions& options = {});
// Both bounds included (slope 1 there); where they cross, max wins. NaN stays NaN.
struct ClampOptions {
  std::optional<Scalar> min = {}, max = {};
};
Tensor clamp(const Tensor& x, const ClampOptions& options);

// Two or three tensors.
Tensor maximum(const Tensor& a, const Tensor& b);  // NaN where either is; a tie gives each half the gradient
Tensor minimum(const Tensor& a, const Tensor& b);
// a to the power of b. Integers stay integers: to a negative number throws ValueError.
Tensor pow(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, const Scalar& b);
Tensor pow(const Scalar& a, const Tensor& b);
// The rest of a / b: fmod has the sign of a (as in C), remainder that of b (as in Python).
Tensor fmod(const Tensor& a, const Tensor& b);
Tensor fmod(const Tensor& a, const Scalar& b);
Tensor remainder(const Tensor& a, const Tensor& b);
Tensor remainder(const Tensor& a, const Scalar& b);
Tensor atan2(const Tensor& a, const Tensor& b);  // the angle of the point (b, a)
Tensor hypot(const Tensor& a, const Tensor& b);
Tensor logaddexp(const Tensor& a, const Tensor& b);  // log(e^a + e^b) without overflow
Tensor xlogy(const Tensor& a, const Tensor& b);      // a log(b), 0 where a is 0

// start + weight (end - start).
Tensor lerp(const Tensor& start, const Tensor& end, const Tensor& weight);
Tensor lerp(const Tensor& start, const Tensor& end, const Scalar& weight);
// x + value a b, x + value a / b.
struct AddcOptions {
  Scalar value = 1;
};
Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, const AddcOptions& options = {});
Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, const AddcOptions& options = {});

}  // namespace korrel
