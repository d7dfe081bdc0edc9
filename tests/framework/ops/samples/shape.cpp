#include <korrel/framework/ops/shape.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

static const samples::Rows rows = {
    {"reshape",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return reshape(x[0], {x[0].size(0), 12});
     }},
    {"reshape",
     {real({3, 4})},
     [](Inputs x) {
       return reshape(transpose(x[0], 0, 1), {2, -1});
     }},
    {"view",
     {real({2, 6})},
     [](Inputs x) {
       return view(x[0], {2, 1, 6});
     }},
    {"view_as", {real({2, 6}), real({1, 2, 6}).constant()}, [](Inputs x) { return view_as(x[0], x[1]); }},
    {"flatten", {real({2, 3, 2, 2}).batch()}, [](Inputs x) { return flatten(x[0], 1, 2); }},
    {"unflatten",
     {real({2, 6})},
     [](Inputs x) {
       return unflatten(x[0], 1, {3, -1});
     }},
    {"ravel", {real({2, 3})}, [](Inputs x) { return ravel(x[0]); }},
    {"permute",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return permute(x[0], {2, 0, 1});
     }},
    {"transpose", {real({2, 3, 4}).batch()}, [](Inputs x) { return transpose(x[0], 0, -1); }},
    {"t", {real({2, 3})}, [](Inputs x) { return t(x[0]); }},
    {"movedim",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return movedim(x[0], {0, 1}, {2, 0});
     }},
    {"squeeze", {real({2, 1, 3, 1})}, [](Inputs x) { return squeeze(x[0]); }},
    {"squeeze", {real({2, 1, 3, 1}).batch()}, [](Inputs x) { return squeeze(x[0], 1); }},
    {"unsqueeze", {real({2, 3}).batch()}, [](Inputs x) { return unsqueeze(x[0], -1); }},
    {"expand",
     {real({3, 1})},
     [](Inputs x) {
       return expand(x[0], {2, -1, 4});
     }},
    {"expand_as", {real({1, 3}), real({2, 3}).constant()}, [](Inputs x) { return expand_as(x[0], x[1]); }},
    {"broadcast_to",
     {real({3})},
     [](Inputs x) {
       return broadcast_to(x[0], {2, 3});
     }},
    {"broadcast_tensors",
     {real({3, 1}), real({2})},
     [](Inputs x) {
       return broadcast_tensors({x[0], x[1]});
     }},
    {"select", {real({2, 3, 4}).batch()}, [](Inputs x) { return select(x[0], 1, -2); }},
    {"narrow", {real({2, 5}).batch()}, [](Inputs x) { return narrow(x[0], 1, 1, 3); }},
    {"slice", {real({2, 7}).batch()}, [](Inputs x) { return slice(x[0], -1, 1, -1, 2); }},
    {"split", {real({2, 7}).batch()}, [](Inputs x) { return split(x[0], 3, 1); }},
    {"split",
     {real({6, 2})},
     [](Inputs x) {
       return split(x[0], {1, 3, 0, 2});
     }},
    {"chunk", {real({2, 7}).batch()}, [](Inputs x) { return chunk(x[0], 3, 1); }},
    {"unbind", {real({2, 3}).batch()}, [](Inputs x) { return unbind(x[0], 1); }},
    {"diagonal", {real({3, 2, 4}).batch(1)}, [](Inputs x) { return diagonal(x[0], 1, 0, 2); }},
    {"unfold_dimension", {real({2, 7}).batch()}, [](Inputs x) { return unfold_dimension(x[0], 1, 3, 2); }},
    {"unfold_dimension", {real({5, 2})}, [](Inputs x) { return unfold_dimension(x[0], 0, 3, 1); }},
    {"meshgrid",
     {real({2}), real({3})},
     [](Inputs x) {
       return meshgrid({x[0], x[1]});
     }},
    {"meshgrid",
     {real({2}), real({3})},
     [](Inputs x) {
       return meshgrid({x[0], x[1]}, "xy");
     }},
};
