// What teaching material on convolutional networks states about layers and whole networks: sizes, parameters, work,
// receptive fields. What ops alone show is in worked_examples_test.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/pooling.h>

using namespace korrel;

namespace {

struct LeNet5 : nn::Module {
  nn::Conv2d conv1{1, 6, 5, {.padding = 2}}, conv2{6, 16, 5};
  nn::Linear fc1{400, 120}, fc2{120, 84}, fc3{84, 10};
  KORREL_MODULE(conv1, conv2, fc1, fc2, fc3)

  Tensor forward(const Tensor& x) override {
    Tensor h = max_pool2d(tanh(conv1(x)), 2);
    h = max_pool2d(tanh(conv2(h)), 2);
    return fc3(tanh(fc2(tanh(fc1(h.flatten(1))))));
  }
};

// How many elements of x, along its last axis, the middle of f(x) depends on.
template <class F>
int64_t receptive_field(F f, int64_t size) {
  Tensor x = randn({1, 1, size}, {.dtype = f64}).requires_grad_();
  Tensor y = f(x);
  Tensor g = grad({y.select(-1, y.size(-1) / 2)}, {x}, {ones({1, 1}, {.dtype = f64})})[0];
  int64_t seen = 0;
  for (double slope : g.to_vector()) seen += slope != 0;
  return seen;
}

// Weights of one, so that no slope is zero by chance.
nn::Conv1d ones_conv(int64_t kernel, const nn::ConvLayerOptions& options = {}) {
  nn::Conv1d layer(1, 1, kernel, options);
  layer.to(f64);
  Tensor weight = layer.weight;
  std::fill_n(weight.data<double>(), weight.numel(), 1.0);
  return layer;
}

}  // namespace

TEST_CASE("Parameters of a layer: kernel volume x in x out + out") {
  CHECK(nn::Conv1d(3, 5, 4).parameter_count() == 4 * 3 * 5 + 5);
  CHECK(nn::Conv2d(3, 5, {4, 2}).parameter_count() == 4 * 2 * 3 * 5 + 5);
  CHECK(nn::Conv3d(3, 5, 2).parameter_count() == 8 * 3 * 5 + 5);
}

TEST_CASE(
    "Input 3x32x32, ten 5x5 filters, stride 1, padding 2: output 10x32x32, 760 parameters, 768,000 multiply-adds") {
  nn::Conv2d layer(3, 10, 5, {.padding = 2});
  Tensor x = zeros({3, 32, 32}), y = layer(x);
  CHECK(y.shape() == Shape{10, 32, 32});
  CHECK(layer.parameter_count() == 760);
  CHECK(layer.cost(x, y).multiply_adds == 768000);
}

TEST_CASE("Conv2d(1,4,3) on an unbatched (1,10,20) gives (4,8,18); weight (4,1,3,3), bias (4)") {
  nn::Conv2d layer(1, 4, 3);
  CHECK(layer(zeros({1, 10, 20})).shape() == Shape{4, 8, 18});
  CHECK(layer.weight.shape() == Shape{4, 1, 3, 3});
  CHECK(layer.bias.shape() == Shape{4});
}

TEST_CASE("Conv2d(6,16,5) on (6,32,32) gives (16,28,28); weight (16,6,5,5)") {
  nn::Conv2d layer(6, 16, 5);
  CHECK(layer(zeros({6, 32, 32})).shape() == Shape{16, 28, 28});
  CHECK(layer.weight.shape() == Shape{16, 6, 5, 5});
}

TEST_CASE("1x32x32 through 5x5 convolutions 1->6->16->120 with tanh, no pooling: (6,28,28), (16,24,24), (120,20,20)") {
  nn::Conv2d first(1, 6, 5), second(6, 16, 5), third(16, 120, 5);
  Tensor x = tanh(first(randn({1, 32, 32})));
  CHECK(x.shape() == Shape{6, 28, 28});
  x = tanh(second(x));
  CHECK(x.shape() == Shape{16, 24, 24});
  x = tanh(third(x));
  CHECK(x.shape() == Shape{120, 20, 20});
}

TEST_CASE("The receptive field of L stride-1 layers of kernel K is 1 + L (K-1)") {
  for (int64_t kernel : {3, 5})
    for (int64_t layers : {1, 2, 4}) {
      nn::Conv1d layer = ones_conv(kernel);
      auto stack = [&](Tensor x) {
        for (int64_t i = 0; i < layers; ++i) x = layer(x);
        return x;
      };
      CHECK(receptive_field(stack, 41) == 1 + layers * (kernel - 1));
    }
}

TEST_CASE("Stride multiplies what follows, and pooling counts") {
  nn::Conv1d plain = ones_conv(3), strided = ones_conv(3, {.stride = 2});
  CHECK(receptive_field([&](const Tensor& x) { return plain(strided(x)); }, 41) == 1 + 2 + 2 * 2);
  CHECK(receptive_field([&](const Tensor& x) { return plain(strided(strided(x))); }, 41) == 1 + 2 + 2 * 2 + 4 * 2);
  CHECK(receptive_field([&](const Tensor& x) { return plain(avg_pool1d(plain(x), 2)); }, 41) == 1 + 2 + 1 + 2 * 2);
}

TEST_CASE("LeNet-5 (28x28, padding 2; 400-120-84-10): 61,706 parameters, 416,520 multiply-adds") {
  LeNet5 net;
  CHECK(net.parameter_count() == 61706);
  Tensor x = zeros({1, 1, 28, 28});
  CHECK(net(x).shape() == Shape{1, 10});
  int64_t multiply_adds = net.conv1.cost(x, zeros({1, 6, 28, 28})).multiply_adds +
                          net.conv2.cost(zeros({1, 6, 14, 14}), zeros({1, 16, 10, 10})).multiply_adds +
                          net.fc1.cost(zeros({1, 400}), zeros({1, 120})).multiply_adds +
                          net.fc2.cost(zeros({1, 120}), zeros({1, 84})).multiply_adds +
                          net.fc3.cost(zeros({1, 84}), zeros({1, 10})).multiply_adds;
  CHECK(multiply_adds == 416520);
}

TEST_CASE("Max pooling has no parameters") { CHECK(nn::MaxPool2d(2).parameter_count() == 0); }

TEST_CASE("Two Conv2d layers with no activation between equal one of kernel K1 + K2 - 1") {
  nn::Conv2d first(1, 1, 3, {.bias = false}), second(1, 1, 5, {.bias = false}), both(1, 1, 7, {.bias = false});
  for (nn::Module* layer :
       {static_cast<nn::Module*>(&first), static_cast<nn::Module*>(&second), static_cast<nn::Module*>(&both)})
    layer->to(f64);
  // Correlating twice is correlating with the convolution of the kernels.
  Tensor combined = convolve(first.weight.detach().reshape({3, 3}), second.weight.detach().reshape({5, 5})),
         weight = both.weight;
  std::copy_n(combined.data<double>(), 49, weight.data<double>());
  Tensor x = randn({2, 1, 12, 12}, {.dtype = f64});
  std::vector<double> stacked = second(first(x)).to_vector(), one = both(x).to_vector();
  REQUIRE(stacked.size() == one.size());
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(std::abs(stacked[i] - one[i]) < 1e-12);
}
