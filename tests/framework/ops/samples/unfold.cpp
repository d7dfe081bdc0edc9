#include <korrel/framework/ops/unfold.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/ops/pixel_shuffle.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

static const samples::Rows rows = {
    {"unfold",
     {real({2, 2, 5, 6}).batch()},
     [](Inputs x) {
       return unfold(x[0], {2, 3}, {.dilation = {2, 1}, .padding = 1, .stride = {1, 2}});
     }},
    {"unfold", {real({2, 4, 4})}, [](Inputs x) { return unfold(x[0], 2, {.padding = 3, .stride = 3}); }},
    {"fold",
     {real({2, 12, 6}).batch()},
     [](Inputs x) {
       return fold(x[0], {5, 4}, {2, 3}, {.dilation = {2, 1}, .padding = {0, 1}, .stride = {1, 2}});
     }},
    {"fold", {real({4, 9})}, [](Inputs x) { return fold(x[0], 4, 2); }},
    {"pixel_shuffle", {real({2, 8, 2, 3}).batch()}, [](Inputs x) { return pixel_shuffle(x[0], 2); }},
    {"pixel_unshuffle", {real({2, 2, 4, 6}).batch()}, [](Inputs x) { return pixel_unshuffle(x[0], 2); }},
    {"channel_shuffle", {real({2, 6, 3}).batch()}, [](Inputs x) { return channel_shuffle(x[0], 3); }},
};
