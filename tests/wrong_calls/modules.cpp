// Wrong calls: layers alone and inside models: the message starts with the way to the layer.
#include <tests/wrong_calls/tables.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace wrong_calls {
namespace {

struct Net : nn::Module {
  nn::Sequential features{{"conv", nn::Conv2d(1, 4, 3)}, {"norm", nn::BatchNorm2d(5)}};
  nn::Linear fc{4, 2};
  KORREL_MODULE(features, fc)
  Tensor forward(const Tensor& input) override { return fc(features(input)); }
};

struct Forgetful : nn::Module {
  nn::Linear fc{4, 2}, forgotten{2, 2};
  KORREL_MODULE(fc)
};

}  // namespace

std::span<const Row> modules() {
  static const Row rows[] = {
      {"shape",
       [] { Net()(x(1, 3, 8, 8)); },
       {"Net.features.conv (Conv2d): conv2d: weight expects 1 input channels, x has 3", "(x [1,3,8,8], w [4,1,3,3])"}},
      {"dtype", [] { Net()(ints(1, 1, 8, 8)); }, {"Net.features.conv (Conv2d): conv2d: x must be f32 or f64, is i64"}},
      {"value", [] { Net()(Tensor()); }, {"Net.features.conv (Conv2d): conv2d: x is undefined"}},
      {"shape",
       [] {
         Net net;
         net.fc(x(3, 3));
       },
       {"Linear: linear: weight expects 4 features, x has 3", "(x [3,3], weight [2,4])"}},
      {"shape",
       [] { nn::Sequential(nn::Linear(4, 8), nn::ReLU(), nn::Linear(6, 2))(x(3, 4)); },
       {"Sequential.2 (Linear): linear: weight expects 6 features, x has 8", "(x [3,8], weight [2,6])"}},
      {"shape",
       [] { nn::Sequential(nn::Conv2d(1, 4, 3), nn::BatchNorm2d(5))(x(1, 1, 8, 8)); },
       {"Sequential.1 (BatchNorm2d): BatchNorm2d: has 5 channels, x has 4", "(x [1,4,6,6])"}},
      {"shape",
       [] { nn::Sequential(nn::Sequential(nn::Linear(4, 8)), nn::LayerNorm(9))(x(3, 4)); },
       {"Sequential.1 (LayerNorm): layer_norm: expects [9] as the last dimensions of x, got [3,8]"}},
      {"shape",
       [] { models::LeNet5()(x(1, 3, 28, 28)); },
       {"LeNet5.conv1 (Conv2d): conv2d: weight expects 1 input channels, x has 3", "(x [1,3,28,28], w [6,1,5,5])"}},
      {"value",
       [] {
         nn::Sequential net{nn::ReLU()};
         net[1];
       },
       {"Sequential: there is no module 1, it has 1"}},
      {"value",
       [] {
         nn::Sequential net{nn::ReLU()};
         net.get<nn::Linear>(0);
       },
       {"Sequential: module 0 is a ReLU, not of the type asked for"}},
      {"value",
       [] {
         nn::Sequential({{"a.b", nn::ReLU()}});
       },
       {"Sequential: a module's name must not be empty or have a dot, got \"a.b\""}},
      {"value",
       [] {
         nn::Sequential({{"a", nn::ReLU()}, {"a", nn::ReLU()}});
       },
       {"Sequential: there is already a module named \"a\""}},
      {"value",
       [] {
         nn::ModuleDict({{"a", nn::ReLU()}})["b"];
       },
       {"ModuleDict: there is no module \"b\", it has: a"}},
      {"value", [] { nn::ParameterList({x(2)})[1]; }, {"ParameterList: there is no parameter 1, it has 1"}},
      {"value",
       [] { Forgetful().parameters(); },
       {"Forgetful: the member Linear(in_features=2, out_features=2, bias=True) (after fc) is not named in "
        "KORREL_MODULE(fc): it would be neither trained nor"}},
      {"value",
       [] { nn::LSTM(2, 3).parameter("weight_ih_l1"); },
       {"LSTM: there is no parameter \"weight_ih_l1\", there are: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0"}},
      {"value", [] { nn::Conv2d(0, 6, 5); }, {"Conv2d: in_channels must be positive, got 0"}},
      {"value", [] { nn::Conv2d(1, 6, 0); }, {"Conv2d: kernel_size must be at least 1, got [0,0]"}},
      {"value", [] { nn::Conv2d(4, 6, 3, {.groups = 3}); }, {"Conv2d: groups=3 does not divide in_channels=4"}},
      {"value", [] { nn::Linear(3, 0); }, {"Linear: out_features must be positive, got 0"}},
      {"value", [] { nn::BatchNorm2d(0); }, {"BatchNorm2d: num_features must be positive, got 0"}},
      {"value", [] { nn::Dropout(1.5); }, {"Dropout: p must lie in [0, 1], got 1.5"}},
      {"value",
       [] { nn::MaxPool2d(2, {.padding = 2}); },
       {"MaxPool2d: padding must be at most half of kernel_size, got padding [2,2], kernel_size [2,2]"}},
      {"value", [] { nn::Embedding(0, 3); }, {"Embedding: num_embeddings must be positive, got 0"}},
      {"value", [] { nn::GroupNorm(4, 6); }, {"GroupNorm: num_groups=4 does not divide num_channels=6"}},
      {"shape",
       [] {
         nn::ReflectionPad2d({1, 2, 3});
       },
       {"ReflectionPad2d: padding needs one number or 4, got [1,2,3]"}},
      {"value", [] { nn::PixelShuffle(0); }, {"PixelShuffle: upscale_factor must be positive, got 0"}},
      {"value",
       [] {
         nn::Linear net(2, 3);
         net.load_state_dict({{"weight", x(3, 2)}});
       },
       {"load_state_dict of Linear: missing keys: bias"}},
      {"value",
       [] {
         nn::Linear net(2, 3);
         net.load_state_dict({{"weight", x(3, 2)}, {"bias", x(3)}, {"scale", x(3)}});
       },
       {"load_state_dict of Linear: unexpected keys: scale"}},
      {"value",
       [] {
         nn::Linear net(2, 3);
         net.load_state_dict({{"weight", x(2, 3)}, {"bias", x(3)}});
       },
       {"load_state_dict of Linear: mismatches: weight is [3,2] in the module and [2,3] in the dictionary"}},
      {"value",
       [] {
         nn::Linear net(2, 3);
         net.load_state_dict({{"weight", x(3, 2)}, {"bias", Tensor()}});
       },
       {"load_state_dict of Linear: mismatches: bias is undefined in the dictionary"}},
      {"dtype",
       [] {
         nn::Linear net(2, 3);
         net.to(i64);
       },
       {"to: modules compute in f32 or f64, not i64"}},
      {"shape",
       [] {
         nn::Linear net(2, 3);
         net.weight.copy_(x(2, 3));
       },
       {"copy_: the values are [2,3], the tensor [3,2]"}},
      {"value", [] { models::make_model("lenet6"); }, {"there is no model \"lenet6\"; there are: lenet5"}},
      {"value",
       [] {
         models::make_model("lenet5", {3, 5, 5});
       },
       {"model lenet5: takes samples of shape [1,28,28] (any number of channels), got [3,5,5]"}},
      {"value", [] { nn::MaxPool2d(2)(Tensor()); }, {"MaxPool2d: max_pool2d: x is undefined"}},
  };
  return rows;
}

}  // namespace wrong_calls
