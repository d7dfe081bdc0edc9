#include <korrel/framework/ops/gather.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/tensor/create.h>

using namespace korrel;
using samples::distinct;
using samples::index;
using samples::Inputs;
using samples::positive;
using samples::real;

static const samples::Rows rows = {
    {"index_select", {real({2, 4, 3}).batch(), index({5}, 4)}, [](Inputs x) { return index_select(x[0], 1, x[1]); }},
    {"gather", {real({2, 4}).batch(), index({2, 6}, 4).batch()}, [](Inputs x) { return gather(x[0], 1, x[1]); }},
    {"gather", {real({4, 3}), index({5, 2}, 4)}, [](Inputs x) { return gather(x[0], 0, x[1]); }},
    {"take", {real({2, 3}), index({2, 2}, 6)}, [](Inputs x) { return take(x[0], x[1]); }},
    {"take_along_dim", {real({3, 4}), index({1, 2}, 4)}, [](Inputs x) { return take_along_dim(x[0], x[1], 1); }},
    {"take_along_dim", {real({3, 4}), index({2}, 12)}, [](Inputs x) { return take_along_dim(x[0], x[1]); }},
    {"scatter",
     {real({2, 4}).batch(), index({2, 3}, 4).batch(), real({2, 3}).batch()},
     [](Inputs x) { return scatter(x[0], 1, x[1], x[2]); }},
    {"scatter", {real({4, 3}), index({2, 2}, 4)}, [](Inputs x) { return scatter(x[0], 0, x[1], 1.5); }},
    {"scatter_add",
     {real({2, 3}).batch(), index({2, 5}, 3).batch(), real({2, 5}).batch()},
     [](Inputs x) { return scatter_add(x[0], 1, x[1], x[2]); }},
    {"scatter_add",
     {real({3, 4}), index({2, 3}, 3), real({5, 4})},
     [](Inputs x) { return scatter_add(x[0], 0, x[1], x[2]); }},
    {"scatter_reduce",
     {real({4}), index({6}, 4), real({6})},
     [](Inputs x) { return scatter_reduce(x[0], 0, x[1], x[2], "sum"); }},
    {"scatter_reduce",
     {real({3, 2}), index({5, 2}, 3), real({5, 2})},
     [](Inputs x) { return scatter_reduce(x[0], 0, x[1], x[2], "mean"); }},
    {"scatter_reduce",
     {real({3, 2}), index({4, 2}, 3), real({4, 2})},
     [](Inputs x) { return scatter_reduce(x[0], 0, x[1], x[2], "mean", {.include_self = false}); }},
    {"scatter_reduce",
     {positive({3}), index({5}, 3), positive({5})},
     [](Inputs x) { return scatter_reduce(x[0], 0, x[1], x[2], "prod"); }},
    {"scatter_reduce",
     {positive({3}), index({4}, 3), positive({4})},
     [](Inputs x) { return scatter_reduce(x[0], 0, x[1], x[2], "prod", {.include_self = false}); }},
    {"scatter_reduce",
     {distinct({4}), index({7}, 4), real({7})},
     [](Inputs x) { return scatter_reduce(x[0], 0, x[1], x[2], "amax"); }},
    {"scatter_reduce",
     {distinct({4}), index({5}, 4), distinct({5})},
     [](Inputs x) { return scatter_reduce(x[0], 0, x[1], x[2], "amin", {.include_self = false}); }},
    {"index_add",
     {real({4, 3}), index({5}, 4), real({5, 3})},
     [](Inputs x) { return index_add(x[0], 0, x[1], x[2], {.alpha = 0.5}); }},
    {"index_copy",
     {real({2, 4, 2}).batch(), index({3}, 4), real({2, 3, 2}).batch()},
     [](Inputs x) { return index_copy(x[0], 1, x[1], x[2]); }},
    {"index_fill", {real({2, 4}).batch(), index({2}, 4)}, [](Inputs x) { return index_fill(x[0], 1, x[1], -1.5); }},
};
