#include <korrel/framework/ops/lp_pool.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/ops/max_unpool.h>
#include <korrel/framework/ops/pooling.h>

using namespace korrel;
using samples::distinct;
using samples::Inputs;
using samples::positive;
using samples::real;

static const samples::Rows rows = {
    {"lp_pool1d",
     {positive({2, 3, 8}).batch()},
     [](Inputs x) { return lp_pool1d(x[0], 3, 3, {.stride = 2, .ceil_mode = true}); }},
    {"lp_pool2d",
     {real({2, 2, 5, 6}).batch()},
     [](Inputs x) {
       return lp_pool2d(x[0], 2, {2, 3}, {.stride = 1});
     }},
    {"lp_pool2d", {positive({2, 4, 4})}, [](Inputs x) { return lp_pool2d(x[0], 1.5, 2); }},
    // The places of the maxima of another tensor: none is named twice.
    {"max_unpool1d",
     {real({2, 3, 4}).batch(), distinct({2, 3, 9}).batch().constant()},
     [](Inputs x) { return max_unpool1d(x[0], max_pool1d_with_indices(x[1], 2).indices, 2, {.output_size = 9}); }},
    {"max_unpool2d",
     {real({2, 2, 3, 2}).batch(), distinct({2, 2, 6, 6}).batch().constant()},
     [](Inputs x) {
       return max_unpool2d(x[0], max_pool2d_with_indices(x[1], {2, 3}).indices, {2, 3});
     }},
    {"max_unpool3d",
     {real({2, 2, 2, 3}), distinct({2, 4, 4, 6}).constant()},
     [](Inputs x) { return max_unpool3d(x[0], max_pool3d_with_indices(x[1], 2).indices, 2); }},
};
