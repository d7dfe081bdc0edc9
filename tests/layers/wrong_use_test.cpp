// What each layer says to each mistake: a table of wrong calls, the kind of error, and words that its message must
// contain.
#include <doctest/doctest.h>

#include <cmath>

#include <tests/wrong_calls.h>

#include <korrel/korrel.h>

using namespace korrel;
using wrong_calls::check;

namespace {

Tensor x(const Shape& shape) { return zeros(shape); }
Tensor ints(const Shape& shape) { return zeros(shape, {.dtype = i64}); }
const double not_a_number = std::nan("");

}  // namespace

TEST_CASE("constructor arguments of convolutions") {
  using namespace nn;
  check({
      {"value", [] { Conv1d c(0, 1, 3); }, {"Conv1d: in_channels must be positive, got 0"}},
      {"value", [] { Conv2d c(1, -2, 3); }, {"Conv2d: out_channels must be positive, got -2"}},
      {"value", [] { Conv2d c(1, 1, 0); }, {"Conv2d: kernel_size must be at least 1, got [0,0]"}},
      {"value",
       [] {
         Conv2d c(1, 1, {3, -1});
       },
       {"Conv2d: kernel_size must be at least 1, got [3,-1]"}},
      {"shape",
       [] {
         Conv2d c(1, 1, {3, 3, 3});
       },
       {"Conv2d: kernel_size needs one number or 2, got [3,3,3]"}},
      {"shape",
       [] {
         Conv3d c(1, 1, {3, 3});
       },
       {"Conv3d: kernel_size needs one number or 3, got [3,3]"}},
      {"value", [] { Conv2d c(1, 1, 3, {.stride = 0}); }, {"Conv2d: stride must be at least 1, got [0,0]"}},
      {"shape",
       [] {
         Conv2d c(1, 1, 3, {.stride = {1, 1, 1}});
       },
       {"Conv2d: stride needs one number or 2"}},
      {"value", [] { Conv2d c(1, 1, 3, {.padding = -1}); }, {"Conv2d: padding must be at least 0, got [-1,-1]"}},
      {"value", [] { Conv2d c(1, 1, 3, {.padding = "full"}); }, {"\"same\", \"valid\" or numbers, got \"full\""}},
      {"value",
       [] { Conv2d c(1, 1, 3, {.stride = 2, .padding = "same"}); },
       {"Conv2d: padding=\"same\" needs stride 1"}},
      {"value", [] { Conv2d c(1, 1, 3, {.dilation = 0}); }, {"Conv2d: dilation must be at least 1, got [0,0]"}},
      {"value", [] { Conv2d c(4, 6, 3, {.groups = 3}); }, {"Conv2d: groups=3 does not divide in_channels=4"}},
      {"value", [] { Conv2d c(6, 4, 3, {.groups = 3}); }, {"Conv2d: groups=3 does not divide out_channels=4"}},
      {"value", [] { Conv2d c(4, 4, 3, {.groups = 0}); }, {"Conv2d: groups must be positive, got 0"}},
      {"value", [] { ConvTranspose1d c(0, 1, 3); }, {"ConvTranspose1d: in_channels must be positive, got 0"}},
      {"value", [] { ConvTranspose2d c(1, 1, 0); }, {"ConvTranspose2d: kernel_size must be at least 1"}},
      {"value",
       [] { ConvTranspose2d c(4, 4, 2, {.groups = 3}); },
       {"ConvTranspose2d: groups=3 does not divide in_channels=4"}},
      {"value", [] { ConvTranspose2d c(1, 1, 2, {.stride = 0}); }, {"ConvTranspose2d: stride must be at least 1"}},
      {"value", [] { ConvTranspose2d c(1, 1, 2, {.padding = -1}); }, {"ConvTranspose2d: padding must be at least 0"}},
      {"value", [] { ConvTranspose2d c(1, 1, 2, {.dilation = 0}); }, {"ConvTranspose2d: dilation must be at least 1"}},
      {"value",
       [] { ConvTranspose2d c(1, 1, 2, {.output_padding = -1}); },
       {"ConvTranspose2d: output_padding must be at least 0"}},
      {"value",
       [] { ConvTranspose3d c(1, 1, 2, {.stride = 2, .output_padding = 2}); },
       {"ConvTranspose3d: output_padding must be smaller than stride or dilation", "[2,2,2]"}},
  });
}

