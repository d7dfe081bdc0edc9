#include <korrel/framework/ops/convolution.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::real;

static const samples::Rows rows = {
    {"conv1d",
     {real({2, 3, 7}).batch(), real({4, 3, 3}), real({4})},
     [](Inputs x) { return conv1d(x[0], x[1], x[2]); }},
    {"conv1d",
     {real({2, 4, 9}).batch(), real({6, 2, 3})},
     [](Inputs x) { return conv1d(x[0], x[1], {}, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2}); }},
    {"conv2d",
     {real({2, 3, 6, 5}).batch(), real({4, 3, 3, 2}), real({4})},
     [](Inputs x) { return conv2d(x[0], x[1], x[2]); }},
    {"conv2d",
     {real({2, 2, 5, 6}).batch(), real({3, 2, 2, 4}), real({3})},
     [](Inputs x) { return conv2d(x[0], x[1], x[2], {.padding = "same"}); }},
    {"conv2d",
     {real({2, 3, 6, 7}).batch(), real({3, 1, 3, 3})},
     [](Inputs x) {
       return conv2d(x[0], x[1], {}, {.stride = {2, 1}, .padding = 1, .groups = 3});
     }},
    {"conv2d",
     {real({2, 4, 5}), real({3, 2, 3, 3}), real({3})},
     [](Inputs x) { return conv2d(x[0], x[1], x[2], {.padding = 1, .padding_mode = PaddingMode::circular}); }},
    {"conv2d",
     {real({1, 2, 4, 5}).batch(), real({3, 2, 3, 3})},
     [](Inputs x) {
       return conv2d(x[0], x[1], {}, {.padding = {1, 2}, .padding_mode = PaddingMode::reflect});
     }},
    {"conv3d",
     {real({2, 2, 4, 3, 4}).batch(), real({3, 2, 2, 3, 2}), real({3})},
     [](Inputs x) {
       return conv3d(x[0], x[1], x[2], {.stride = {2, 1, 1}, .padding = {0, 1, 1}});
     }},
    {"conv_transpose1d",
     {real({2, 3, 4}).batch(), real({3, 2, 3}), real({2})},
     [](Inputs x) { return conv_transpose1d(x[0], x[1], x[2], {.stride = 2, .padding = 1, .output_padding = 1}); }},
    {"conv_transpose2d",
     {real({2, 4, 3, 3}).batch(), real({4, 2, 3, 2}), real({4})},
     [](Inputs x) {
       return conv_transpose2d(x[0], x[1], x[2], {.stride = {2, 1}, .groups = 2, .dilation = {1, 2}});
     }},
    {"conv_transpose3d",
     {real({1, 2, 2, 3, 2}).batch(), real({2, 2, 2, 2, 2})},
     [](Inputs x) {
       return conv_transpose3d(x[0], x[1], {}, {.stride = 2, .output_padding = {0, 1, 0}});
     }},
    {"convolve", {real({6}), real({3})}, [](Inputs x) { return convolve(x[0], x[1]); }},
    {"convolve", {real({4, 5}), real({3, 2})}, [](Inputs x) { return convolve(x[0], x[1], ConvolveMode::same); }},
    {"convolve",
     {real({2, 2, 3}), real({3, 2, 2})},
     [](Inputs x) { return convolve(x[0], x[1], ConvolveMode::valid); }},
    {"cross_correlate", {real({6}), real({3})}, [](Inputs x) { return cross_correlate(x[0], x[1]); }},
    {"cross_correlate",
     {real({2, 5}), real({3, 4})},
     [](Inputs x) { return cross_correlate(x[0], x[1], ConvolveMode::valid); }},
    {"convolution_matrix",
     {real({2, 3})},
     [](Inputs x) {
       return convolution_matrix(x[0], {3, 4});
     }},
};
