#include <korrel/framework/ops/pooling.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::distinct;
using samples::Inputs;
using samples::real;

static Tensor values(const WithIndices& result) { return result.values; }

static const samples::Rows rows = {
    {"max_pool1d",
     {distinct({2, 3, 9}).batch()},
     [](Inputs x) { return max_pool1d(x[0], 3, {.stride = 2, .padding = 1}); }},
    {"max_pool2d", {distinct({2, 3, 6, 6}).batch()}, [](Inputs x) { return max_pool2d(x[0], 2); }},
    {"max_pool2d",
     {distinct({2, 2, 7, 6}).batch()},
     [](Inputs x) {
       return max_pool2d(x[0], {3, 2}, {.stride = {2, 1}, .padding = 1, .ceil_mode = true});
     }},
    {"max_pool2d",
     {distinct({3, 7, 9})},
     [](Inputs x) {
       return max_pool2d(x[0], 3, {.stride = 1, .padding = {0, 1}, .dilation = {2, 3}});
     }},
    {"max_pool2d",
     {distinct({1, 2, 17, 18}).batch()},
     [](Inputs x) {
       return max_pool2d(x[0], {16, 17}, {.stride = 1});
     }},
    {"max_pool3d",
     {distinct({2, 2, 4, 5, 4}).batch()},
     [](Inputs x) {
       return max_pool3d(x[0], {2, 3, 2}, {.stride = 2, .padding = {0, 1, 1}});
     }},
    {"max_pool1d_with_indices",
     {distinct({2, 3, 9}).batch()},
     [](Inputs x) { return values(max_pool1d_with_indices(x[0], 2)); }},
    {"max_pool2d_with_indices",
     {distinct({2, 3, 5, 6}).batch()},
     [](Inputs x) { return values(max_pool2d_with_indices(x[0], 3, {.stride = 2})); }},
    {"max_pool3d_with_indices",
     {distinct({2, 2, 4, 4, 4}).batch()},
     [](Inputs x) { return values(max_pool3d_with_indices(x[0], 2)); }},
    {"avg_pool1d",
     {real({2, 3, 9}).batch()},
     [](Inputs x) { return avg_pool1d(x[0], 3, {.stride = 2, .padding = 1}); }},
    {"avg_pool2d", {real({2, 3, 6, 6}).batch()}, [](Inputs x) { return avg_pool2d(x[0], 2); }},
    {"avg_pool2d",
     {real({2, 2, 7, 6}).batch()},
     [](Inputs x) {
       return avg_pool2d(x[0], 3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false});
     }},
    {"avg_pool2d",
     {real({2, 5, 5})},
     [](Inputs x) { return avg_pool2d(x[0], 2, {.stride = 3, .divisor_override = 3}); }},
    {"avg_pool3d",
     {real({2, 2, 4, 5, 4}).batch()},
     [](Inputs x) {
       return avg_pool3d(x[0], {2, 3, 2}, {.stride = {1, 2, 2}, .padding = {0, 1, 0}});
     }},
    {"adaptive_avg_pool1d", {real({2, 2, 7}).batch()}, [](Inputs x) { return adaptive_avg_pool1d(x[0], 3); }},
    {"adaptive_avg_pool2d",
     {real({2, 2, 5, 6}).batch()},
     [](Inputs x) {
       return adaptive_avg_pool2d(x[0], {3, -1});
     }},
    {"adaptive_avg_pool3d",
     {real({2, 2, 3, 5, 4}).batch()},
     [](Inputs x) {
       return adaptive_avg_pool3d(x[0], {2, 3, 2});
     }},
    {"adaptive_max_pool1d", {distinct({2, 2, 7}).batch()}, [](Inputs x) { return adaptive_max_pool1d(x[0], 3); }},
    {"adaptive_max_pool2d",
     {distinct({2, 2, 6, 6}).batch()},
     [](Inputs x) {
       return adaptive_max_pool2d(x[0], {3, 2});
     }},
    {"adaptive_max_pool3d",
     {distinct({2, 2, 3, 5, 4}).batch()},
     [](Inputs x) {
       return adaptive_max_pool3d(x[0], {2, 3, 2});
     }},
    {"adaptive_max_pool1d_with_indices",
     {distinct({2, 2, 7}).batch()},
     [](Inputs x) { return values(adaptive_max_pool1d_with_indices(x[0], 3)); }},
    {"adaptive_max_pool2d_with_indices",
     {distinct({2, 2, 6, 5}).batch()},
     [](Inputs x) { return values(adaptive_max_pool2d_with_indices(x[0], 3)); }},
    {"adaptive_max_pool3d_with_indices",
     {distinct({2, 2, 3, 5, 4}).batch()},
     [](Inputs x) { return values(adaptive_max_pool3d_with_indices(x[0], 2)); }},
    {"global_avg_pool", {real({2, 3, 5, 4}).batch()}, [](Inputs x) { return global_avg_pool(x[0]); }},
    {"global_max_pool", {distinct({2, 3, 5, 4}).batch()}, [](Inputs x) { return global_max_pool(x[0]); }},
};