TEST_CASE("inputs of convolutions") {
  using namespace nn;
  Conv1d conv1(2, 3, 3);
  Conv2d conv2(6, 16, 5), grouped(4, 4, 3, {.groups = 2}),
      reflecting(1, 1, 3, {.padding = 5, .padding_mode = PaddingMode::reflect});
  Conv3d conv3(1, 2, 3);
  ConvTranspose2d transposed(3, 2, 3);
  check({
      {"shape",
       [&] {
         conv2(x({2, 4, 8, 8}));
       },
       {"Conv2d: conv2d: weight expects 6 input channels, x has 4 (x [2,4,8,8], w [16,6,5,5])"}},
      {"shape",
       [&] {
         conv2(x({8, 8}));
       },
       {"Conv2d: conv2d", "[8,8]"}},
      {"shape",
       [&] {
         conv2(x({1, 2, 6, 8, 8}));
       },
       {"Conv2d: conv2d", "[1,2,6,8,8]"}},
      {"shape",
       [&] {
         conv2(x({1, 6, 4, 8}));
       },
       {"Conv2d: conv2d", "[1,6,4,8]"}},
      {"shape",
       [&] {
         grouped(x({1, 2, 8, 8}));
       },
       {"Conv2d: conv2d", "[1,2,8,8]"}},
      {"shape",
       [&] {
         conv1(x({1, 3, 9}));
       },
       {"Conv1d: conv1d", "[1,3,9]"}},
      {"shape",
       [&] {
         conv1(x({1, 2, 2}));
       },
       {"Conv1d: conv1d", "[1,2,2]"}},
      {"shape",
       [&] {
         conv3(x({1, 2, 5, 5, 5}));
       },
       {"Conv3d: conv3d", "[1,2,5,5,5]"}},
      {"shape",
       [&] {
         transposed(x({1, 4, 5, 5}));
       },
       {"ConvTranspose2d: conv_transpose2d", "[1,4,5,5]"}},
      {"dtype",
       [&] {
         conv2(ints({1, 6, 8, 8}));
       },
       {"Conv2d: conv2d", "i64"}},
      {"dtype",
       [&] {
         conv2(zeros({1, 6, 8, 8}, {.dtype = f64}));
       },
       {"Conv2d: conv2d", "f64", "f32"}},
      {"value", [&] { conv2(Tensor()); }, {"Conv2d: ", "undefined"}},
      {"shape",
       [&] {
         reflecting(x({1, 1, 4, 4}));
       },
       {"Conv2d: "}},
  });
}

TEST_CASE("linear layers") {
  using namespace nn;
  Linear linear(4, 2);
  Bilinear bilinear(2, 3, 4);
  check({
      {"value", [] { Linear l(0, 2); }, {"Linear: in_features must be positive, got 0"}},
      {"value", [] { Linear l(2, -1); }, {"Linear: out_features must be positive, got -1"}},
      {"value", [] { Bilinear b(0, 1, 1); }, {"Bilinear: in1_features must be positive, got 0"}},
      {"value", [] { Bilinear b(1, 0, 1); }, {"Bilinear: in2_features must be positive, got 0"}},
      {"value", [] { Bilinear b(1, 1, 0); }, {"Bilinear: out_features must be positive, got 0"}},
      {"shape",
       [&] {
         linear(x({3, 5}));
       },
       {"Linear: linear", "[3,5]", "[2,4]"}},
      {"shape", [&] { linear(x({})); }, {"Linear: linear", "[]"}},
      {"dtype",
       [&] {
         linear(ints({3, 4}));
       },
       {"Linear: linear", "i64"}},
      {"dtype",
       [&] {
         linear(zeros({3, 4}, {.dtype = f64}));
       },
       {"Linear: linear", "f64"}},
      {"value", [&] { linear(Tensor()); }, {"Linear: ", "undefined"}},
      {"shape",
       [&] {
         bilinear(x({5, 3}), x({5, 3}));
       },
       {"Bilinear: bilinear"}},
      {"shape",
       [&] {
         bilinear(x({5, 2}), x({4, 3}));
       },
       {"Bilinear: "}},
  });
}

