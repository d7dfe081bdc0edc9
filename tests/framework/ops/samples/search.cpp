#include <korrel/framework/ops/search.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/ops/ordering.h>

using namespace korrel;
using samples::distinct;
using samples::index;
using samples::Inputs;
using samples::positive;
using samples::real;

static const samples::Rows rows = {
    {.op = "one_hot",
     .args = {index({2, 3}, 4).batch()},
     .call = [](Inputs x) { return one_hot(x[0], 4); },
     .differentiable = false},
    {.op = "bincount",
     .args = {index({9}, 5)},
     .call = [](Inputs x) { return bincount(x[0], {}, 7); },
     .differentiable = false},
    {.op = "bincount",
     .args = {index({9}, 5), positive({9}).constant()},
     .call = [](Inputs x) { return bincount(x[0], x[1]); },
     .differentiable = false},
    {.op = "searchsorted",
     .args = {real({2, 5}).constant(), real({2, 3}).constant()},
     .call = [](Inputs x) { return searchsorted(sort(x[0]).values, x[1], {.right = true}); },
     .differentiable = false},
    {"sort", {distinct({3, 4}).batch()}, [](Inputs x) { return sort(x[0]).values; }},
    {"sort", {distinct({3, 2, 2})}, [](Inputs x) { return sort(x[0], 0, {.descending = true}).values; }},
    {.op = "argsort",
     .args = {distinct({3, 4}).batch()},
     .call = [](Inputs x) { return argsort(x[0]); },
     .differentiable = false},
    {"topk", {distinct({3, 5}).batch()}, [](Inputs x) { return topk(x[0], 2).values; }},
    {.op = "unique",
     .args = {index({3, 4}, 5)},
     .call =
         [](Inputs x) {
           UniqueResult y = unique(x[0]);
           return std::vector<Tensor>{y.values, y.inverse_indices, y.counts};
         },
     .differentiable = false},
};
