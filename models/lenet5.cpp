#include <korrel/models/lenet5.h>

#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/pooling.h>

namespace korrel::models {

LeNet5::LeNet5(LeNet5Form which, int64_t in_channels, int64_t classes)
    : conv1(in_channels, 6, 5, {.padding = 2}),
      conv2(6, 16, 5),
      fc1(400, 120),
      fc2(120, 84),
      fc3(84, classes),
      form(which) {}

Tensor LeNet5::forward(const Tensor& x) {
  if (form == LeNet5Form::original) {
    Tensor h = avg_pool2d(tanh(conv1(x)), 2);
    h = avg_pool2d(tanh(conv2(h)), 2);
    return fc3(tanh(fc2(tanh(fc1(h.flatten(1))))));
  }
  Tensor h = max_pool2d(relu(conv1(x)), 2);
  h = max_pool2d(relu(conv2(h)), 2);
  return fc3(relu(fc2(relu(fc1(h.flatten(1))))));
}

}  // namespace korrel::models
