#include <korrel/models/vgg.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/layers/activation.h>
#include <korrel/layers/batch_norm.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/dropout.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/pooling.h>
#include <korrel/models/fan_out_init.h>

namespace korrel::models {
namespace {

// Convolutions in each of the five stages, whose widths are 64, 128, 256, 512, 512.
struct Stages {
  int64_t depth, convolutions[5];
};
constexpr Stages all_stages[] = {
    {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};

const Stages& stages_of(int64_t depth) {
  for (const Stages& stages : all_stages)
    if (stages.depth == depth) return stages;
  fail<ValueError>("VGG: the depth must be 11, 13, 16 or 19, got {}", depth);
}

}  // namespace

VGG::VGG(int64_t depth, const VGGOptions& options) {
  int64_t in = options.in_channels, width = 64;
  for (int64_t count : stages_of(depth).convolutions) {
    for (; count > 0; --count, in = width) {
      features.append(nn::Conv2d(in, width, 3, {.padding = 1}));
      if (options.batch_norm) features.append(nn::BatchNorm2d(width));
      features.append(nn::ReLU());
    }
    features.append(nn::MaxPool2d(2, {.stride = 2}));
    width = std::min<int64_t>(2 * width, 512);
  }
  classifier.append(nn::Linear(512 * 7 * 7, options.hidden)).append(nn::ReLU()).append(nn::Dropout(options.dropout));
  classifier.append(nn::Linear(options.hidden, options.hidden)).append(nn::ReLU()).append(nn::Dropout(options.dropout));
  classifier.append(nn::Linear(options.hidden, options.classes));
  init_convolutions(*this);
  init_linears(*this);
}

Tensor VGG::forward(const Tensor& x) { return classifier(adaptive_avg_pool2d(features(x), 7).flatten(1)); }

}  // namespace korrel::models
