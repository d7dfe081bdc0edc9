#include <korrel/framework/ops/grid_sample.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

// Random places keep away from the kinks, where central differences would see both sides.
static const samples::Rows rows = {
    {"grid_sample",
     {real({2, 2, 4, 5}).batch(), real({2, 2, 3, 2}, -1.2, 1.2).batch()},
     [](Inputs x) { return grid_sample(x[0], x[1]); }},
    {"grid_sample",
     {real({2, 1, 3, 4}).batch(), real({2, 2, 2, 2}, -1.5, 1.5).batch()},
     [](Inputs x) { return grid_sample(x[0], x[1], {.padding_mode = SamplePadding::reflection}); }},
    {"grid_sample",
     {real({1, 2, 4, 4}).batch(), real({1, 3, 2, 2}, -1.2, 1.2).batch()},
     [](Inputs x) {
       return grid_sample(x[0], x[1],
                          {.mode = SampleMode::bicubic, .padding_mode = SamplePadding::border, .align_corners = true});
     }},
    {"grid_sample",
     {real({2, 2, 4, 5}).batch(), real({2, 2, 3, 2}, -1, 1).batch()},
     [](Inputs x) {
       return grid_sample(x[0], x[1], {.mode = SampleMode::nearest, .padding_mode = SamplePadding::border});
     }},
    {"grid_sample",
     {real({2, 1, 2, 3, 4}).batch(), real({2, 1, 2, 2, 3}, -1, 1).batch()},
     [](Inputs x) { return grid_sample(x[0], x[1], {.align_corners = true}); }},
    {"affine_grid",
     {real({2, 2, 3})},
     [](Inputs x) {
       return affine_grid(x[0], {2, 1, 3, 4}, {.align_corners = true});
     }},
    {"affine_grid",
     {real({1, 3, 4})},
     [](Inputs x) {
       return affine_grid(x[0], {1, 2, 2, 1, 3});
     }},
};
