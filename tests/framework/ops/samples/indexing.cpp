#include <korrel/framework/ops/indexing.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::mask;
using samples::real;

static samples::Arg numbers(const Shape& shape, int64_t bound) { return samples::index(shape, bound); }

static const samples::Rows rows = {
    {"index",
     {real({3, 4, 5}).batch()},
     [](Inputs x) {
       return index(x[0], {Ellipsis, Slice{1, -1, 2}, None, -1});
     }},
    {"index", {real({4, 3}), numbers({2, 3}, 4)}, [](Inputs x) { return index(x[0], {x[1]}); }},
    {"index",
     {real({2, 3, 4}).batch(), numbers({3, 1}, 3), numbers({2}, 4)},
     [](Inputs x) {
       return index(x[0], {Ellipsis, x[1], x[2]});
     }},
    {"index",
     {real({2, 3, 4}), numbers({3}, 2), numbers({3}, 4)},
     [](Inputs x) {
       return index(x[0], {x[1], Slice{}, x[2]});
     }},
    {"index",
     {real({3, 4, 2}), mask({3, 4})},
     [](Inputs x) {
       return index(x[0], {x[1], 1});
     }},
    {"index_put",
     {real({3, 4}), numbers({3}, 3), real({3, 1})},
     [](Inputs x) { return index_put(x[0], {x[1]}, x[2]); }},
    {"index_put",
     {real({4, 3}), real({3})},
     [](Inputs x) {
       return index_put(x[0], {Slice{0, 4, 2}}, x[1]);
     }},
    {"index_put",
     {real({3, 4}), numbers({5}, 3), real({5, 4})},
     [](Inputs x) { return index_put(x[0], {x[1]}, x[2], {.accumulate = true}); }},
    {"masked_select", {real({3, 4}), mask({3, 1})}, [](Inputs x) { return masked_select(x[0], x[1]); }},
    {"masked_scatter",
     {real({3, 4}), mask({3, 4}), real({12})},
     [](Inputs x) { return masked_scatter(x[0], x[1], x[2]); }},
    {.op = "nonzero", .args = {mask({3, 4})}, .call = [](Inputs x) { return nonzero(x[0]); }, .differentiable = false},
};
