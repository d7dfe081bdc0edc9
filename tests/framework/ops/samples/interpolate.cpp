#include <korrel/framework/ops/interpolate.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

static const samples::Rows rows = {
    {"interpolate", {real({2, 2, 5}).batch()}, [](Inputs x) { return interpolate(x[0], {.size = 8}); }},
    {"interpolate",
     {real({2, 2, 3, 4}).batch()},
     [](Inputs x) {
       return interpolate(x[0], {.scale_factor = {2.5, 0.5}, .mode = Interpolation::nearest_exact});
     }},
    {"interpolate",
     {real({1, 2, 7}).batch()},
     [](Inputs x) { return interpolate(x[0], {.size = 4, .mode = Interpolation::linear, .align_corners = true}); }},
    {"interpolate",
     {real({2, 2, 3, 5}).batch()},
     [](Inputs x) { return interpolate(x[0], {.scale_factor = 2, .mode = Interpolation::bilinear}); }},
    {"interpolate",
     {real({2, 1, 6, 5}).batch()},
     [](Inputs x) {
       return interpolate(x[0], {.size = {4, 7}, .mode = Interpolation::bicubic});
     }},
    {"interpolate",
     {real({2, 1, 7, 6}).batch()},
     [](Inputs x) {
       return interpolate(x[0], {.size = {3, 4}, .mode = Interpolation::bicubic, .antialias = true});
     }},
    {"interpolate",
     {real({1, 2, 3, 2, 4}).batch()},
     [](Inputs x) {
       return interpolate(x[0], {.size = {2, 3, 5}, .mode = Interpolation::trilinear});
     }},
    {"interpolate",
     {real({1, 2, 5, 4}).batch()},
     [](Inputs x) {
       return interpolate(x[0], {.size = {2, 3}, .mode = Interpolation::area});
     }},
};
