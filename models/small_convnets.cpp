#include <korrel/models/small_convnets.h>

#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/pooling.h>

namespace korrel::models {

SequenceNet::SequenceNet(int64_t in_channels, int64_t classes)
    : conv1(in_channels, 16, 7, {.padding = 3}),
      conv2(16, 32, 5, {.padding = 2}),
      conv3(32, 32, 5, {.padding = 2}),
      fc(32, classes) {}

Tensor SequenceNet::forward(const Tensor& x) {
  Tensor h = max_pool1d(relu(conv1(x)), 2);
  h = max_pool1d(relu(conv2(h)), 2);
  return fc(global_avg_pool(relu(conv3(h))).flatten(1));
}

VolumeNet::VolumeNet(int64_t in_channels, int64_t classes)
    : conv1(in_channels, 8, 3, {.padding = 1, .bias = false}),
      conv2(8, 16, 3, {.padding = 1, .bias = false}),
      conv3(16, 32, 3, {.padding = 1, .bias = false}),
      bn1(8),
      bn2(16),
      bn3(32),
      fc(32, classes) {}

Tensor VolumeNet::forward(const Tensor& x) {
  Tensor h = max_pool3d(relu(bn1(conv1(x))), 2);
  h = max_pool3d(relu(bn2(conv2(h))), 2);
  return fc(global_max_pool(relu(bn3(conv3(h)))).flatten(1));
}

CifarSmall::CifarSmall(int64_t in_channels, int64_t classes) : fc(128, classes) {
  int64_t channels = in_channels;
  for (int64_t width : {32, 32, 64, 64, 128, 128}) {
    convs.emplace_back(channels, width, 3, nn::ConvLayerOptions{.padding = 1, .bias = false});  // the norm has one
    norms.emplace_back(width);
    channels = width;
  }
}

Tensor CifarSmall::forward(const Tensor& x) {
  Tensor h = x;
  for (std::size_t i = 0; i < convs.size(); ++i) {
    h = relu(norms[i](convs[i](h)));
    if (i % 2 == 1) h = max_pool2d(h, 2);
  }
  return fc(global_avg_pool(h).flatten(1));
}

}  // namespace korrel::models
