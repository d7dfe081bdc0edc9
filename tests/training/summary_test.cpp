// Shapes, parameters, multiply-adds and receptive fields against numbers done by hand.
#include <doctest/doctest.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/layers/batch_norm.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/pooling.h>
#include <korrel/models/lenet5.h>
#include <korrel/training/summary.h>
#include <tests/temporary_folder.h>

using namespace korrel;
using namespace korrel::training;

TEST_CASE("LeNet-5: 61,706 parameters, 416,520 multiply-adds, fields of 5 and 14 pixels") {
  models::LeNet5 model;
  ModelSummary s = summarize(model, {1, 28, 28});
  REQUIRE(s.layers.size() == 5);
  CHECK(s.layers[0].path == "conv1");
  CHECK(s.layers[0].type == "Conv2d");
  CHECK(s.layers[0].output == Shape{6, 28, 28});
  CHECK(s.layers[0].parameters == 156);
  CHECK(s.layers[0].multiply_adds == 117'600);
  CHECK(s.layers[0].receptive_field == Dims{5, 5});
  CHECK(s.layers[1].output == Shape{16, 10, 10});
  CHECK(s.layers[1].receptive_field == Dims{14, 14});  // 5, the pooling to 6, then 4 steps of 2
  CHECK(s.layers[2].receptive_field.empty());
  CHECK(s.parameters == 61'706);
  CHECK(s.trainable == 61'706);
  CHECK(s.multiply_adds == 416'520);
  CHECK(s.output == Shape{10});
  CHECK(model.training());
}

TEST_CASE("strides, dilation and pooling layers widen the field") {
  nn::Sequential model(nn::Conv2d(3, 8, 3, {.stride = 2, .padding = 1}),     // field 3, step 2
                       nn::MaxPool2d(2),                                     // 3 + 1 * 2 = 5, step 4
                       nn::Conv2d(8, 8, 3, {.padding = 2, .dilation = 2}));  // 5 + 4 * 4 = 21
  ModelSummary s = summarize(model, {3, 32, 32});
  CHECK(s.layers[0].receptive_field == Dims{3, 3});
  CHECK(s.layers[1].receptive_field == Dims{5, 5});
  CHECK(s.layers[2].receptive_field == Dims{21, 21});
  CHECK(s.layers[0].multiply_adds == 8 * 16 * 16 * 27);
  CHECK(s.layers[1].multiply_adds == 0);
}

TEST_CASE("a shortcut looks back at the block's input, not at the branch that ran before it") {
  struct Block : nn::Module {
    nn::Conv2d conv1{4, 4, 3, {.stride = 2, .padding = 1}}, conv2{4, 4, 3, {.padding = 1}},
        shortcut{4, 4, 1, {.stride = 2}};
    nn::Conv2d after{4, 4, 3, {.padding = 1}};
    KORREL_MODULE(conv1, conv2, shortcut, after)
    Tensor forward(const Tensor& x) override {
      Tensor body = conv2(conv1(x)), side = shortcut(x);
      return after(body + side);
    }
  };
  Block block;
  ModelSummary s = summarize(block, {4, 16, 16});
  CHECK(s.layers[1].receptive_field == Dims{7, 7});    // 3, then 2 steps of 2
  CHECK(s.layers[2].receptive_field == Dims{1, 1});    // the shortcut
  CHECK(s.layers[3].receptive_field == Dims{11, 11});  // of the sum: 7, then 2 steps of 2
}

TEST_CASE("layers that run twice, frozen ones, one axis, and running statistics that stay") {
  struct Twice : nn::Module {
    nn::Conv1d conv{2, 2, 3, {.padding = 1}};
    nn::BatchNorm1d norm{2};
    KORREL_MODULE(conv, norm)
    Tensor forward(const Tensor& x) override { return norm(conv(conv(x))); }
  };
  Twice model;
  model.conv.requires_grad_(false);
  std::vector<double> before = model.buffers()[0].to_vector();
  ModelSummary s = summarize(model, {2, 20});
  REQUIRE(s.layers.size() == 3);
  CHECK(s.layers[0].parameters == 14);
  CHECK(s.layers[1].parameters == 0);
  CHECK(s.layers[1].receptive_field == Dims{5});
  CHECK(s.parameters == 18);
  CHECK(s.trainable == 4);
  CHECK(model.buffers()[0].to_vector() == before);
  CHECK(summarize(model, {2, 20}).layers.size() == 3);  // the hooks are gone
}

TEST_CASE("the table has a row a layer, aligned, with totals") {
  models::LeNet5 model;
  std::string text = to_string(summarize(model, {1, 28, 28}));
  for (const char* part : {"receptive field", "conv1", "6x28x28", "117,600", "14x14", "61,706", "416,520", "all"})
    CHECK(contains(text, part));
  CHECK(contains(message_of<ValueError>([&] { summarize(model, {1, 0, 28}); }), "[1,0,28]"));
  CHECK_FALSE(message_of<Error>([&] { summarize(model, {3, 28, 28}); }).empty());
  CHECK(model.training());
}
