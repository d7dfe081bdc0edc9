#include <korrel/framework/ops/elementwise.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::distinct;
using samples::Inputs;
using samples::mask;
using samples::positive;
using samples::real;

// Step functions and comparisons have no gradient worth differences: their rows are not differentiable, or (floor and its
// like, whose gradient is zero) have constant pieces that the sampled values do not leave.
static const samples::Rows rows = {
    {"add", {real({2, 3}).batch(), real({3})}, [](Inputs x) { return add(x[0], x[1], {.alpha = 0.5}); }},
    {"add", {real({2, 3})}, [](Inputs x) { return add(x[0], 2.5); }},
    {"sub", {real({2, 3}).batch(), real({2, 1}).batch()}, [](Inputs x) { return sub(x[0], x[1]); }},
    {"sub", {real({2, 3})}, [](Inputs x) { return sub(1.5, x[0], {.alpha = 2}); }},
    {"mul", {real({2, 3}).batch(), real({2, 3}).batch()}, [](Inputs x) { return mul(x[0], x[1]); }},
    {"mul", {real({4, 1, 3}), real({5, 1})}, [](Inputs x) { return mul(x[0], x[1]); }},
    {"mul", {real({70, 3})}, [](Inputs x) { return mul(x[0], -3); }},
    {"div", {real({2, 3}).batch(), positive({3})}, [](Inputs x) { return div(x[0], x[1]); }},
    {"div", {real({2, 3})}, [](Inputs x) { return div(x[0], 4); }},
    {"div", {positive({2, 3})}, [](Inputs x) { return div(4, x[0]); }},
    {"div", {real({2, 3}, 2.1, 2.4), real({3}, 0.9, 1)}, [](Inputs x) { return div(x[0], x[1], {.rounding_mode = Rounding::floor}); }, false},
    {"neg", {real({2, 3}).batch()}, [](Inputs x) { return neg(x[0]); }, false},  // its gradient is constant
    {"eq", {real({2, 3}).batch(), real({3})}, [](Inputs x) { return eq(x[0], x[1]); }, false, 0, false},
    {"ne", {real({2, 3}), real({3})}, [](Inputs x) { return ne(x[0], x[1]); }, false, 0, false},
    {"lt", {real({2, 3}), real({3})}, [](Inputs x) { return lt(x[0], x[1]); }, false, 0, false},
    {"le", {real({2, 3}), real({3})}, [](Inputs x) { return le(x[0], x[1]); }, false, 0, false},
    {"gt", {real({2, 3}), real({3})}, [](Inputs x) { return gt(x[0], x[1]); }, false, 0, false},
    {"ge", {real({2, 3})}, [](Inputs x) { return ge(x[0], 0.5); }, false, 0, false},
    {"logical_and", {mask({2, 3}), mask({3})}, [](Inputs x) { return logical_and(x[0], x[1]); }, false, 0, false},
    {"logical_or", {mask({2, 3}), mask({3})}, [](Inputs x) { return logical_or(x[0], x[1]); }, false, 0, false},
    {"logical_xor", {mask({2, 3}), mask({3})}, [](Inputs x) { return logical_xor(x[0], x[1]); }, false, 0, false},
    {"logical_not", {mask({2, 3})}, [](Inputs x) { return logical_not(x[0]); }, false, 0, false},
    {"where", {mask({2, 3}), real({2, 3}), real({3})}, [](Inputs x) { return where(x[0], x[1], x[2]); }, false},  // linear
    {"where", {mask({2, 1}), real({2, 3})}, [](Inputs x) { return where(x[0], x[1], 0.5) * where(x[0], -2, x[1]); }},
    {"masked_fill", {real({2, 3}), mask({3})}, [](Inputs x) { return masked_fill(x[0], x[1], -9); }, false},  // linear

    {"exp", {real({2, 37}).batch()}, [](Inputs x) { return exp(x[0]); }},
    {"exp2", {real({2, 3}).batch()}, [](Inputs x) { return exp2(x[0]); }},
    {"expm1", {real({2, 3}).batch()}, [](Inputs x) { return expm1(x[0]); }},
    {"log", {positive({2, 37}).batch()}, [](Inputs x) { return log(x[0]); }},
    {"log2", {positive({2, 3}).batch()}, [](Inputs x) { return log2(x[0]); }},
    {"log10", {positive({2, 3}).batch()}, [](Inputs x) { return log10(x[0]); }},
    {"log1p", {positive({2, 3}).batch()}, [](Inputs x) { return log1p(x[0]); }},
    {"sqrt", {positive({2, 3}).batch()}, [](Inputs x) { return sqrt(x[0]); }},
    {"rsqrt", {positive({2, 3}).batch()}, [](Inputs x) { return rsqrt(x[0]); }},
    {"reciprocal", {positive({2, 3}).batch()}, [](Inputs x) { return reciprocal(x[0]); }},
    {"square", {real({2, 3}).batch()}, [](Inputs x) { return square(x[0]); }},
    {"sin", {real({2, 37}).batch()}, [](Inputs x) { return sin(x[0]); }},
    {"cos", {real({2, 3}).batch()}, [](Inputs x) { return cos(x[0]); }},
    {"tan", {real({2, 3}, -1, 1).batch()}, [](Inputs x) { return tan(x[0]); }},
    {"asin", {real({2, 3}, -0.8, 0.8).batch()}, [](Inputs x) { return asin(x[0]); }},
    {"acos", {real({2, 3}, -0.8, 0.8).batch()}, [](Inputs x) { return acos(x[0]); }},
    {"atan", {real({2, 3}).batch()}, [](Inputs x) { return atan(x[0]); }},
    {"sinh", {real({2, 3}).batch()}, [](Inputs x) { return sinh(x[0]); }},
    {"cosh", {real({2, 3}).batch()}, [](Inputs x) { return cosh(x[0]); }},
    {"tanh", {real({2, 37}).batch()}, [](Inputs x) { return tanh(x[0]); }},
    {"asinh", {real({2, 3}).batch()}, [](Inputs x) { return asinh(x[0]); }},
    {"acosh", {real({2, 3}, 1.3, 3).batch()}, [](Inputs x) { return acosh(x[0]); }},
    {"atanh", {real({2, 3}, -0.8, 0.8).batch()}, [](Inputs x) { return atanh(x[0]); }},
    {"erf", {real({2, 37}).batch()}, [](Inputs x) { return erf(x[0]); }},
    {"erfc", {real({2, 3}).batch()}, [](Inputs x) { return erfc(x[0]); }},
    {"sigmoid", {real({2, 37}).batch()}, [](Inputs x) { return sigmoid(x[0]); }},
    {"lgamma", {positive({2, 3}).batch()}, [](Inputs x) { return lgamma(x[0]); }},
    {"digamma", {positive({2, 3}).batch()}, [](Inputs x) { return digamma(x[0]); }},
    {"polygamma", {positive({2, 3}).batch()}, [](Inputs x) { return polygamma(1, x[0]); }, true, 1e-3},

    {"abs", {distinct({2, 3}).batch()}, [](Inputs x) { return abs(x[0]); }},
    {"sign", {distinct({2, 3})}, [](Inputs x) { return sign(x[0]); }, false},
    {"floor", {real({2, 3}, 2.1, 2.9)}, [](Inputs x) { return floor(x[0]); }, false},
    {"ceil", {real({2, 3}, 2.1, 2.9)}, [](Inputs x) { return ceil(x[0]); }, false},
    {"round", {real({2, 3}, 1.6, 2.4)}, [](Inputs x) { return round(x[0]); }, false},
    {"trunc", {real({2, 3}, -2.9, -2.1)}, [](Inputs x) { return trunc(x[0]); }, false},
    {"frac", {real({2, 3}, -2.9, -2.1)}, [](Inputs x) { return frac(x[0]); }, false},
    {"isnan", {real({2, 3})}, [](Inputs x) { return isnan(log(x[0])); }, false, 0, false},
    {"isinf", {mask({2, 3})}, [](Inputs x) { return isinf(log(x[0])); }, false, 0, false},
    {"isfinite", {mask({2, 3})}, [](Inputs x) { return isfinite(log(x[0])); }, false, 0, false},
    {"nan_to_num", {real({2, 3})}, [](Inputs x) { return nan_to_num(x[0]); }, false},
    {"clamp", {distinct({2, 5}).batch()}, [](Inputs x) { return clamp(x[0], {.min = -0.15, .max = 0.3}); }},
    {"clamp", {distinct({2, 5})}, [](Inputs x) { return clamp(x[0], {.max = 0.}); }},

    {"maximum", {distinct({3, 4}), real({4})}, [](Inputs x) { return maximum(x[0], x[1]); }},
    {"minimum", {distinct({3, 4}), real({3, 1})}, [](Inputs x) { return minimum(x[0], x[1]); }},
    {"pow", {positive({2, 3}).batch(), real({3})}, [](Inputs x) { return pow(x[0], x[1]); }},
    {"pow", {real({2, 3})}, [](Inputs x) { return pow(x[0], 3); }},
    {"pow", {positive({2, 3})}, [](Inputs x) { return pow(x[0], -0.5) + pow(x[0], 2) + pow(x[0], 1.7); }},
    {"pow", {real({2, 3})}, [](Inputs x) { return pow(2.5, x[0]); }},
    {"fmod", {real({2, 3}, 2.1, 2.4), real({3}, 0.9, 1)}, [](Inputs x) { return fmod(x[0], x[1]); }, false},
    {"fmod", {real({2, 3}, 2.1, 2.4)}, [](Inputs x) { return fmod(x[0], 2); }, false},
    {"remainder", {real({2, 3}, -2.4, -2.1), real({3}, 0.9, 1)}, [](Inputs x) { return remainder(x[0], x[1]); }, false},
    {"remainder", {real({2, 3}, -2.4, -2.1)}, [](Inputs x) { return remainder(x[0], 1); }, false},
    {"atan2", {positive({2, 3}).batch(), positive({3})}, [](Inputs x) { return atan2(x[0], x[1]); }},
    {"hypot", {positive({2, 3}).batch(), positive({3})}, [](Inputs x) { return hypot(x[0], x[1]); }},
    {"logaddexp", {real({2, 3}).batch(), real({3})}, [](Inputs x) { return logaddexp(x[0], x[1]); }},
    {"xlogy", {positive({2, 3}).batch(), positive({3})}, [](Inputs x) { return xlogy(x[0], x[1]); }},
    {"lerp", {real({2, 3}).batch(), real({3}), real({2, 1}, 0, 1).batch()}, [](Inputs x) { return lerp(x[0], x[1], x[2]); }},
    {"lerp", {real({2, 3}), real({2, 3})}, [](Inputs x) { return square(lerp(x[0], x[1], 0.3)); }},
    {"addcmul", {real({2, 3}).batch(), real({3}), real({2, 1}).batch()}, [](Inputs x) { return addcmul(x[0], x[1], x[2], {.value = -0.5}); }},
    {"addcdiv", {real({2, 3}).batch(), real({3}), positive({2, 1}).batch()}, [](Inputs x) { return addcdiv(x[0], x[1], x[2], {.value = 2}); }},
};