TEST_CASE("pooling layers") {
  using namespace nn;
  check({
      {"value", [] { MaxPool1d p(0); }, {"MaxPool1d: kernel_size must be at least 1, got [0]"}},
      {"value", [] { MaxPool2d p(2, {.stride = 0}); }, {"MaxPool2d: stride must be at least 1"}},
      {"value", [] { MaxPool2d p(2, {.padding = -1}); }, {"MaxPool2d: padding must be at least 0"}},
      {"value",
       [] { MaxPool2d p(3, {.padding = 2}); },
       {"MaxPool2d: padding must be at most half of kernel_size", "[2,2]", "[3,3]"}},
      {"value", [] { MaxPool3d p(2, {.dilation = 0}); }, {"MaxPool3d: dilation must be at least 1"}},
      {"shape",
       [] {
         MaxPool2d p({2, 2, 2});
       },
       {"MaxPool2d: kernel_size needs one number or 2"}},
      {"value", [] { AvgPool1d p(0); }, {"AvgPool1d: kernel_size must be at least 1"}},
      {"value", [] { AvgPool2d p(2, {.stride = -1}); }, {"AvgPool2d: stride must be at least 1"}},
      {"value", [] { AvgPool2d p(2, {.padding = 2}); }, {"AvgPool2d: padding must be at most half of kernel_size"}},
      {"value", [] { AvgPool2d p(2, {.divisor_override = -1}); }, {"AvgPool2d: divisor_override must be positive"}},
      {"shape",
       [] {
         AvgPool3d p({2, 2});
       },
       {"AvgPool3d: kernel_size needs one number or 3"}},
      {"value", [] { AdaptiveAvgPool2d p(-2); }, {"AdaptiveAvgPool2d: output_size must not be negative"}},
      {"shape",
       [] {
         AdaptiveMaxPool3d p({1, 2});
       },
       {"AdaptiveMaxPool3d: output_size needs one number or 3"}},
      {"shape", [] { MaxPool2d(2)(x({4})); }, {"MaxPool2d: max_pool2d", "[4]"}},
      {"shape",
       [] {
         MaxPool2d(5)(x({1, 1, 4, 4}));
       },
       {"MaxPool2d: max_pool2d", "[1,1,4,4]"}},
      {"shape",
       [] {
         AvgPool2d(5)(x({1, 1, 4, 4}));
       },
       {"AvgPool2d: avg_pool2d", "[1,1,4,4]"}},
      {"shape",
       [] {
         AvgPool1d(2)(x({2, 2, 2, 2}));
       },
       {"AvgPool1d: avg_pool1d", "[2,2,2,2]"}},
      {"shape", [] { AdaptiveAvgPool2d(2)(x({4})); }, {"AdaptiveAvgPool2d: adaptive_avg_pool2d", "[4]"}},
      {"dtype",
       [] {
         AvgPool2d(2)(ints({1, 1, 4, 4}));
       },
       {"AvgPool2d: avg_pool2d", "i64"}},
      {"shape", [] { GlobalAvgPool()(x({4})); }, {"GlobalAvgPool: global_avg_pool", "[4]"}},
      {"shape", [] { GlobalMaxPool()(x({4})); }, {"GlobalMaxPool: global_max_pool", "[4]"}},
      {"value", [] { MaxPool2d(2)(Tensor()); }, {"MaxPool2d: ", "undefined"}},
  });
}

