// Network in network (Lin et al. 2013) for CIFAR images: three blocks of a convolution and two 1x1 convolutions, which
// are linear layers applied at every position; no fully connected layer, the mean over the image is the result. Widths
// 192-160-96, 192-192-192, 192-192-classes: 966,986 parameters for three channels and ten classes.
#pragma once

#include <korrel/layers/containers.h>

namespace korrel::models {

struct NiN : nn::Module {
  explicit NiN(int64_t in_channels = 3, int64_t classes = 10);
  nn::Sequential features;
  KORREL_MODULE(features)

  Tensor forward(const Tensor& x) override;  // [N,C,H,W], sides at least 8 -> logits [N,classes]
};

}  // namespace korrel::models
