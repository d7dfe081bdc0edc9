#include <korrel/models/mobilenet_v2.h>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/layers/activation.h>
#include <korrel/layers/batch_norm.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/dropout.h>
#include <korrel/layers/linear.h>
#include <korrel/models/fan_out_init.h>

namespace korrel::models {
namespace {

struct Unit {
  int64_t kernel = 3, stride = 1, groups = 1;
};

nn::Sequential convolution_unit(int64_t in, int64_t out, const Unit& unit) {
  nn::Conv2d conv(in, out, unit.kernel,
                  {.stride = unit.stride, .padding = unit.kernel / 2, .groups = unit.groups, .bias = false});
  return nn::Sequential(std::move(conv), nn::BatchNorm2d(out), nn::ReLU6());
}

}  // namespace

InvertedResidual::InvertedResidual(int64_t in, int64_t out, int64_t stride, int64_t expand)
    : keeps_shape_(stride == 1 && in == out) {
  int64_t hidden = in * expand;
  if (expand != 1) conv.append(convolution_unit(in, hidden, {.kernel = 1}));
  conv.append(convolution_unit(hidden, hidden, {.stride = stride, .groups = hidden}));
  conv.append(nn::Conv2d(hidden, out, 1, {.bias = false}));
  conv.append(nn::BatchNorm2d(out));
}

Tensor InvertedResidual::forward(const Tensor& x) { return keeps_shape_ ? x + conv(x) : conv(x); }

MobileNetV2::MobileNetV2(int64_t in_channels, int64_t classes, double dropout)
    : classifier(nn::Dropout(dropout), nn::Linear(1280, classes)) {
  struct Stage {
    int64_t expand, width, blocks, stride;
  };
  features.append(convolution_unit(in_channels, 32, {.stride = 2}));
  int64_t in = 32;
  for (const Stage& stage :
       {Stage{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}})
    for (int64_t i = 0; i < stage.blocks; ++i, in = stage.width)
      features.append(InvertedResidual(in, stage.width, i == 0 ? stage.stride : 1, stage.expand));
  features.append(convolution_unit(in, 1280, {.kernel = 1}));
  init_convolutions(*this);
  init_linears(*this);
}

Tensor MobileNetV2::forward(const Tensor& x) { return classifier(global_avg_pool(features(x)).flatten(1)); }

}  // namespace korrel::models