TEST_CASE("batch norm and dropout") {
  using namespace nn;
  BatchNorm1d norm1(3);
  BatchNorm2d norm2(3);
  BatchNorm3d norm3(3);
  check({
      {"value", [] { BatchNorm2d b(0); }, {"BatchNorm2d: num_features must be positive, got 0"}},
      {"value", [] { BatchNorm2d b(3, {.eps = 0}); }, {"BatchNorm2d: eps must be positive, got 0"}},
      {"value", [] { BatchNorm2d b(3, {.eps = not_a_number}); }, {"BatchNorm2d: eps must be positive, got nan"}},
      {"value", [] { BatchNorm1d b(3, {.momentum = 2}); }, {"BatchNorm1d: momentum must lie in [0, 1], got 2"}},
      {"shape", [&] { norm1(x({3})); }, {"BatchNorm1d: BatchNorm1d: needs an input of 2 or 3 dimensions, x is [3]"}},
      {"shape",
       [&] {
         norm2(x({2, 3, 4}));
       },
       {"BatchNorm2d: needs an input of 4 dimensions, x is [2,3,4]"}},
      {"shape",
       [&] {
         norm3(x({2, 3, 4, 4}));
       },
       {"BatchNorm3d: needs an input of 5 dimensions, x is [2,3,4,4]"}},
      {"shape",
       [&] {
         norm2(x({2, 4, 5, 5}));
       },
       {"BatchNorm2d: has 3 channels, x has 4 (x [2,4,5,5])"}},
      {"value",
       [&] {
         norm1(x({1, 3}));
       },
       {"BatchNorm1d: batch_norm"}},
      {"dtype",
       [&] {
         norm2(ints({2, 3, 4, 4}));
       },
       {"BatchNorm2d: batch_norm", "i64"}},
      {"dtype",
       [&] {
         norm2(zeros({2, 3, 4, 4}, {.dtype = f64}));
       },
       {"BatchNorm2d: batch_norm", "f64"}},
      {"value", [] { Dropout d(1.5); }, {"Dropout: p must lie in [0, 1], got 1.5"}},
      {"value", [] { Dropout2d d(-0.1); }, {"Dropout2d: p must lie in [0, 1], got -0.1"}},
      {"value", [] { Dropout3d d(not_a_number); }, {"Dropout3d: p must lie in [0, 1], got nan"}},
      {"dtype", [] { Dropout()(ints({3})); }, {"Dropout: dropout", "i64"}},
      {"shape", [] { Dropout1d()(x({3})); }, {"Dropout1d: dropout1d", "[3]"}},
      {"shape", [] { Dropout2d()(x({3})); }, {"Dropout2d: dropout2d", "[3]"}},
  });
}

