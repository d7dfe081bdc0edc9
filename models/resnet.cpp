#include <korrel/models/resnet.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/pad.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/models/fan_out_init.h>

namespace korrel::models {
namespace {

nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  return {in, out, kernel, {.stride = stride, .padding = kernel / 2, .bias = false}};
}

// Option A: every stride-th pixel, the new channels zero on both sides.
struct PadShortcut : nn::Module {
  KORREL_MODULE()
  PadShortcut(int64_t in, int64_t out, int64_t step)
      : pads{0, 0, 0, 0, (out - in) / 2, out - in - (out - in) / 2}, stride(step) {}
  Tensor forward(const Tensor& x) override {
    Tensor thinned = slice(slice(x, 2, 0, x.size(2), stride), 3, 0, x.size(3), stride);
    return pad(thinned, pads);
  }
  std::vector<int64_t> pads;
  int64_t stride;
};

nn::Sequential shortcut(int64_t in, int64_t out, const ResidualOptions& options) {
  if (in == out && options.stride == 1) return {};
  if (!options.projection) return nn::Sequential{PadShortcut(in, out, options.stride)};
  return nn::Sequential{conv(in, out, 1, options.stride), nn::BatchNorm2d(out)};
}

nn::Sequential stage(int64_t& in, int64_t width, int64_t depth, int64_t stride, const ResNetOptions& options) {
  nn::Sequential blocks;
  for (int64_t i = 0; i < depth; ++i) {
    ResidualOptions residual{.stride = i == 0 ? stride : 1, .projection = options.projection};
    if (options.bottleneck)
      blocks.append(Bottleneck(in, width, residual));
    else
      blocks.append(BasicBlock(in, width, residual));
    in = options.bottleneck ? 4 * width : width;
  }
  return blocks;
}

}  // namespace

BasicBlock::BasicBlock(int64_t in_channels, int64_t out_channels, const ResidualOptions& options)
    : conv1(conv(in_channels, out_channels, 3, options.stride)),
      bn1(out_channels),
      conv2(conv(out_channels, out_channels, 3)),
      bn2(out_channels),
      downsample(shortcut(in_channels, out_channels, options)) {}

Tensor BasicBlock::forward(const Tensor& x) {
  Tensor h = bn1.relu(conv1(x));
  return bn2.relu(conv2(h), downsample(x));
}

Bottleneck::Bottleneck(int64_t in_channels, int64_t width, const ResidualOptions& options)
    : conv1(conv(in_channels, width, 1)),
      bn1(width),
      conv2(conv(width, width, 3, options.stride)),
      bn2(width),
      conv3(conv(width, 4 * width, 1)),
      bn3(4 * width),
      downsample(shortcut(in_channels, 4 * width, options)) {}

Tensor Bottleneck::forward(const Tensor& x) {
  Tensor h = bn1.relu(conv1(x));
  h = bn2.relu(conv2(h));
  return bn3.relu(conv3(h), downsample(x));
}

ResNet::ResNet(const ResNetOptions& options)
    : conv1(options.in_channels, options.widths[0], options.small_images ? 3 : 7,
            {.stride = options.small_images ? 1 : 2, .padding = options.small_images ? 1 : 3, .bias = false}),
      bn1(options.widths[0]),
      fc(options.widths[options.depths.size() - 1] * (options.bottleneck ? 4 : 1), options.classes),
      small_images_(options.small_images) {
  nn::Sequential* stages[] = {&layer1, &layer2, &layer3, &layer4};
  check<ValueError>(!options.depths.empty() && options.depths.size() <= std::min<std::size_t>(4, options.widths.size()),
                    "ResNet: one to four stages with a width each, got {} depths and {} widths", options.depths.size(),
                    options.widths.size());
  int64_t in = options.widths[0];
  for (std::size_t i = 0; i < options.depths.size(); ++i)
    *stages[i] = stage(in, options.widths[i], options.depths[i], i == 0 ? 1 : 2, options);
  init_convolutions(*this);
}

Tensor ResNet::forward(const Tensor& x) {
  Tensor h = bn1.relu(conv1(x));
  if (!small_images_) h = max_pool2d(h, 3, {.stride = 2, .padding = 1});
  h = layer4(layer3(layer2(layer1(h))));
  return fc(global_avg_pool(h).flatten(1));
}

ResNet resnet18(int64_t classes, bool small_images, int64_t in_channels) {
  return ResNet({.depths = {2, 2, 2, 2}, .small_images = small_images, .in_channels = in_channels, .classes = classes});
}
ResNet resnet34(int64_t classes, bool small_images, int64_t in_channels) {
  return ResNet({.depths = {3, 4, 6, 3}, .small_images = small_images, .in_channels = in_channels, .classes = classes});
}
ResNet resnet50(int64_t classes, bool small_images, int64_t in_channels) {
  return ResNet({.depths = {3, 4, 6, 3},
                 .bottleneck = true,
                 .small_images = small_images,
                 .in_channels = in_channels,
                 .classes = classes});
}
ResNet cifar_resnet(int64_t depth, int64_t classes, int64_t in_channels) {
  check<ValueError>(depth >= 8 && depth % 6 == 2,
                    "cifar_resnet: the depth must be 6n + 2 (20, 32, 44, 56, ...), got {}", depth);
  int64_t n = (depth - 2) / 6;
  return ResNet({.depths = {n, n, n},
                 .widths = {16, 32, 64},
                 .small_images = true,
                 .projection = false,
                 .in_channels = in_channels,
                 .classes = classes});
}

}  // namespace korrel::models
