// LeNet-5 (LeCun et al. 1998) for images [N,1,28,28], in two forms of 61,706 parameters and 416,520 multiply-adds each:
// the original's tanh and average pooling, and the usual one of today, ReLU and max pooling. Fully connected C3, linear
// output.
#pragma once

#include <korrel/layers/convolution.h>
#include <korrel/layers/linear.h>

namespace korrel::models {

enum class LeNet5Form { modern, original };

struct LeNet5 : nn::Module {
  explicit LeNet5(LeNet5Form form = LeNet5Form::modern, int64_t in_channels = 1, int64_t classes = 10);

  nn::Conv2d conv1, conv2;
  nn::Linear fc1, fc2, fc3;
  LeNet5Form form;
  KORREL_MODULE(conv1, conv2, fc1, fc2, fc3)

  Tensor forward(const Tensor& x) override;  // [N,C,28,28] -> logits [N,classes]
};

}  // namespace korrel::models
