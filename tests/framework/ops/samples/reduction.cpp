// Reductions, running reductions and softmax.
#include <limits>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/scan.h>
#include <korrel/framework/ops/softmax.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::distinct;
using samples::Inputs;
using samples::mask;
using samples::positive;
using samples::real;

static constexpr double inf = std::numeric_limits<double>::infinity();

static const samples::Rows rows = {
    {"sum", {real({2, 3, 4}).batch()}, [](Inputs x) { return sum(x[0]); }},
    {"sum", {real({2, 3, 40}).batch()}, [](Inputs x) { return sum(x[0], -1, {.keepdim = true}); }},
    {"sum",
     {real({3, 4, 5}).batch()},
     [](Inputs x) {
       return sum(x[0], {0, 2});
     }},
    {"sum", {real({3, 70}).batch()}, [](Inputs x) { return sum(x[0], 0); }},
    {"sum", {real({})}, [](Inputs x) { return sum(x[0], 0); }},
    {"sum_to",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return sum_to(x[0], {3, 1});
     }},
    {"nansum", {real({2, 3}).batch()}, [](Inputs x) { return nansum(x[0], 1); }},
    {"mean",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return mean(x[0], {1, 2});
     }},
    {"mean", {real({5})}, [](Inputs x) { return mean(x[0]); }},
    {"prod",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return prod(x[0], {1, 2});
     }},
    {"prod", {real({2, 3})}, [](Inputs x) { return prod(x[0] * (x[0] > -0.5), 1); }},  // with zeros
    {"var",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return var(x[0], {1, 2});
     }},
    {"var", {real({3, 20})}, [](Inputs x) { return var(x[0], 0, {.unbiased = false, .keepdim = true}); }},
    {"std", {real({2, 5}).batch()}, [](Inputs x) { return korrel::std(x[0], 1); }},
    {"logsumexp",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return logsumexp(x[0], {1, 2});
     }},
    {"norm", {real({2, 5}).batch()}, [](Inputs x) { return norm(x[0], 2, 1); }},
    {"norm", {real({2, 5}).batch()}, [](Inputs x) { return norm(x[0], 1, 1); }},
    {"norm", {real({2, 5}).batch()}, [](Inputs x) { return norm(x[0], 3.5, 1, {.keepdim = true}); }},
    {"norm", {real({2, 5}).batch()}, [](Inputs x) { return norm(x[0], 0.5, 1); }},
    {"norm", {real({2, 5}).batch()}, [](Inputs x) { return norm(x[0], 1.5, 1); }},
    {"norm", {distinct({2, 5})}, [](Inputs x) { return norm(x[0], inf, 1); }},
    {"norm", {distinct({2, 5})}, [](Inputs x) { return norm(x[0], -inf, 1); }},
    {"norm", {real({2, 5})}, [](Inputs x) { return norm(x[0], 0, 1); }, false},  // a count: its gradient is constant
    // The last: not differentiable.
    {"all", {mask({3, 4}).batch()}, [](Inputs x) { return all(x[0], 1); }, true, 1e-4, false},
    {"any", {mask({3, 4}).batch()}, [](Inputs x) { return any(x[0], 1); }, true, 1e-4, false},
    {"count_nonzero", {real({3, 4}).batch()}, [](Inputs x) { return count_nonzero(x[0] > 0, 1); }, true, 1e-4, false},
    {"amax",
     {distinct({2, 3, 4}).batch()},
     [](Inputs x) {
       return amax(x[0], {1, 2});
     }},
    {"amin", {distinct({3, 40}).batch(1)}, [](Inputs x) { return amin(x[0], 0, {.keepdim = true}); }},
    {"max", {distinct({2, 7})}, [](Inputs x) { return max(x[0]); }},
    {"max", {distinct({3, 7}).batch()}, [](Inputs x) { return max(x[0], 1).values; }},
    {"min", {distinct({2, 7})}, [](Inputs x) { return min(x[0]); }},
    {"min", {distinct({3, 2, 4}).batch()}, [](Inputs x) { return min(x[0], 1, {.keepdim = true}).values; }},
    {"argmax", {distinct({3, 7}).batch()}, [](Inputs x) { return argmax(x[0], 1); }, true, 1e-4, false},
    {"argmin", {distinct({3, 7})}, [](Inputs x) { return argmin(x[0]); }, true, 1e-4, false},
    {"median", {distinct({2, 7})}, [](Inputs x) { return median(x[0]); }},
    {"median", {distinct({3, 6}).batch()}, [](Inputs x) { return median(x[0], 1).values; }},
    {"kthvalue", {distinct({3, 6}).batch()}, [](Inputs x) { return kthvalue(x[0], 2, 1).values; }},
    {"cumsum", {real({3, 5}).batch()}, [](Inputs x) { return cumsum(x[0], 1); }},
    {"cumprod", {real({2, 5}).batch()}, [](Inputs x) { return cumprod(x[0], -1); }},
    {"cumprod", {real({2, 5})}, [](Inputs x) { return cumprod(x[0] * (x[0] > -1), 1); }},  // with zeros
    {"logcumsumexp", {real({3, 5}).batch()}, [](Inputs x) { return logcumsumexp(x[0], 1); }},
    {"cummax", {distinct({3, 5}).batch()}, [](Inputs x) { return cummax(x[0], 1).values; }},
    {"cummin", {distinct({3, 5}).batch()}, [](Inputs x) { return cummin(x[0], 1).values; }},
    {"softmax", {real({3, 19}).batch()}, [](Inputs x) { return softmax(x[0], 1); }},
    {"softmax", {real({2, 4, 5}).batch()}, [](Inputs x) { return softmax(x[0], 1); }},
    {"log_softmax", {real({3, 5}).batch()}, [](Inputs x) { return log_softmax(x[0], -1); }},
    {"log_softmax", {real({3, 2, 17}).batch(2)}, [](Inputs x) { return log_softmax(x[0], 0); }},
    {"softmin", {real({3, 5}).batch()}, [](Inputs x) { return softmin(x[0], 1); }},
};
