// Small convolutional classifiers: of sequences (1-D), of volumes (3-D), and of CIFAR's images (2-D with batch norm).
// For tests, demonstrations and first experiments; trained in seconds to minutes on two cores.
#pragma once

#include <korrel/layers/batch_norm.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/linear.h>

namespace korrel::models {

// [N,C,L], L at least 16 -> logits [N,classes]. Two convolutions of kernel 7 and 5, each with pooling, then the mean
// over time.
struct SequenceNet : nn::Module {
  explicit SequenceNet(int64_t in_channels = 1, int64_t classes = 4);
  nn::Conv1d conv1, conv2, conv3;
  nn::Linear fc;
  KORREL_MODULE(conv1, conv2, conv3, fc)
  Tensor forward(const Tensor& x) override;
};

// [N,C,D,H,W], sides at least 8 -> logits [N,classes]. Three 3x3x3 convolutions with batch norm,
// the first two with pooling, then the largest value of each channel.
struct VolumeNet : nn::Module {
  explicit VolumeNet(int64_t in_channels = 1, int64_t classes = 4);
  nn::Conv3d conv1, conv2, conv3;
  nn::BatchNorm3d bn1, bn2, bn3;
  nn::Linear fc;
  KORREL_MODULE(conv1, bn1, conv2, bn2, conv3, bn3, fc)
  Tensor forward(const Tensor& x) override;
};

// [N,C,H,W], sides at least 8 -> logits [N,classes]. Six 3x3 convolutions with batch norm, widths 32-32-64-64-128-128,
// pooling after every second one, then the mean over the image. 288,746 parameters for three channels and ten classes.
struct CifarSmall : nn::Module {
  explicit CifarSmall(int64_t in_channels = 3, int64_t classes = 10);
  std::vector<nn::Conv2d> convs;
  std::vector<nn::BatchNorm2d> norms;
  nn::Linear fc;
  KORREL_MODULE(convs, norms, fc)
  Tensor forward(const Tensor& x) override;
};

}  // namespace korrel::models
