#include <korrel/models/alexnet.h>

#include <korrel/framework/ops/pooling.h>
#include <korrel/layers/activation.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/dropout.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/pooling.h>

namespace korrel::models {

AlexNet::AlexNet(int64_t in_channels, int64_t classes, double dropout)
    : features(nn::Conv2d(in_channels, 64, 11, {.stride = 4, .padding = 2}), nn::ReLU(),
               nn::MaxPool2d(3, {.stride = 2}), nn::Conv2d(64, 192, 5, {.padding = 2}), nn::ReLU(),
               nn::MaxPool2d(3, {.stride = 2}), nn::Conv2d(192, 384, 3, {.padding = 1}), nn::ReLU(),   //
               nn::Conv2d(384, 256, 3, {.padding = 1}), nn::ReLU(),                                    //
               nn::Conv2d(256, 256, 3, {.padding = 1}), nn::ReLU(), nn::MaxPool2d(3, {.stride = 2})),  //
      classifier(nn::Dropout(dropout), nn::Linear(256 * 6 * 6, 4096), nn::ReLU(), nn::Dropout(dropout),
                 nn::Linear(4096, 4096), nn::ReLU(), nn::Linear(4096, classes)) {}

Tensor AlexNet::forward(const Tensor& x) { return classifier(adaptive_avg_pool2d(features(x), 6).flatten(1)); }

}  // namespace korrel::models
