#include <korrel/framework/ops/activation.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::distinct;
using samples::Inputs;
using samples::real;

// `distinct` values keep away from the kinks. Functions of straight lines have no second derivative: their rows square
// them.
static const samples::Rows rows = {
    {"relu", {distinct({3, 7}).batch()}, [](Inputs x) { return square(relu(x[0])); }},
    {"relu", {distinct({2, 3, 5, 4}).batch()}, [](Inputs x) { return relu(x[0]); }, false},
    {"relu6", {distinct({9, 20})}, [](Inputs x) { return square(relu6(x[0])); }},
    {"leaky_relu",
     {distinct({3, 7}).batch()},
     [](Inputs x) { return square(leaky_relu(x[0], {.negative_slope = 0.2})); }},
    {"prelu", {distinct({2, 3, 4}).batch(), real({3})}, [](Inputs x) { return prelu(x[0], x[1]); }},
    {"prelu", {distinct({3, 4}), real({1})}, [](Inputs x) { return prelu(x[0], x[1]); }},
    {"elu", {distinct({3, 7}).batch()}, [](Inputs x) { return elu(x[0], {.alpha = 0.7}); }},
    {"selu", {distinct({3, 7}).batch()}, [](Inputs x) { return selu(x[0]); }},
    {"celu", {distinct({3, 7}).batch()}, [](Inputs x) { return celu(x[0], {.alpha = 0.7}); }},
    {"gelu", {real({2, 37}, -4, 4).batch()}, [](Inputs x) { return gelu(x[0]); }},
    {"gelu", {real({2, 37}, -4, 4).batch()}, [](Inputs x) { return gelu(x[0], {.approximate = Approximate::tanh}); }},
    {"silu", {real({2, 37}, -4, 4).batch()}, [](Inputs x) { return silu(x[0]); }},
    {"mish", {real({2, 37}, -4, 4).batch()}, [](Inputs x) { return mish(x[0]); }},
    {"softplus", {real({2, 37}, -4, 4).batch()}, [](Inputs x) { return softplus(x[0]); }},
    {"softplus", {distinct({3, 7})}, [](Inputs x) { return softplus(x[0], {.beta = 2, .threshold = 40}); }},
    {"logsigmoid", {real({2, 37}, -4, 4).batch()}, [](Inputs x) { return logsigmoid(x[0]); }},
    {"softsign", {distinct({3, 7}).batch()}, [](Inputs x) { return softsign(x[0]); }},
    {"tanhshrink", {real({3, 7}).batch()}, [](Inputs x) { return tanhshrink(x[0]); }},
    {"hardswish", {distinct({9, 10})}, [](Inputs x) { return hardswish(x[0]); }},
    {"hardsigmoid", {distinct({9, 10})}, [](Inputs x) { return square(hardsigmoid(x[0])); }},
    {"hardtanh",
     {distinct({3, 7}).batch()},
     [](Inputs x) { return square(hardtanh(x[0], {.min_val = -0.5, .max_val = 0.4})); }},
    {"hardshrink", {distinct({3, 7}).batch()}, [](Inputs x) { return square(hardshrink(x[0])); }},
    {"softshrink", {distinct({3, 7}).batch()}, [](Inputs x) { return square(softshrink(x[0], {.lambd = 0.2})); }},
    {"threshold", {distinct({3, 7}).batch()}, [](Inputs x) { return square(threshold(x[0], 0.2, -1)); }},
    {"glu", {real({2, 4, 3}).batch()}, [](Inputs x) { return glu(x[0], 1); }},
};