TEST_CASE("shapes and activations") {
  using namespace nn;
  check({
      {"shape",
       [] {
         Flatten(3)(x({2, 3}));
       },
       {"Flatten: flatten"}},
      {"shape",
       [] {
         Flatten(2, 1)(x({2, 3, 4}));
       },
       {"Flatten: flatten"}},
      {"value", [] { Unflatten u(1, {}); }, {"Unflatten: sizes must be positive", "[]"}},
      {"value",
       [] {
         Unflatten u(1, {-1, -1});
       },
       {"Unflatten: sizes must be positive", "[-1,-1]"}},
      {"shape",
       [] {
         Unflatten(1, {2, 2})(x({3, 5}));
       },
       {"Unflatten: unflatten"}},
      {"shape",
       [] {
         Unflatten(4, {2, 2})(x({3, 4}));
       },
       {"Unflatten: unflatten"}},
      {"dtype", [] { ReLU()(ints({3})); }, {"ReLU: relu", "i64"}},
      {"dtype",
       [] {
         GELU()
         (ints({3}));
       },
       {"GELU: gelu", "i64"}},
      {"value", [] { Tanh()(Tensor()); }, {"Tanh: ", "undefined"}},
      {"value", [] { PReLU p(0); }, {"PReLU: num_parameters must be positive, got 0"}},
      {"shape",
       [] {
         PReLU(3)(x({2, 4, 5}));
       },
       {"PReLU: prelu"}},
      {"value", [] { CELU c(0); }, {"CELU: alpha must not be 0"}},
      {"value", [] { Softplus s(0); }, {"Softplus: beta must not be 0"}},
      {"value", [] { Hardtanh h(1, 1); }, {"Hardtanh: min_val=1 must be below max_val=1"}},
      {"value", [] { Softshrink s(-1); }, {"Softshrink: lambd must not be negative, got -1"}},
      {"shape",
       [] {
         Softmax(2)(x({2, 3}));
       },
       {"Softmax: softmax"}},
      {"dtype",
       [] {
         LogSoftmax(1)(ints({2, 3}));
       },
       {"LogSoftmax: log_softmax", "i64"}},
      {"shape",
       [] {
         Softmin(-3)(x({2, 3}));
       },
       {"Softmin: "}},
      {"shape",
       [] {
         GLU()(x({2, 3}));
       },
       {"GLU: glu"}},
  });
}

TEST_CASE("losses") {
  using namespace nn;
  CrossEntropyLoss ce;
  check({
      {"value",
       [] { CrossEntropyLoss c({.label_smoothing = 2}); },
       {"CrossEntropyLoss: label_smoothing must lie in [0, 1], got 2"}},
      {"shape",
       [] {
         NLLLoss c({.weight = ones({2, 2})});
       },
       {"NLLLoss: weight needs one number per class, got shape [2,2]"}},
      {"shape",
       [&] {
         ce(x({4, 3}), ints({5}));
       },
       {"CrossEntropyLoss: cross_entropy", "[4,3]", "[5]"}},
      {"value",
       [&] {
         ce(x({1, 3}), full({1}, 3, {.dtype = i64}));
       },
       {"CrossEntropyLoss: cross_entropy", "3"}},
      {"dtype",
       [&] {
         ce(ints({1, 3}), ints({1}));
       },
       {"CrossEntropyLoss: cross_entropy", "i64"}},
      {"value", [&] { ce(Tensor(), ints({1})); }, {"CrossEntropyLoss: ", "undefined"}},
      {"shape",
       [] {
         CrossEntropyLoss({.weight = ones({2})})(x({4, 3}), ints({4}));
       },
       {"CrossEntropyLoss: cross_entropy", "[2]"}},
      {"shape",
       [] {
         NLLLoss()(x({4, 3}), ints({4, 4}));
       },
       {"NLLLoss: nll_loss"}},
      {"shape",
       [] {
         MSELoss()(x({4, 1}), x({4}));
       },
       {"MSELoss: mse_loss", "[4,1]", "[4]"}},
      {"dtype", [] { MSELoss()(ints({4}), ints({4})); }, {"MSELoss: mse_loss", "i64"}},
      {"shape", [] { L1Loss()(x({4}), x({5})); }, {"L1Loss: l1_loss", "[4]", "[5]"}},
      {"value", [] { SmoothL1Loss s({.beta = -1}); }, {"SmoothL1Loss: beta must not be negative, got -1"}},
      {"shape", [] { SmoothL1Loss()(x({4}), x({5})); }, {"SmoothL1Loss: smooth_l1_loss"}},
      {"value", [] { HuberLoss h({.delta = 0}); }, {"HuberLoss: delta must be positive, got 0"}},
      {"value", [] { BCELoss b({.pos_weight = ones({1})}); }, {"BCELoss: pos_weight is for BCEWithLogitsLoss"}},
      {"value", [] { BCELoss()(full({2}, 2), x({2})); }, {"BCELoss: binary_cross_entropy", "2"}},
      {"shape", [] { BCELoss()(x({2}), x({3})); }, {"BCELoss: binary_cross_entropy", "[2]", "[3]"}},
      {"shape", [] { BCEWithLogitsLoss()(x({2}), x({3})); }, {"BCEWithLogitsLoss: binary_cross_entropy_with_logits"}},
      {"shape", [] { KLDivLoss()(x({2}), x({3})); }, {"KLDivLoss: kl_div"}},
  });
}

