// Residual networks (He et al. 2015), with torchvision's state_dict names: ResNet-18/34/50 for ImageNet-sized images,
// the same with a stem for 32x32 images, and the paper's CIFAR networks ResNet-20/32/44/56 (parameter-free shortcuts,
// option A).
#pragma once

#include <korrel/layers/batch_norm.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/linear.h>

namespace korrel::models {

struct ResidualOptions {
  int64_t stride = 1;
  // Where stride or width change: a 1x1 convolution with batch norm (option B), or every stride-th pixel with zero
  // channels around it (option A).
  bool projection = true;
};

// 3x3, 3x3 and the shortcut. x [N,in,H,W] -> [N,out,H/stride,W/stride].
struct BasicBlock : nn::Module {
  nn::Conv2d conv1;
  nn::BatchNorm2d bn1;
  nn::Conv2d conv2;
  nn::BatchNorm2d bn2;
  nn::Sequential downsample;  // empty: the identity
  KORREL_MODULE(conv1, bn1, conv2, bn2, downsample)

  BasicBlock(int64_t in_channels, int64_t out_channels, const ResidualOptions& options = {});
  Tensor forward(const Tensor& x) override;
};

// 1x1, 3x3 with the stride, 1x1 to four times the width. x [N,in,H,W] -> [N,4 width,H/stride,W/stride].
struct Bottleneck : nn::Module {
  nn::Conv2d conv1;
  nn::BatchNorm2d bn1;
  nn::Conv2d conv2;
  nn::BatchNorm2d bn2;
  nn::Conv2d conv3;
  nn::BatchNorm2d bn3;
  nn::Sequential downsample;
  KORREL_MODULE(conv1, bn1, conv2, bn2, conv3, bn3, downsample)

  Bottleneck(int64_t in_channels, int64_t width, const ResidualOptions& options = {});
  Tensor forward(const Tensor& x) override;
};

struct ResNetOptions {
  std::vector<int64_t> depths;  // blocks per stage, one to four stages
  std::vector<int64_t> widths = {64, 128, 256, 512};
  bool bottleneck = false;
  bool small_images = false;  // stem: 3x3 stride 1 without pooling instead of 7x7 stride 2 and max pooling
  bool projection = true;
  int64_t in_channels = 3;
  int64_t classes = 1000;
};

// x [N,in_channels,H,W] -> logits [N,classes].
struct ResNet : nn::Module {
  nn::Conv2d conv1;
  nn::BatchNorm2d bn1;
  nn::Sequential layer1, layer2, layer3, layer4;
  nn::Linear fc;
  KORREL_MODULE(conv1, bn1, layer1, layer2, layer3, layer4, fc)

  explicit ResNet(const ResNetOptions& options);
  Tensor forward(const Tensor& x) override;

 private:
  bool small_images_;
};

ResNet resnet18(int64_t classes = 1000, bool small_images = false, int64_t in_channels = 3);  // 11,689,512 parameters
ResNet resnet34(int64_t classes = 1000, bool small_images = false, int64_t in_channels = 3);  // 21,797,672
ResNet resnet50(int64_t classes = 1000, bool small_images = false, int64_t in_channels = 3);  // 25,557,032
// depth 6n + 2: 20, 32, 44, 56 have 269,722, 464,154, 658,586 and 853,018 parameters. Throws ValueError for other
// depths.
ResNet cifar_resnet(int64_t depth, int64_t classes = 10, int64_t in_channels = 3);

}  // namespace korrel::models
