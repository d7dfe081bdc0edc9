// MobileNetV2 (Sandler et al. 2018), with torchvision's layers and state_dict names: 3,504,872 parameters for three
// channels and 1000 classes.
#pragma once

#include <korrel/layers/containers.h>

namespace korrel::models {

// 1x1 to `expand` times the width, depthwise 3x3, 1x1 without activation; plus x where the shape stays.
struct InvertedResidual : nn::Module {
  InvertedResidual(int64_t in_channels, int64_t out_channels, int64_t stride, int64_t expand);
  nn::Sequential conv;
  KORREL_MODULE(conv)

  Tensor forward(const Tensor& x) override;

 private:
  bool keeps_shape_;
};

struct MobileNetV2 : nn::Module {
  explicit MobileNetV2(int64_t in_channels = 3, int64_t classes = 1000, double dropout = 0.2);
  nn::Sequential features, classifier;
  KORREL_MODULE(features, classifier)

  Tensor forward(const Tensor& x) override;  // [N,C,H,W] of any size, made for 224 -> logits [N,classes]
};

}  // namespace korrel::models