TEST_CASE("initialisers") {
  namespace init = nn::init;
  Tensor whole = ints({2, 2}), vector = x({3}), matrix = x({2, 3}), kernel = x({4, 2, 3}), strided = x({2, 3}).t();
  check({
      {"dtype", [&] { init::uniform_(whole); }, {"floating", "i64"}},
      {"dtype", [&] { init::zeros_(whole); }, {"constant_: needs a floating tensor, got i64"}},
      {"value", [&] { init::uniform_(matrix, 2, 1); }, {"uniform_: low=2 is above high=1"}},
      {"value", [&] { init::normal_(matrix, 0, -1); }, {"normal_: std=-1 is negative"}},
      {"value", [&] { init::trunc_normal_(matrix, 0, 1, 2, -2); }, {"trunc_normal_: needs std > 0 and low < high"}},
      {"value", [&] { init::ones_(strided); }, {"contiguous"}},
      {"shape", [&] { init::eye_(vector); }, {"eye_: needs a matrix, got shape [3]"}},
      {"shape",
       [&] { init::dirac_(matrix); },
       {"dirac_: needs convolution weights of 3 to 5 dimensions, got shape [2,3]"}},
      {"value", [&] { init::dirac_(kernel, 3); }, {"dirac_: groups=3 does not divide out_channels=4"}},
      {"shape",
       [&] { init::xavier_uniform_(vector); },
       {"calculate_fan_in_and_fan_out: needs two dimensions or more, got shape [3]"}},
      {"shape", [&] { init::kaiming_normal_(vector); }, {"calculate_fan_in_and_fan_out"}},
      {"value",
       [&] { init::kaiming_uniform_(matrix, {.mode = "fan"}); },
       {"kaiming: mode is \"fan_in\" or \"fan_out\", got \"fan\""}},
      {"value",
       [&] { init::kaiming_uniform_(matrix, {.nonlinearity = "gelu"}); },
       {"calculate_gain: \"gelu\" is not one of"}},
      {"shape", [&] { init::orthogonal_(vector); }, {"orthogonal_: needs two dimensions or more, got shape [3]"}},
      {"shape", [&] { init::sparse_(vector, 0.5); }, {"sparse_: needs a matrix, got shape [3]"}},
      {"value", [&] { init::sparse_(matrix, 1.5); }, {"sparse_: sparsity=1.5 is not in [0, 1]"}},
  });
}

TEST_CASE("in a network the message starts with the way to the layer") {
  struct Net : nn::Module {
    nn::Sequential features{{"conv", nn::Conv2d(1, 4, 3)}, {"norm", nn::BatchNorm2d(5)}};
    nn::Linear fc{4, 2};
    KORREL_MODULE(features, fc)
    Tensor forward(const Tensor& input) override { return fc(features(input)); }
  };
  Net net;
  check({
      {"shape",
       [&] {
         net(x({1, 3, 8, 8}));
       },
       {"Net.features.conv (Conv2d): conv2d: weight expects 1 input channels, x has 3"}},
      {"shape",
       [&] {
         net(x({1, 1, 8, 8}));
       },
       {"Net.features.norm (BatchNorm2d): BatchNorm2d: has 5 channels, x has 4"}},
      {"shape",
       [&] {
         net.fc(x({3, 3}));
       },
       {"Linear: linear"}},
  });
}
