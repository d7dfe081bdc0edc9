#include <korrel/layers/convolution.h>

#include <algorithm>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {
namespace {

void check_channels(const char* layer, int64_t in_channels, int64_t out_channels, int64_t groups) {
  check_positive(layer, "in_channels", in_channels);
  check_positive(layer, "out_channels", out_channels);
  check_positive(layer, "groups", groups);
  check<ValueError>(in_channels % groups == 0, "{}: groups={} does not divide in_channels={}", layer, groups,
                    in_channels);
  check<ValueError>(out_channels % groups == 0, "{}: groups={} does not divide out_channels={}", layer, groups,
                    out_channels);
}

Shape weight_shape(int64_t first, int64_t second, const Dims& kernel) {
  Shape shape{first, second};
  for (int64_t size : kernel) shape.push_back(size);
  return shape;
}

bool all_equal(const Dims& values, int64_t value) {
  return std::all_of(values.begin(), values.end(), [&](int64_t each) { return each == value; });
}

const char* name_of(PaddingMode mode) {
  constexpr const char* names[] = {"zeros", "reflect", "replicate", "circular"};
  return names[static_cast<int>(mode)];
}

std::string common_repr(int64_t in_channels, int64_t out_channels, const Dims& kernel, const Dims& stride) {
  return fmt::format("{}, {}, kernel_size={}, stride={}", in_channels, out_channels, python_tuple(kernel),
                     python_tuple(stride));
}

}  // namespace

ConvNd::ConvNd(const char* layer, int axes, int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
               const ConvLayerOptions& options)
    : in_channels_(in_channels), out_channels_(out_channels), options_(options) {
  check_channels(layer, in_channels, out_channels, options.groups);
  kernel_ = check_sizes(layer, "kernel_size", kernel_size, axes, 1);
  Dims stride = check_sizes(layer, "stride", options.stride, axes, 1);
  check_sizes(layer, "dilation", options.dilation, axes, 1);
  if (options.padding.is_same())
    check<ValueError>(all_equal(stride, 1), "{}: padding=\"same\" needs stride 1, got {}", layer, stride);
  else
    check_sizes(layer, "padding", options.padding, axes, 0);
  weight = Parameter(empty(weight_shape(out_channels, in_channels / options.groups, kernel_)));
  if (options.bias) bias = Parameter(empty({out_channels}));
  reset_parameters();
}

void ConvNd::reset_parameters(Generator& generator) { init::default_init_(weight, bias, generator); }

Tensor ConvNd::forward(const Tensor& x) {
  ConvOptions options{options_.stride, options_.padding, options_.dilation, options_.groups, options_.padding_mode};
  switch (kernel_.rank()) {
    case 1:
      return conv1d(x, weight, bias, options);
    case 2:
      return conv2d(x, weight, bias, options);
    default:
      return conv3d(x, weight, bias, options);
  }
}

std::string ConvNd::extra_repr() const {
  int axes = kernel_.rank();
  std::string text = common_repr(in_channels_, out_channels_, kernel_, options_.stride.over(axes, "Conv", "stride"));
  if (options_.padding.is_same()) {
    text += ", padding=same";
  } else if (Dims padding = options_.padding.over(axes, "Conv", "padding"); !all_equal(padding, 0)) {
    text += ", padding=" + python_tuple(padding);
  }
  if (Dims dilation = options_.dilation.over(axes, "Conv", "dilation"); !all_equal(dilation, 1))
    text += ", dilation=" + python_tuple(dilation);
  if (options_.groups != 1) text += fmt::format(", groups={}", options_.groups);
  if (!options_.bias) text += ", bias=False";
  if (options_.padding_mode != PaddingMode::zeros)
    text += fmt::format(", padding_mode={}", name_of(options_.padding_mode));
  return text;
}

LayerCost ConvNd::cost(const Tensor&, const Tensor& y) const {
  int axes = kernel_.rank();
  return {.multiply_adds = y.numel() * (in_channels_ / options_.groups) * kernel_.numel(),
          .kernel = kernel_,
          .stride = options_.stride.over(axes, "Conv", "stride"),
          .dilation = options_.dilation.over(axes, "Conv", "dilation")};
}

