#include <korrel/framework/ops/matmul.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

static const samples::Rows rows = {
    {"matmul", {real({3}), real({3})}, [](Inputs x) { return matmul(x[0], x[1]); }},
    {"matmul", {real({3}), real({3, 4})}, [](Inputs x) { return matmul(x[0], x[1]); }},
    {"matmul", {real({3, 4}).batch(), real({4})}, [](Inputs x) { return matmul(x[0], x[1]); }},
    {"matmul", {real({3, 4}).batch(), real({4, 2})}, [](Inputs x) { return matmul(x[0], x[1]); }},
    {"matmul", {real({2, 3, 4}).batch(), real({4, 2})}, [](Inputs x) { return matmul(x[0], x[1]); }},
    {"matmul", {real({3, 4}), real({2, 4, 3}).batch()}, [](Inputs x) { return matmul(x[0], x[1]); }},
    {"matmul", {real({2, 1, 2, 3}).batch(), real({3, 3, 2})}, [](Inputs x) { return matmul(x[0], x[1]); }},
    {"matmul", {real({4}), real({2, 4, 3}).batch()}, [](Inputs x) { return matmul(x[0], x[1]); }},
    {"mm", {real({3, 4}).batch(), real({4, 2})}, [](Inputs x) { return mm(x[0], x[1]); }},
    {"bmm", {real({3, 2, 4}).batch(), real({3, 4, 2}).batch()}, [](Inputs x) { return bmm(x[0], x[1]); }},
    {"mv", {real({3, 4}).batch(), real({4})}, [](Inputs x) { return mv(x[0], x[1]); }},
    {"dot", {real({5}).batch(), real({5}).batch()}, [](Inputs x) { return dot(x[0], x[1]); }},
    {"outer", {real({3}).batch(), real({4})}, [](Inputs x) { return outer(x[0], x[1]); }},
    {"addmm",
     {real({3}), real({2, 4}).batch(), real({4, 3})},
     [](Inputs x) { return addmm(x[0], x[1], x[2], {.beta = 0.5, .alpha = -2}); }},
    {"baddbmm",
     {real({2, 1, 3}).batch(), real({2, 2, 4}).batch(), real({2, 4, 3}).batch()},
     [](Inputs x) { return baddbmm(x[0], x[1], x[2], {.beta = 2}); }},
    {"linear", {real({4, 3}).batch(), real({5, 3}), real({5})}, [](Inputs x) { return linear(x[0], x[1], x[2]); }},
    {"linear", {real({2, 3, 4}).batch(), real({3, 4})}, [](Inputs x) { return linear(x[0], x[1]); }},
    {"bilinear",
     {real({4, 3}).batch(), real({4, 2}).batch(), real({5, 3, 2}), real({5})},
     [](Inputs x) { return bilinear(x[0], x[1], x[2], x[3]); }},
    {"kron", {real({2, 3}).batch(), real({3, 2})}, [](Inputs x) { return kron(x[0], x[1]); }},
};
