// VGG (Simonyan & Zisserman 2014) of 11, 13, 16 and 19 layers with or without batch norm, with torchvision's layers and
// state_dict names. Parameters for three channels and 1000 classes: 132,863,336 (11), 133,047,848 (13), 138,357,544
// (16), 143,667,240 (19); with batch norm 132,868,840, 133,053,736, 138,365,992, 143,678,248.
#pragma once

#include <korrel/layers/containers.h>

namespace korrel::models {

struct VGGOptions {
  bool batch_norm = false;
  int64_t in_channels = 3;
  int64_t classes = 1000;
  int64_t hidden = 4096;  // width of the two hidden linear layers, which hold most of the parameters
  double dropout = 0.5;
};

struct VGG : nn::Module {
  explicit VGG(int64_t depth, const VGGOptions& options = {});  // ValueError unless 11, 13, 16 or 19
  nn::Sequential features, classifier;
  KORREL_MODULE(features, classifier)

  Tensor forward(const Tensor& x) override;  // [N,C,H,W], sides at least 32, made for 224 -> logits [N,classes]
};

}  // namespace korrel::models
