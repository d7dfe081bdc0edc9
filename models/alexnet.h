// AlexNet (Krizhevsky 2014, "one weird trick"), with torchvision's layers and state_dict names: 61,100,840 parameters
// for three channels and 1000 classes.
#pragma once

#include <korrel/layers/containers.h>

namespace korrel::models {

struct AlexNet : nn::Module {
  explicit AlexNet(int64_t in_channels = 3, int64_t classes = 1000, double dropout = 0.5);
  nn::Sequential features, classifier;
  KORREL_MODULE(features, classifier)

  Tensor forward(const Tensor& x) override;  // [N,C,H,W], sides at least 63, made for 224 -> logits [N,classes]
};

}  // namespace korrel::models
