// Elementwise arithmetic, comparison and mathematics of tensors and numbers, with PyTorch's broadcasting (sizes of 1
// stretch, missing leading dimensions appear) and type promotion (ops/promotion.h). Shapes that do not broadcast throw
// ShapeError. Activation functions are in ops/activation.h. tanh, sigmoid and relu take x by value: the elements of a
// temporary that nobody else holds, as in relu(conv(h)), are written over instead of copied.
#pragma once

#include <optional>

#include <korrel/framework/base/scalar.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// Sums, differences, products. bool + bool is "or"; bool - bool throws DtypeError, as in PyTorch.
struct AddOptions {
  Scalar alpha = 1;
};
Tensor add(const Tensor& a, const Tensor& b);  // a + alpha b
Tensor add(const Tensor& a, const Tensor& b, const AddOptions& options);
Tensor add(const Tensor& a, const Scalar& b, const AddOptions& options = {});
Tensor sub(const Tensor& a, const Tensor& b, const AddOptions& options = {});  // a - alpha b
Tensor sub(const Tensor& a, const Scalar& b, const AddOptions& options = {});
Tensor sub(const Scalar& a, const Tensor& b, const AddOptions& options = {});
Tensor mul(const Tensor& a, const Tensor& b);  // a b
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
Tensor neg(const Tensor& x);  // -x

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
Tensor eq(const Tensor& a, const Tensor& b);  // a == b, element by element: bool, no gradient
Tensor eq(const Tensor& a, const Scalar& b);
Tensor ne(const Tensor& a, const Tensor& b);  // a != b, element by element: bool, no gradient
Tensor ne(const Tensor& a, const Scalar& b);
Tensor lt(const Tensor& a, const Tensor& b);  // a < b, element by element: bool, no gradient
Tensor lt(const Tensor& a, const Scalar& b);
Tensor le(const Tensor& a, const Tensor& b);  // a <= b, element by element: bool, no gradient
Tensor le(const Tensor& a, const Scalar& b);
Tensor gt(const Tensor& a, const Tensor& b);  // a > b, element by element: bool, no gradient
Tensor gt(const Tensor& a, const Scalar& b);
Tensor ge(const Tensor& a, const Tensor& b);  // a >= b, element by element: bool, no gradient
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
Tensor logical_and(const Tensor& a, const Tensor& b);  // a and b: bool; a number counts as true unless it is 0
Tensor logical_or(const Tensor& a, const Tensor& b);   // a or b: bool; a number counts as true unless it is 0
Tensor logical_xor(const Tensor& a, const Tensor& b);  // either, not both: bool; a number counts as true unless it is 0
Tensor logical_not(const Tensor& x);                   // whether x is 0: bool

// condition ? a : b, element by element; condition is bool (u8 counts as "is not zero").
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, const Scalar& b);
Tensor where(const Tensor& condition, const Scalar& a, const Tensor& b);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Scalar& value);  // value where mask is true, else x

// Mathematics of one tensor: integers and bool become f32. Outside a function's domain: NaN or an infinity, as in C.
Tensor exp(const Tensor& x);                   // e^x
Tensor exp2(const Tensor& x);                  // 2^x
Tensor expm1(const Tensor& x);                 // e^x - 1, precise near 0
Tensor log(const Tensor& x);                   // natural logarithm
Tensor log2(const Tensor& x);                  // logarithm to base 2
Tensor log10(const Tensor& x);                 // logarithm to base 10
Tensor log1p(const Tensor& x);                 // log(1 + x), precise near 0
Tensor sqrt(const Tensor& x);                  // square root
Tensor rsqrt(const Tensor& x);                 // 1 / sqrt(x)
Tensor reciprocal(const Tensor& x);            // 1 / x
Tensor sin(const Tensor& x);                   // sine of radians
Tensor cos(const Tensor& x);                   // cosine of radians
Tensor tan(const Tensor& x);                   // tangent of radians
Tensor asin(const Tensor& x);                  // arc sine
Tensor acos(const Tensor& x);                  // arc cosine
Tensor atan(const Tensor& x);                  // arc tangent
Tensor sinh(const Tensor& x);                  // hyperbolic sine
Tensor cosh(const Tensor& x);                  // hyperbolic cosine
Tensor tanh(Tensor x);                         // hyperbolic tangent
Tensor asinh(const Tensor& x);                 // inverse hyperbolic sine
Tensor acosh(const Tensor& x);                 // inverse hyperbolic cosine
Tensor atanh(const Tensor& x);                 // inverse hyperbolic tangent
Tensor erf(const Tensor& x);                   // error function
Tensor erfc(const Tensor& x);                  // 1 - erf(x), precise where x is large
Tensor sigmoid(Tensor x);                      // 1 / (1 + e^-x)
Tensor lgamma(const Tensor& x);                // log |gamma(x)|
Tensor digamma(const Tensor& x);               // derivative of lgamma
Tensor polygamma(int64_t n, const Tensor& x);  // derivative n of digamma: n = 1 is trigamma

