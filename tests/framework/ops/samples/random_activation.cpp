#include <korrel/framework/ops/random_activation.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

// A generator of its own for each call: the same numbers each time.
static const samples::Rows rows = {
    {"rrelu",
     {real({3, 4}).batch()},
     [](Inputs x) {
       Generator generator(1);
       return rrelu(x[0], {.training = true}, generator);
     }},
    {"rrelu", {real({3, 4}).batch()}, [](Inputs x) { return rrelu(x[0]); }},
    {"gumbel_softmax",
     {real({3, 4}).batch()},
     [](Inputs x) {
       Generator generator(2);
       return gumbel_softmax(x[0], {.tau = 0.7}, generator);
     }},
};
