#include <korrel/models/catalogue.h>

#include <algorithm>

#include <korrel/framework/base/check.h>
#include <korrel/models/alexnet.h>
#include <korrel/models/lenet5.h>
#include <korrel/models/mlp.h>
#include <korrel/models/mobilenet_v2.h>
#include <korrel/models/nin.h>
#include <korrel/models/resnet.h>
#include <korrel/models/small_convnets.h>
#include <korrel/models/transformer.h>
#include <korrel/models/vgg.h>

namespace korrel::models {
namespace {

using Made = nn::AnyModule;

struct Row {
  CatalogueEntry entry;
  int64_t smallest_side;  // of the input; 0 where any shape will do
  Made (*make)(const Shape& input, int64_t classes);
};

template <int64_t depth>
Made small_resnet(const Shape& input, int64_t classes) {
  return ResNet(cifar_resnet(depth, classes, input[0]));
}

// ImageNet's stem makes an image four times smaller before the first block: too early for a small one.
template <ResNet make(int64_t, bool, int64_t)>
Made large_resnet(const Shape& input, int64_t classes) {
  return ResNet(make(classes, std::min(input[1], input[2]) < 96, input[0]));
}

template <int64_t depth, bool batch_norm>
Made vgg(const Shape& input, int64_t classes) {
  return VGG(depth, VGGOptions{.batch_norm = batch_norm, .in_channels = input[0], .classes = classes});
}

// The largest patch that tiles an image with four or more to a side.
int64_t patch_for(const Shape& image) {
  int64_t patch = std::min(image[1], image[2]) / 4;
  while (image[1] % patch != 0 || image[2] % patch != 0) --patch;
  return patch;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {{"lenet5", "LeNet-5 of today: ReLU and max pooling", {1, 28, 28}, 10},
       28,
       [](const Shape& input, int64_t classes) -> Made { return LeNet5(LeNet5Form::modern, input[0], classes); }},
      {{"lenet5-1998", "LeNet-5 as in 1998: tanh and average pooling", {1, 28, 28}, 10},
       28,
       [](const Shape& input, int64_t classes) -> Made { return LeNet5(LeNet5Form::original, input[0], classes); }},
      {{"mlp", "multilayer perceptron, two hidden layers of 256 and 128", {1, 28, 28}, 10},
       0,
       [](const Shape& input, int64_t classes) -> Made {
         return MLP(std::vector<int64_t>{input.numel(), 256, 128, classes});
       }},
      {{"nin", "network in network (Lin et al. 2013)", {3, 32, 32}, 10},
       8,
       [](const Shape& input, int64_t classes) -> Made { return NiN(input[0], classes); }},
      {{"cifar-small", "six 3x3 convolutions with batch norm", {3, 32, 32}, 10},
       8,
       [](const Shape& input, int64_t classes) -> Made { return CifarSmall(input[0], classes); }},
      {{"resnet20", "residual network of 20 layers for 32x32 images (He et al. 2015)", {3, 32, 32}, 10},
       8,
       small_resnet<20>},
      {{"resnet32", "the same of 32 layers", {3, 32, 32}, 10}, 8, small_resnet<32>},
      {{"resnet44", "the same of 44 layers", {3, 32, 32}, 10}, 8, small_resnet<44>},
      {{"resnet56", "the same of 56 layers", {3, 32, 32}, 10}, 8, small_resnet<56>},
      {{"resnet18", "residual network of 18 layers; below sides of 96 without the early pooling", {3, 224, 224}, 1000},
       8,
       large_resnet<resnet18>},
      {{"resnet34", "the same of 34 layers", {3, 224, 224}, 1000}, 8, large_resnet<resnet34>},
      {{"resnet50", "the same of 50 layers, with bottlenecks", {3, 224, 224}, 1000}, 8, large_resnet<resnet50>},
      {{"alexnet", "AlexNet (Krizhevsky 2014)", {3, 224, 224}, 1000},
       63,
       [](const Shape& input, int64_t classes) -> Made { return AlexNet(input[0], classes); }},
      {{"vgg11", "VGG (Simonyan & Zisserman 2014) of 11 layers", {3, 224, 224}, 1000}, 32, vgg<11, false>},
      {{"vgg13", "the same of 13 layers", {3, 224, 224}, 1000}, 32, vgg<13, false>},
      {{"vgg16", "the same of 16 layers", {3, 224, 224}, 1000}, 32, vgg<16, false>},
      {{"vgg11-bn", "VGG of 11 layers with batch norm", {3, 224, 224}, 1000}, 32, vgg<11, true>},
      {{"vgg13-bn", "the same of 13 layers", {3, 224, 224}, 1000}, 32, vgg<13, true>},
      {{"vgg16-bn", "the same of 16 layers", {3, 224, 224}, 1000}, 32, vgg<16, true>},
      {{"mobilenet-v2", "MobileNetV2 (Sandler et al. 2018)", {3, 224, 224}, 1000},
       8,
       [](const Shape& input, int64_t classes) -> Made { return MobileNetV2(input[0], classes); }},
      {{"transformer", "small vision transformer (Dosovitskiy et al. 2021)", {1, 28, 28}, 10},
       8,
       [](const Shape& input, int64_t classes) -> Made {
         return PatchTransformer(input, classes, PatchTransformerOptions{.patch = patch_for(input)});
       }},
      {{"sequence", "1-D convolutional classifier of sequences", {1, 128}, 4},
       16,
       [](const Shape& input, int64_t classes) -> Made { return SequenceNet(input[0], classes); }},
      {{"volume", "3-D convolutional classifier of volumes", {1, 16, 16, 16}, 4},
       8,
       [](const Shape& input, int64_t classes) -> Made { return VolumeNet(input[0], classes); }},
  };
  return all;
}

const Row& find_row(const std::string& name) {
  std::string names;
  for (const Row& row : rows()) {
    if (row.entry.name == name) return row;
    names += (names.empty() ? "" : ", ") + row.entry.name;
  }
  fail<ValueError>("there is no model \"{}\"; there are: {}", name, names);
}

// LeNet-5 has a fully connected layer behind a fixed image size; the others take any size from a smallest one on.
void check_input(const Row& row, const Shape& input) {
  bool fits = !input.empty() && (row.smallest_side == 0 || input.rank() == row.entry.input.rank());
  for (int64_t size : input) fits = fits && size > 0;
  bool fixed = row.entry.name.starts_with("lenet5");
  for (int axis = 1; fits && row.smallest_side > 0 && axis < input.rank(); ++axis)
    fits = fixed ? input[axis] == row.smallest_side : input[axis] >= row.smallest_side;
  check<ValueError>(fits, "model {}: takes samples of shape {}{}, got {}", row.entry.name, row.entry.input,
                    row.smallest_side == 0 ? " or any other"
                    : fixed                ? " (any number of channels)"
                            : fmt::format(" (any number of channels, sides of at least {})", row.smallest_side),
                    input);
}

}  // namespace

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> entries = [] {
    std::vector<CatalogueEntry> list;
    for (const Row& row : rows()) list.push_back(row.entry);
    return list;
  }();
  return entries;
}

const CatalogueEntry& find_model(const std::string& name) { return find_row(name).entry; }

nn::AnyModule make_model(const std::string& name, const Shape& input, int64_t classes) {
  const Row& row = find_row(name);
  const Shape& shape = input.empty() ? row.entry.input : input;
  check_input(row, shape);
  check<ValueError>(classes >= 0, "model {}: classes must be positive, got {}", name, classes);
  return row.make(shape, classes == 0 ? row.entry.classes : classes);
}

}  // namespace korrel::models