// Rounding, sign and size; these keep integers as they are. The gradient of a step function is zero, that of abs at 0
// too.
Tensor abs(const Tensor& x);       // |x|; slope 0 at 0
Tensor sign(const Tensor& x);      // -1, 0 or 1
Tensor floor(const Tensor& x);     // the integer below
Tensor ceil(const Tensor& x);      // the integer above
Tensor round(const Tensor& x);     // the nearest integer, halves to the even neighbour
Tensor trunc(const Tensor& x);     // the integer towards 0
Tensor frac(const Tensor& x);      // x - trunc(x)
Tensor square(const Tensor& x);    // x^2
Tensor isnan(const Tensor& x);     // whether x is NaN: bool
Tensor isinf(const Tensor& x);     // whether x is an infinity: bool
Tensor isfinite(const Tensor& x);  // whether x is neither NaN nor an infinity: bool
struct NanToNumOptions {
  double nan = 0;
  std::optional<double> posinf = {}, neginf = {};  // default: the largest finite number, its negative
};
Tensor nan_to_num(const Tensor& x, const NanToNumOptions& options = {});  // other numbers for NaN and the infinities
// x between two bounds, both included (slope 1 there); where they cross, max wins. NaN stays NaN.
struct ClampOptions {
  std::optional<Scalar> min = {}, max = {};
};
Tensor clamp(const Tensor& x, const ClampOptions& options);

// Two or three tensors.
Tensor maximum(const Tensor& a, const Tensor& b);  // the larger; NaN where either is; a tie halves the gradient
Tensor minimum(const Tensor& a, const Tensor& b);  // the smaller, likewise
// a to the power of b. Integers stay integers: to a negative number throws ValueError.
Tensor pow(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, const Scalar& b);
Tensor pow(const Scalar& a, const Tensor& b);
// The rest of a / b: fmod has the sign of a (as in C), remainder that of b (as in Python).
Tensor fmod(const Tensor& a, const Tensor& b);  // the rest of a / b with the sign of a, as in C
Tensor fmod(const Tensor& a, const Scalar& b);
Tensor remainder(const Tensor& a, const Tensor& b);  // the rest of a / b with the sign of b, as in Python
Tensor remainder(const Tensor& a, const Scalar& b);
Tensor atan2(const Tensor& a, const Tensor& b);      // the angle of the point (b, a)
Tensor hypot(const Tensor& a, const Tensor& b);      // sqrt(a^2 + b^2) without overflow
Tensor logaddexp(const Tensor& a, const Tensor& b);  // log(e^a + e^b) without overflow
Tensor xlogy(const Tensor& a, const Tensor& b);      // a log(b), 0 where a is 0

// start + weight (end - start).
Tensor lerp(const Tensor& start, const Tensor& end, const Tensor& weight);
Tensor lerp(const Tensor& start, const Tensor& end, const Scalar& weight);
// x + value a b, x + value a / b.
struct AddcOptions {
  Scalar value = 1;
};
Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, const AddcOptions& options = {});  // x + value a b
Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, const AddcOptions& options = {});  // x + value a / b

}  // namespace korrel
