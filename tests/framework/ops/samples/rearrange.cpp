#include <korrel/framework/ops/rearrange.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/tensor/create.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

static const samples::Rows rows = {
    {"cat",
     {real({2, 3}).batch(), real({1, 3}), real({2, 3})},
     [](Inputs x) {
       return cat({x[0], x[1], x[2]});
     }},
    {"cat",
     {real({2, 1, 2}), real({2, 3, 2})},
     [](Inputs x) {
       return cat({x[0], x[1], x[0]}, -2);
     }},
    {"stack",
     {real({2, 3}).batch(), real({2, 3}).batch()},
     [](Inputs x) {
       return stack({x[0], x[1]}, 1);
     }},
    {"repeat",
     {real({2, 3}).batch()},
     [](Inputs x) {
       return repeat(x[0], {2, 1, 2});
     }},
    {"repeat",
     {real({2, 3})},
     [](Inputs x) {
       return repeat(x[0], {1, 1});
     }},
    {"tile", {real({2, 3})}, [](Inputs x) { return tile(x[0], {2}); }},
    {"repeat_interleave", {real({2, 3}).batch()}, [](Inputs x) { return repeat_interleave(x[0], 2, 1); }},
    {"repeat_interleave",
     {real({2, 3})},
     [](Inputs x) {
       return repeat_interleave(x[0], tensor({2, 0, 1}, {i64}), 1);
     }},
    {"flip",
     {real({2, 3, 2}).batch()},
     [](Inputs x) {
       return flip(x[0], {0, -1});
     }},
    {"roll",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return roll(x[0], {1, -2}, {0, 2});
     }},
    {"roll", {real({2, 3})}, [](Inputs x) { return roll(x[0], {2}); }},
    {"rot90", {real({2, 3})}, [](Inputs x) { return rot90(x[0]); }},
    {"rot90",
     {real({2, 3, 2})},
     [](Inputs x) {
       return rot90(x[0], -1, {1, 2});
     }},
    {"rot90", {real({2, 3})}, [](Inputs x) { return rot90(x[0], 2); }},
    {"tril", {real({2, 3, 4}).batch()}, [](Inputs x) { return tril(x[0], 1); }},
    {"triu", {real({2, 4, 3}).batch()}, [](Inputs x) { return triu(x[0], -1); }},
    {"diag", {real({3})}, [](Inputs x) { return diag(x[0], 1); }},
    {"diag", {real({3, 4})}, [](Inputs x) { return diag(x[0], -1); }},
    {"diag_embed", {real({2, 3}).batch()}, [](Inputs x) { return diag_embed(x[0], -1); }},
    {"diff", {real({2, 5}).batch()}, [](Inputs x) { return diff(x[0], 2); }},
    {"diff", {real({3, 2}), real({1, 2}), real({2, 2})}, [](Inputs x) { return diff(x[0], 1, 0, x[1], x[2]); }},
};
