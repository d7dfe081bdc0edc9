#include <korrel/models/nin.h>

#include <korrel/framework/ops/pooling.h>
#include <korrel/layers/activation.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/dropout.h>
#include <korrel/layers/init.h>
#include <korrel/layers/pooling.h>

namespace korrel::models {

NiN::NiN(int64_t in_channels, int64_t classes) {
  auto conv = [&](int64_t in, int64_t out, int64_t kernel) {
    nn::Conv2d layer(in, out, kernel, {.padding = kernel / 2});
    nn::init::kaiming_normal_(layer.weight,
                              {.nonlinearity = "relu"});  // nine layers deep: PyTorch's default would vanish
    nn::init::zeros_(layer.bias);
    features.append(layer).append(nn::ReLU());
  };
  conv(in_channels, 192, 5);
  conv(192, 160, 1);
  conv(160, 96, 1);
  features.append(nn::MaxPool2d(3, {.stride = 2, .padding = 1})).append(nn::Dropout(0.5));
  conv(96, 192, 5);
  conv(192, 192, 1);
  conv(192, 192, 1);
  features.append(nn::AvgPool2d(3, {.stride = 2, .padding = 1})).append(nn::Dropout(0.5));
  conv(192, 192, 3);
  conv(192, 192, 1);
  conv(192, classes, 1);
}

Tensor NiN::forward(const Tensor& x) { return global_avg_pool(features(x)).flatten(1); }

}  // namespace korrel::models
