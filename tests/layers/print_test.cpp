// Layers print as torch's do: each line below was printed by PyTorch 1.13 for the same layer.
#include <doctest/doctest.h>

#include <korrel/korrel.h>

using namespace korrel;

TEST_CASE("layers print as in Python") {
  CHECK(to_string(nn::Conv1d(4, 6, 3, {.stride = 2, .padding = 1, .dilation = 2, .groups = 2, .bias = false})) ==
        "Conv1d(4, 6, kernel_size=(3,), stride=(2,), padding=(1,), dilation=(2,), groups=2, bias=False)");
  CHECK(to_string(nn::Conv2d(1, 6, 5, {.padding = 2})) ==
        "Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))");
  CHECK(to_string(nn::Conv2d(2, 4, 3, {.padding = "same", .padding_mode = PaddingMode::circular})) ==
        "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1), padding=same, padding_mode=circular)");
  CHECK(to_string(nn::Conv3d(1, 2, {1, 2, 3})) == "Conv3d(1, 2, kernel_size=(1, 2, 3), stride=(1, 1, 1))");
  CHECK(to_string(nn::ConvTranspose2d(4, 2, 3, {.stride = 2, .output_padding = 1})) ==
        "ConvTranspose2d(4, 2, kernel_size=(3, 3), stride=(2, 2), output_padding=(1, 1))");
  CHECK(to_string(nn::ConvTranspose1d(4, 2, 3, {.groups = 2, .bias = false, .dilation = 2})) ==
        "ConvTranspose1d(4, 2, kernel_size=(3,), stride=(1,), dilation=(2,), groups=2, bias=False)");
  CHECK(to_string(nn::Linear(3, 4, {.bias = false})) == "Linear(in_features=3, out_features=4, bias=False)");
  CHECK(to_string(nn::Bilinear(2, 3, 4)) == "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)");
  CHECK(to_string(nn::MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)");
  CHECK(to_string(nn::MaxPool2d({2, 3}, {.stride = 1, .padding = {1, 1}})) ==
        "MaxPool2d(kernel_size=(2, 3), stride=1, padding=(1, 1), dilation=1, ceil_mode=False)");
  CHECK(to_string(nn::AvgPool1d(2)) == "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))");
  CHECK(to_string(nn::AvgPool2d(3, {.stride = 2})) == "AvgPool2d(kernel_size=3, stride=2, padding=0)");
  CHECK(to_string(nn::AdaptiveAvgPool2d(1)) == "AdaptiveAvgPool2d(output_size=1)");
  CHECK(to_string(nn::AdaptiveMaxPool2d({3, 4})) == "AdaptiveMaxPool2d(output_size=(3, 4))");
  CHECK(to_string(nn::BatchNorm2d(4)) ==
        "BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)");
  CHECK(to_string(nn::BatchNorm1d(4, {.momentum = std::nullopt, .affine = false})) ==
        "BatchNorm1d(4, eps=1e-05, momentum=None, affine=False, track_running_stats=True)");
  CHECK(to_string(nn::Dropout()) == "Dropout(p=0.5, inplace=False)");
  CHECK(to_string(nn::Dropout2d(0.2)) == "Dropout2d(p=0.2, inplace=False)");
  CHECK(to_string(nn::AlphaDropout(0.1)) == "AlphaDropout(p=0.1, inplace=False)");
  CHECK(to_string(nn::Flatten()) == "Flatten(start_dim=1, end_dim=-1)");
  CHECK(to_string(nn::Unflatten(1, {2, 3})) == "Unflatten(dim=1, unflattened_size=(2, 3))");
  CHECK(to_string(nn::Identity()) == "Identity()");
  CHECK(to_string(nn::ReLU()) == "ReLU()");
  CHECK(to_string(nn::LeakyReLU(0.2)) == "LeakyReLU(negative_slope=0.2)");
  CHECK(to_string(nn::PReLU()) == "PReLU(num_parameters=1)");
  CHECK(to_string(nn::ELU()) == "ELU(alpha=1.0)");
  CHECK(to_string(nn::CELU(2)) == "CELU(alpha=2.0)");
  CHECK(to_string(nn::GELU()) == "GELU(approximate='none')");
  CHECK(to_string(nn::GELU(Approximate::tanh)) == "GELU(approximate='tanh')");
  CHECK(to_string(nn::Softplus()) == "Softplus(beta=1, threshold=20)");
  CHECK(to_string(nn::Hardtanh()) == "Hardtanh(min_val=-1.0, max_val=1.0)");
  CHECK(to_string(nn::Hardshrink()) == "Hardshrink(0.5)");
  CHECK(to_string(nn::Softshrink(0.2)) == "Softshrink(0.2)");
  CHECK(to_string(nn::Threshold(0.1, 20)) == "Threshold(threshold=0.1, value=20)");
  CHECK(to_string(nn::Softmax(1)) == "Softmax(dim=1)");
  CHECK(to_string(nn::LogSoftmax(-1)) == "LogSoftmax(dim=-1)");
  CHECK(to_string(nn::Softmin(1)) == "Softmin(dim=1)");
  CHECK(to_string(nn::GLU()) == "GLU(dim=-1)");
  CHECK(to_string(nn::CrossEntropyLoss()) == "CrossEntropyLoss()");
  CHECK(to_string(nn::MSELoss()) == "MSELoss()");
  CHECK(to_string(nn::Sequential()) == "Sequential()");
  CHECK(to_string(nn::Sequential{nn::Conv2d(1, 2, 3), nn::ReLU()}) ==
        "Sequential(\n  (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))\n  (1): ReLU()\n)");
}
