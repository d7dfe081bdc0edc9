#include <korrel/framework/ops/pad.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

static const samples::Rows rows = {
    {"pad",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return pad(x[0], {1, 2, 0, 1}, {.value = 0.5});
     }},
    {"pad",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return pad(x[0], {-1, 2, 1, -2});
     }},
    {"pad",
     {real({2, 4, 5}).batch()},
     [](Inputs x) {
       return pad(x[0], {4, 2, 3, 1}, {.mode = PadMode::reflect});
     }},
    {"pad",
     {real({2, 2, 3}).batch()},
     [](Inputs x) {
       return pad(x[0], {4, 1, 0, 3}, {.mode = PadMode::replicate});
     }},
    {"pad",
     {real({2, 3, 4}).batch()},
     [](Inputs x) {
       return pad(x[0], {4, 3, 1, -1}, {.mode = PadMode::circular});
     }},
    {"pad",
     {real({1, 2, 2, 3}).batch()},
     [](Inputs x) {
       return pad(x[0], {1, 2, 1, 1, 0, 1}, {.mode = PadMode::reflect});
     }},
};
