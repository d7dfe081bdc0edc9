// Normalisations and dropout.
#include <korrel/framework/ops/dropout.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/tensor/create.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::Inputs;
using samples::positive;
using samples::real;

namespace {

// Running statistics in the dtype of x.
Tensor filled(const Tensor& x, double value) { return full({x.size(1)}, value, {x.dtype()}); }

}  // namespace

static const samples::Rows rows = {
    {"batch_norm",
     {real({3, 2, 4}).batch(), real({2}), real({2})},
     [](Inputs x) { return batch_norm(x[0], {}, {}, x[1], x[2], {.training = true}); }},
    {"batch_norm",
     {real({2, 3, 6, 6}).batch(), real({3}), real({3})},
     [](Inputs x) { return batch_norm(x[0], filled(x[0], 1), filled(x[0], 2), x[1], x[2], {.training = true}); }},
    {"batch_norm_relu",
     {real({3, 2, 4}).batch(), real({3, 2, 4}).batch(), real({2}), real({2})},
     [](Inputs x) { return batch_norm_relu(x[0], x[1], {}, {}, x[2], x[3], {.training = true}); }},
    {"batch_norm_relu",
     {real({2, 3, 6, 6}).batch(), real({3})},
     [](Inputs x) { return batch_norm_relu(x[0], {}, filled(x[0], 0.1), filled(x[0], 2), x[1]); }},
    {"batch_norm", {real({5, 3})}, [](Inputs x) { return batch_norm(x[0], {}, {}, {}, {}, {.training = true}); }},
    {"batch_norm",
     {real({2, 3, 40}).batch(), real({3})},
     [](Inputs x) { return batch_norm(x[0], filled(x[0], 0.5), filled(x[0], 2), x[1]); }},
    {"layer_norm",
     {real({3, 2, 5}).batch(), real({2, 5}), real({2, 5})},
     [](Inputs x) {
       return layer_norm(x[0], {2, 5}, x[1], x[2]);
     }},
    {"layer_norm", {real({3, 20}).batch()}, [](Inputs x) { return layer_norm(x[0], {20}, {}, {}, {.eps = 1e-3}); }},
    {"group_norm",
     {real({2, 4, 3}).batch(), real({4}), real({4})},
     [](Inputs x) { return group_norm(x[0], 2, x[1], x[2]); }},
    {"instance_norm",
     {real({2, 3, 5}).batch(), real({3}), real({3})},
     [](Inputs x) { return instance_norm(x[0], {}, {}, x[1], x[2]); }},
    {"instance_norm",
     {real({2, 3, 5}).batch()},
     [](Inputs x) {
       return instance_norm(x[0], filled(x[0], 0.5), filled(x[0], 2), {}, {}, {.use_input_stats = false});
     }},
    {"local_response_norm",
     {real({2, 5, 3}).batch()},
     [](Inputs x) { return local_response_norm(x[0], 3, {.alpha = 0.5}); }},
    {"dropout",
     {real({3, 7}).batch()},
     [](Inputs x) {
       Generator generator(1);
       return dropout(x[0], {.p = 0.3}, generator);
     }},
    {"dropout1d",
     {real({3, 4, 2}).batch()},
     [](Inputs x) {
       Generator generator(1);
       return dropout1d(x[0], {}, generator);
     }},
    {"dropout2d",
     {real({3, 4, 2, 2}).batch()},
     [](Inputs x) {
       Generator generator(1);
       return dropout2d(x[0], {}, generator);
     }},
    {"dropout3d",
     {real({3, 4, 1, 2, 2}).batch()},
     [](Inputs x) {
       Generator generator(1);
       return dropout3d(x[0], {}, generator);
     }},
    {"alpha_dropout",
     {real({3, 7}).batch()},
     [](Inputs x) {
       Generator generator(1);
       return alpha_dropout(x[0], {.p = 0.3}, generator);
     }},
    {"feature_alpha_dropout",
     {real({3, 4, 2}).batch()},
     [](Inputs x) {
       Generator generator(1);
       return feature_alpha_dropout(x[0], {}, generator);
     }},
};
