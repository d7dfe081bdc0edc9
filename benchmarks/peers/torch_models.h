// The networks of the comparison as libtorch's side has them; Korrel's are its own models.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace peers {

namespace nn = torch::nn;
namespace F = torch::nn::functional;
using torch::Tensor;

struct LeNet5 : nn::Module {
  nn::Conv2d conv1{nullptr}, conv2{nullptr};
  nn::Linear fc1{nullptr}, fc2{nullptr}, fc3{nullptr};
  bool classic;
  explicit LeNet5(bool classic_form) : classic(classic_form) {
    conv1 = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(1, 6, 5).padding(2)));
    conv2 = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(6, 16, 5)));
    fc1 = register_module("fc1", nn::Linear(400, 120));
    fc2 = register_module("fc2", nn::Linear(120, 84));
    fc3 = register_module("fc3", nn::Linear(84, 10));
  }
  Tensor forward(Tensor x) {
    auto act = [&](const Tensor& t) { return classic ? torch::tanh(t) : torch::relu(t); };
    auto pool = [&](const Tensor& t) { return classic ? torch::avg_pool2d(t, 2) : torch::max_pool2d(t, 2); };
    x = pool(act(conv1->forward(x)));
    x = pool(act(conv2->forward(x)));
    return fc3->forward(act(fc2->forward(act(fc1->forward(x.flatten(1))))));
  }
};

// CIFAR ResNets of basic blocks. option A: strided slice and zero channels; option B: 1x1 convolution and batch norm.
struct Block : nn::Module {
  nn::Conv2d conv1{nullptr}, conv2{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr};
  nn::Sequential downsample{nullptr};
  int64_t in, out, stride;
  Block(int64_t in_channels, int64_t out_channels, int64_t step, bool option_b)
      : in(in_channels), out(out_channels), stride(step) {
    conv1 = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)));
    bn1 = register_module("bn1", nn::BatchNorm2d(out));
    conv2 = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(out, out, 3).padding(1).bias(false)));
    bn2 = register_module("bn2", nn::BatchNorm2d(out));
    if (option_b && (stride != 1 || in != out))
      downsample = register_module(
          "downsample",
          nn::Sequential(nn::Conv2d(nn::Conv2dOptions(in, out, 1).stride(stride).bias(false)), nn::BatchNorm2d(out)));
  }
  Tensor forward(const Tensor& x) {
    Tensor h = torch::relu(bn1->forward(conv1->forward(x)));
    h = bn2->forward(conv2->forward(h));
    Tensor skip = x;
    if (downsample)
      skip = downsample->forward(x);
    else if (stride != 1 || in != out)
      skip = F::pad(x.slice(2, 0, x.size(2), stride).slice(3, 0, x.size(3), stride),
                    F::PadFuncOptions({0, 0, 0, 0, (out - in) / 2, (out - in) - (out - in) / 2}));
    return torch::relu(h + skip);
  }
};
struct ResNet : nn::Module {
  nn::Conv2d conv1{nullptr};
  nn::BatchNorm2d bn1{nullptr};
  std::vector<std::shared_ptr<Block>> blocks;
  nn::Linear fc{nullptr};
  ResNet(std::vector<int64_t> widths, int64_t depth, bool option_b) {
    conv1 = register_module("conv1", nn::Conv2d(nn::Conv2dOptions(3, widths[0], 3).padding(1).bias(false)));
    bn1 = register_module("bn1", nn::BatchNorm2d(widths[0]));
    int64_t in = widths[0];
    for (std::size_t stage = 0; stage < widths.size(); ++stage)
      for (int64_t i = 0; i < depth; ++i) {
        auto block = std::make_shared<Block>(in, widths[stage], stage > 0 && i == 0 ? 2 : 1, option_b);
        blocks.push_back(register_module("layer" + std::to_string(stage + 1) + "_" + std::to_string(i), block));
        in = widths[stage];
      }
    fc = register_module("fc", nn::Linear(in, 10));
  }
  Tensor forward(Tensor x) {
    x = torch::relu(bn1->forward(conv1->forward(x)));
    for (auto& block : blocks) x = block->forward(x);
    return fc->forward(x.mean({2, 3}));
  }
};

}  // namespace peers