ConvTransposeNd::ConvTransposeNd(const char* layer, int axes, int64_t in_channels, int64_t out_channels,
                                 const PerAxis& kernel_size, const ConvTransposeLayerOptions& options)
    : in_channels_(in_channels), out_channels_(out_channels), options_(options) {
  check_channels(layer, in_channels, out_channels, options.groups);
  kernel_ = check_sizes(layer, "kernel_size", kernel_size, axes, 1);
  Dims stride = check_sizes(layer, "stride", options.stride, axes, 1);
  Dims dilation = check_sizes(layer, "dilation", options.dilation, axes, 1);
  check_sizes(layer, "padding", options.padding, axes, 0);
  Dims output_padding = check_sizes(layer, "output_padding", options.output_padding, axes, 0);
  for (int axis = 0; axis < axes; ++axis)
    check<ValueError>(
        output_padding[axis] < std::max(stride[axis], dilation[axis]),
        "{}: output_padding must be smaller than stride or dilation, got output_padding {}, stride {}, dilation {}",
        layer, output_padding, stride, dilation);
  weight = Parameter(empty(weight_shape(in_channels, out_channels / options.groups, kernel_)));
  if (options.bias) bias = Parameter(empty({out_channels}));
  reset_parameters();
}

void ConvTransposeNd::reset_parameters(Generator& generator) { init::default_init_(weight, bias, generator); }

Tensor ConvTransposeNd::forward(const Tensor& x) {
  ConvTransposeOptions options{options_.stride, options_.padding, options_.output_padding, options_.groups,
                               options_.dilation};
  switch (kernel_.rank()) {
    case 1:
      return conv_transpose1d(x, weight, bias, options);
    case 2:
      return conv_transpose2d(x, weight, bias, options);
    default:
      return conv_transpose3d(x, weight, bias, options);
  }
}

std::string ConvTransposeNd::extra_repr() const {
  int axes = kernel_.rank();
  auto given = [&](const char* option, const PerAxis& sizes, int64_t normal) {
    Dims values = sizes.over(axes, "ConvTranspose", option);
    return all_equal(values, normal) ? std::string() : fmt::format(", {}={}", option, python_tuple(values));
  };
  std::string text =
      common_repr(in_channels_, out_channels_, kernel_, options_.stride.over(axes, "ConvTranspose", "stride"));
  text += given("padding", options_.padding, 0) + given("dilation", options_.dilation, 1) +
          given("output_padding", options_.output_padding, 0);
  if (options_.groups != 1) text += fmt::format(", groups={}", options_.groups);
  if (!options_.bias) text += ", bias=False";
  return text;
}

LayerCost ConvTransposeNd::cost(const Tensor& x, const Tensor&) const {
  int axes = kernel_.rank();
  return {.multiply_adds = x.numel() * (out_channels_ / options_.groups) * kernel_.numel(),
          .kernel = kernel_,
          .stride = options_.stride.over(axes, "ConvTranspose", "stride"),
          .dilation = options_.dilation.over(axes, "ConvTranspose", "dilation"),
          .transposed = true};
}

Conv1d::Conv1d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size, const ConvLayerOptions& options)
    : ConvNd("Conv1d", 1, in_channels, out_channels, kernel_size, options) {}
Conv2d::Conv2d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size, const ConvLayerOptions& options)
    : ConvNd("Conv2d", 2, in_channels, out_channels, kernel_size, options) {}
Conv3d::Conv3d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size, const ConvLayerOptions& options)
    : ConvNd("Conv3d", 3, in_channels, out_channels, kernel_size, options) {}

ConvTranspose1d::ConvTranspose1d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                                 const ConvTransposeLayerOptions& options)
    : ConvTransposeNd("ConvTranspose1d", 1, in_channels, out_channels, kernel_size, options) {}
ConvTranspose2d::ConvTranspose2d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                                 const ConvTransposeLayerOptions& options)
    : ConvTransposeNd("ConvTranspose2d", 2, in_channels, out_channels, kernel_size, options) {}
ConvTranspose3d::ConvTranspose3d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                                 const ConvTransposeLayerOptions& options)
    : ConvTransposeNd("ConvTranspose3d", 3, in_channels, out_channels, kernel_size, options) {}

}  // namespace korrel::nn
