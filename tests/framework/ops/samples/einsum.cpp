#include <korrel/framework/ops/einsum.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

static const samples::Rows rows = {
    {"einsum",
     {real({2, 3, 4}).batch(), real({2, 4, 2}).batch()},
     [](Inputs x) {
       return einsum("bij,bjk->bik", {x[0], x[1]});
     }},
    {"einsum",
     {real({3, 4}).batch(), real({4, 3}).batch(1)},
     [](Inputs x) {
       return einsum("ab,ba", {x[0], x[1]});
     }},
    {"einsum", {real({2, 3, 3}).batch()}, [](Inputs x) { return einsum("...ii->i...", {x[0]}); }},
    {"einsum",
     {real({2, 3}).batch(), real({4, 3, 2}), real({2, 2}).batch()},
     [](Inputs x) {
       return einsum("bn, anm, bm -> ba", {x[0], x[1], x[2]});
     }},
    {"einsum",
     {real({2, 1, 2, 3}).batch(), real({3, 3, 2})},
     [](Inputs x) {
       return einsum("...ij,...jk->...ik", {x[0], x[1]});
     }},
    {"einsum",
     {real({3, 2}).batch(), real({3, 2}).batch()},
     [](Inputs x) {
       return einsum("ni,ni->in", {x[0], x[1]});
     }},
    {"tensordot", {real({2, 3, 4}).batch(), real({3, 4, 2})}, [](Inputs x) { return tensordot(x[0], x[1]); }},
    {"tensordot",
     {real({2, 3, 4}).batch(), real({4, 3})},
     [](Inputs x) {
       return tensordot(x[0], x[1], {2, 1}, {0, 1});
     }},
};
