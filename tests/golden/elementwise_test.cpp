// PyTorch's numbers for elementwise arithmetic, mathematics and activations.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <limits>

#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/elementwise.h>

using namespace korrel;
using golden::Case;

namespace {

// `f(x)`, and `f(x, other)`.
template <class X>
golden::Call unary(Tensor (*f)(X)) {
  return [f](const Case& c) { return f(c["x"]); };
}
golden::Call binary(Tensor (*f)(const Tensor&, const Tensor&)) {
  return [f](const Case& c) { return f(c["x"], c["other"]); };
}

// A number as it was written: integers stay integers.
Scalar number(const golden::Args& args, const std::string& name) {
  std::string text = args.raw(name);
  if (text.find_first_of(".einf") == std::string::npos) return args.integer(name);
  return args.number(name);
}
std::optional<Scalar> optional_number(const Case& c, const std::string& name) {
  return c.args.has(name) ? std::optional<Scalar>(c.args.number(name)) : std::nullopt;
}

DivOptions rounding(const Case& c) {
  if (!c.args.has("rounding_mode")) return {};
  return {c.args.text("rounding_mode") == "floor" ? Rounding::floor : Rounding::trunc};
}

const golden::Ops ops = {
    {"exp", unary(exp)},
    {"log", unary(log)},
    {"sqrt", unary(sqrt)},
    {"rsqrt", unary(rsqrt)},
    {"reciprocal", unary(reciprocal)},
    {"sin", unary(sin)},
    {"cos", unary(cos)},
    {"erf", unary(erf)},
    {"square", unary(square)},
    {"log1p", unary(log1p)},
    {"expm1", unary(expm1)},
    {"atan", unary(atan)},
    {"abs", unary(abs)},
    {"neg", unary(neg)},
    {"exp2", unary(exp2)},
    {"log2", unary(log2)},
    {"log10", unary(log10)},
    {"tan", unary(tan)},
    {"asin", unary(asin)},
    {"acos", unary(acos)},
    {"sinh", unary(sinh)},
    {"cosh", unary(cosh)},
    {"asinh", unary(asinh)},
    {"acosh", unary(acosh)},
    {"atanh", unary(atanh)},
    {"erfc", unary(erfc)},
    {"floor", unary(floor)},
    {"ceil", unary(ceil)},
    {"round", unary(round)},
    {"trunc", unary(trunc)},
    {"frac", unary(frac)},
    {"sign", unary(sign)},
    {"lgamma", unary(lgamma)},
    {"tanh", unary(tanh)},
    {"sigmoid", unary(sigmoid)},
    {"isnan", unary(isnan)},
    {"isinf", unary(isinf)},
    {"isfinite", unary(isfinite)},
    {"logical_not", unary(logical_not)},
    {"clamp",
     [](const Case& c) {
       return clamp(c["x"], {optional_number(c, "min"), optional_number(c, "max")});
     }},
    {"nan_to_num",
     [](const Case& c) {
       return nan_to_num(c["x"], {c.args.number("nan"), c.args.number("posinf"), c.args.number("neginf")});
     }},

    {"add", [](const Case& c) { return add(c["x"], c["other"], {number(c.args, "alpha")}); }},
    {"sub", [](const Case& c) { return sub(c["x"], c["other"], {number(c.args, "alpha")}); }},
    {"mul", binary(mul)},
    {"div", [](const Case& c) { return div(c["x"], c["other"], rounding(c)); }},
    {"pow", binary(pow)},
    {"maximum", binary(maximum)},
    {"minimum", binary(minimum)},
    {"fmod", binary(fmod)},
    {"remainder", binary(remainder)},
    {"atan2", binary(atan2)},
    {"logaddexp", binary(logaddexp)},
    {"hypot", binary(hypot)},
    {"xlogy", binary(xlogy)},
    {"eq", binary(eq)},
    {"ne", binary(ne)},
    {"lt", binary(lt)},
    {"le", binary(le)},
    {"gt", binary(gt)},
    {"ge", binary(ge)},
    {"logical_and", binary(logical_and)},
    {"logical_or", binary(logical_or)},
    {"logical_xor", binary(logical_xor)},
    {"pow_scalar", [](const Case& c) { return pow(c["x"], number(c.args, "exponent")); }},
    {"rpow_scalar", [](const Case& c) { return pow(number(c.args, "base"), c["x"]); }},
    {"lerp", [](const Case& c) { return lerp(c["x"], c["end"], number(c.args, "weight")); }},
    {"addcmul", [](const Case& c) { return addcmul(c["x"], c["tensor1"], c["tensor2"], {number(c.args, "value")}); }},
    {"addcdiv", [](const Case& c) { return addcdiv(c["x"], c["tensor1"], c["tensor2"], {number(c.args, "value")}); }},
    {"where", [](const Case& c) { return where(c["condition"], c["x"], c["other"]); }},

    {"relu", unary(relu)},
    {"relu6", unary(relu6)},
    {"leaky_relu", [](const Case& c) { return leaky_relu(c["x"], {c.args.number("negative_slope")}); }},
    {"elu", [](const Case& c) { return elu(c["x"], {c.args.number("alpha")}); }},
    {"selu", unary(selu)},
    {"celu", [](const Case& c) { return celu(c["x"], {c.args.number("alpha")}); }},
    {"gelu",
     [](const Case& c) {
       return gelu(c["x"], {c.args.text("approximate") == "tanh" ? Approximate::tanh : Approximate::none});
     }},
    {"silu", unary(silu)},
    {"mish", unary(mish)},
    {"hardswish", unary(hardswish)},
    {"hardsigmoid", unary(hardsigmoid)},
    {"hardtanh",
     [](const Case& c) {
       return hardtanh(c["x"], {c.args.number("min_val"), c.args.number("max_val")});
     }},
    {"softplus",
     [](const Case& c) {
       return softplus(c["x"], {c.args.number("beta"), c.args.number("threshold")});
     }},
    {"softsign", unary(softsign)},
    {"softshrink", [](const Case& c) { return softshrink(c["x"], {c.args.number("lambd")}); }},
    {"hardshrink", [](const Case& c) { return hardshrink(c["x"], {c.args.number("lambd")}); }},
    {"tanhshrink", unary(tanhshrink)},
    {"logsigmoid", unary(logsigmoid)},
    {"threshold", [](const Case& c) { return threshold(c["x"], c.args.number("threshold"), c.args.number("value")); }},
    {"prelu", [](const Case& c) { return prelu(c["x"], c["weight"]); }},
    {"glu", [](const Case& c) { return glu(c["x"], c.args.integer("dim")); }},
};

}  // namespace

TEST_CASE("unary") { golden::run("unary"); }
TEST_CASE("binary") { golden::run("binary"); }
TEST_CASE("broadcast_sweep") { golden::run("broadcast_sweep"); }
TEST_CASE("activations") { golden::run("activations"); }
