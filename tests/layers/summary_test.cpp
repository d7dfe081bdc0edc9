#include <doctest/doctest.h>

#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/layers/activation.h>
#include <korrel/layers/batch_norm.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/pooling.h>
#include <korrel/layers/shape.h>
#include <korrel/layers/summary.h>
#include <korrel/models/lenet5.h>
#include <korrel/models/resnet.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

const nn::SummaryRow& row(const nn::Summary& summary, const std::string& path) {
  for (const nn::SummaryRow& each : summary.rows)
    if (each.path == path) return each;
  FAIL("no row " << path);
  return summary.rows[0];
}

}  // namespace

TEST_CASE("LeNet-5: 61,706 parameters, 416,520 multiply-adds, receptive fields through pooling called as a function") {
  models::LeNet5 net;
  nn::Summary summary = nn::summary(net, {1, 28, 28});
  CHECK(summary.parameters == 61706);
  CHECK(summary.trainable_parameters == 61706);
  CHECK(summary.multiply_adds == 416520);
  CHECK(summary.rows.size() == 5);
  CHECK(row(summary, "conv1").output == Shape{6, 28, 28});
  CHECK(row(summary, "conv1").multiply_adds == 117600);
  CHECK(row(summary, "conv1").receptive_field == Dims{5, 5});
  CHECK(row(summary, "conv2").receptive_field == Dims{14, 14});  // 5, pooled 6 with jump 2, then 4 more steps of 2
  CHECK(row(summary, "fc1").receptive_field == Dims{28, 28});
  CHECK(row(summary, "fc3").output == Shape{10});
  CHECK(net.training());
  CHECK(to_string(summary) ==
        "layer  type    output    parameters  multiply-adds  receptive field\n"
        "-------------------------------------------------------------------\n"
        "conv1  Conv2d  6x28x28          156        117,600              5x5\n"
        "conv2  Conv2d  16x10x10       2,416        240,000            14x14\n"
        "fc1    Linear  120           48,120         48,000            28x28\n"
        "fc2    Linear  84            10,164         10,080            28x28\n"
        "fc3    Linear  10               850            840            28x28\n"
        "-------------------------------------------------------------------\n"
        "total                        61,706        416,520\n"
        "input 1x28x28\n");
}

TEST_CASE("worked numbers: ten 5x5 filters on 3x32x32, and stride-1 stacks") {
  nn::Sequential one{nn::Conv2d(3, 10, 5, {.padding = 2}), nn::Identity()};
  nn::Summary summary = nn::summary(one, {3, 32, 32});
  CHECK(summary.parameters == 760);
  CHECK(summary.multiply_adds == 768000);
  CHECK(summary.rows[0].output == Shape{10, 32, 32});
  for (int64_t layers : {1, 2, 5})
    for (int64_t kernel : {3, 5}) {
      nn::Sequential stack;
      for (int64_t i = 0; i < layers; ++i) stack.append(nn::Conv2d(1, 1, kernel)).append(nn::ReLU());
      int64_t field = 1 + layers * (kernel - 1);
      CHECK(nn::summary(stack, {1, 64, 64}).rows.back().receptive_field == Dims{field, field});
    }
}

TEST_CASE("strides, dilation, pooling layers, one and three dimensions, transposes") {
  nn::Sequential net{nn::Conv1d(1, 2, 3, {.stride = 2}), nn::MaxPool1d(2), nn::Conv1d(2, 2, 3, {.dilation = 2})};
  nn::Summary summary = nn::summary(net, {1, 64});
  CHECK(summary.rows[0].receptive_field == Dims{3});
  CHECK(summary.rows[1].receptive_field == Dims{5});
  CHECK(summary.rows[2].receptive_field == Dims{21});  // 4 steps of jump 4 more

  nn::Sequential volume{nn::Conv3d(1, 2, {1, 3, 5}), nn::AdaptiveAvgPool3d(1)};
  CHECK(nn::summary(volume, {1, 4, 8, 8}).rows[0].receptive_field == Dims{1, 3, 5});
  CHECK(nn::summary(volume, {1, 4, 8, 8}).rows[1].receptive_field == Dims{4, 8, 8});

  nn::Sequential up{nn::Conv2d(1, 4, 3, {.stride = 2, .padding = 1}), nn::ConvTranspose2d(4, 2, 2, {.stride = 2})};
  summary = nn::summary(up, {1, 16, 16});
  CHECK(summary.rows[1].output == Shape{2, 16, 16});
  CHECK(summary.rows[1].multiply_adds == 4 * 8 * 8 * 2 * 4);
}

TEST_CASE("branches: a residual block sees the larger of its two ways, and its shortcut does not add up") {
  models::BasicBlock block(3, 8, {.stride = 2});
  nn::Summary summary = nn::summary(block, {3, 32, 32});
  CHECK(row(summary, "conv1").receptive_field == Dims{3, 3});
  CHECK(row(summary, "conv2").receptive_field == Dims{7, 7});
  CHECK(row(summary, "downsample.0").receptive_field == Dims{1, 1});
}

TEST_CASE("layers that are shared, not called, frozen, or without spatial axes") {
  struct Net : nn::Module {
    nn::Linear twice{4, 4}, never{4, 4};
    KORREL_MODULE(twice, never)
    Tensor forward(const Tensor& x) override { return twice(twice(x)); }
  };
  Net net;
  net.never.requires_grad_(false);
  net.never.eval();
  nn::Summary summary = nn::summary(net, {4});
  CHECK(summary.rows.size() == 3);
  CHECK(summary.rows[0].parameters == 20);
  CHECK(summary.rows[1].parameters == 0);
  CHECK(summary.multiply_adds == 32);
  CHECK(summary.rows[2].path == "never");
  CHECK(!summary.rows[2].called);
  CHECK(summary.rows[0].receptive_field.empty());
  CHECK(summary.parameters == 40);
  CHECK(summary.trainable_parameters == 20);
  CHECK(to_string(summary).find("not called") != std::string::npos);
  CHECK(to_string(summary).ends_with("input 4, 20 parameters frozen\n"));
  CHECK(net.training());
  CHECK(!net.never.training());
  net.to(f64);
  CHECK(nn::summary(net, {4}).parameters == 40);
}

TEST_CASE("an input that does not fit is told with the place, and leaves no hook and no mode behind") {
  nn::Sequential net{nn::Conv2d(3, 4, 3), nn::BatchNorm2d(4)};
  CHECK(message_of<ShapeError>([&] { nn::summary(net, {1, 8, 8}); }).starts_with("Sequential.0 (Conv2d): conv2d: "));
  CHECK(net.training());
  CHECK(net[1].training());
}
