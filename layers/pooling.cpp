#include <korrel/layers/pooling.h>

#include <korrel/framework/base/check.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

WindowPool::WindowPool(const char* layer, int axes, const PerAxis& kernel_size, const PerAxis& stride,
                       const PerAxis& padding, const PerAxis& dilation)
    : axes_(axes),
      kernel_size_(kernel_size),
      stride_(stride.given() ? stride : kernel_size),
      padding_(padding),
      dilation_(dilation) {
  Dims kernel = check_sizes(layer, "kernel_size", kernel_size_, axes, 1);
  check_sizes(layer, "stride", stride_, axes, 1);
  check_sizes(layer, "dilation", dilation_, axes, 1);
  Dims pads = check_sizes(layer, "padding", padding_, axes, 0);
  for (int axis = 0; axis < axes; ++axis)
    check<ValueError>(2 * pads[axis] <= kernel[axis],
                      "{}: padding must be at most half of kernel_size, got padding {}, kernel_size {}", layer, pads,
                      kernel);
}

LayerCost WindowPool::cost(const Tensor&, const Tensor&) const {
  return {.kernel = kernel_size_.over(axes_, "pool", "kernel_size"),
          .stride = stride_.over(axes_, "pool", "stride"),
          .dilation = dilation_.over(axes_, "pool", "dilation")};
}

MaxPoolNd::MaxPoolNd(const char* layer, int axes, const PerAxis& kernel_size, const MaxPoolOptions& options)
    : WindowPool(layer, axes, kernel_size, options.stride, options.padding, options.dilation),
      ceil_mode_(options.ceil_mode) {}

Tensor MaxPoolNd::forward(const Tensor& x) {
  MaxPoolOptions options{stride_, padding_, dilation_, ceil_mode_};
  switch (axes_) {
    case 1:
      return max_pool1d(x, kernel_size_, options);
    case 2:
      return max_pool2d(x, kernel_size_, options);
    default:
      return max_pool3d(x, kernel_size_, options);
  }
}

WithIndices MaxPoolNd::with_indices(const Tensor& x) {
  MaxPoolOptions options{stride_, padding_, dilation_, ceil_mode_};
  return ModuleCall(*this).run([&] {
    return axes_ == 1   ? max_pool1d_with_indices(x, kernel_size_, options)
           : axes_ == 2 ? max_pool2d_with_indices(x, kernel_size_, options)
                        : max_pool3d_with_indices(x, kernel_size_, options);
  });
}

std::string MaxPoolNd::extra_repr() const {
  return fmt::format("kernel_size={}, stride={}, padding={}, dilation={}, ceil_mode={}", python_sizes(kernel_size_),
                     python_sizes(stride_), python_sizes(padding_), python_sizes(dilation_), python_bool(ceil_mode_));
}

AvgPoolNd::AvgPoolNd(const char* layer, int axes, const PerAxis& kernel_size, const AvgPoolOptions& options)
    : WindowPool(layer, axes, kernel_size, options.stride, options.padding, 1), options_(options) {
  check<ValueError>(options.divisor_override >= 0, "{}: divisor_override must be positive, or 0 for none, got {}",
                    layer, options.divisor_override);
}

Tensor AvgPoolNd::forward(const Tensor& x) {
  switch (axes_) {
    case 1:
      return avg_pool1d(x, kernel_size_, options_);
    case 2:
      return avg_pool2d(x, kernel_size_, options_);
    default:
      return avg_pool3d(x, kernel_size_, options_);
  }
}

std::string AvgPoolNd::extra_repr() const {
  auto text = [&](const PerAxis& sizes) {  // PyTorch keeps tuples in one dimension and what was given in the others
    return axes_ == 1 ? python_tuple(sizes.over(1, "AvgPool1d", "size")) : python_sizes(sizes);
  };
  return fmt::format("kernel_size={}, stride={}, padding={}", text(kernel_size_), text(stride_), text(padding_));
}

AdaptivePool::AdaptivePool(const char* layer, int axes, const PerAxis& output_size, Op op)
    : output_size_(output_size), op_(op) {
  for (int64_t size : output_size.over(axes, layer, "output_size"))
    check<ValueError>(size >= 0 || size == -1, "{}: output_size must not be negative (-1 keeps the input's), got {}",
                      layer, output_size.values());
}
Tensor AdaptivePool::forward(const Tensor& x) { return op_(x, output_size_); }
std::string AdaptivePool::extra_repr() const { return "output_size=" + python_sizes(output_size_); }

namespace {

// The window of an adaptive pool varies by one; this is the largest.
LayerCost adaptive_cost(const Tensor& x, const Tensor& y, int axes) {
  LayerCost cost;
  for (int axis = -axes; axis < 0; ++axis) {
    int64_t in = x.size(axis), out = y.size(axis);
    cost.kernel.push_back(out > 0 ? (in + out - 1) / out : 0);
    cost.stride.push_back(out > 0 ? std::max<int64_t>(1, in / out) : 1);
    cost.dilation.push_back(1);
  }
  return cost;
}

}  // namespace

LayerCost AdaptivePool::cost(const Tensor& x, const Tensor& y) const { return adaptive_cost(x, y, x.dim() - 2); }
LayerCost GlobalAvgPool::cost(const Tensor&, const Tensor&) const { return {.global = true}; }
LayerCost GlobalMaxPool::cost(const Tensor&, const Tensor&) const { return {.global = true}; }
Tensor GlobalAvgPool::forward(const Tensor& x) { return global_avg_pool(x); }
Tensor GlobalMaxPool::forward(const Tensor& x) { return global_max_pool(x); }

MaxPool1d::MaxPool1d(const PerAxis& kernel_size, const MaxPoolOptions& options)
    : MaxPoolNd("MaxPool1d", 1, kernel_size, options) {}
MaxPool2d::MaxPool2d(const PerAxis& kernel_size, const MaxPoolOptions& options)
    : MaxPoolNd("MaxPool2d", 2, kernel_size, options) {}
MaxPool3d::MaxPool3d(const PerAxis& kernel_size, const MaxPoolOptions& options)
    : MaxPoolNd("MaxPool3d", 3, kernel_size, options) {}
AvgPool1d::AvgPool1d(const PerAxis& kernel_size, const AvgPoolOptions& options)
    : AvgPoolNd("AvgPool1d", 1, kernel_size, options) {}
AvgPool2d::AvgPool2d(const PerAxis& kernel_size, const AvgPoolOptions& options)
    : AvgPoolNd("AvgPool2d", 2, kernel_size, options) {}
AvgPool3d::AvgPool3d(const PerAxis& kernel_size, const AvgPoolOptions& options)
    : AvgPoolNd("AvgPool3d", 3, kernel_size, options) {}
AdaptiveMaxPool1d::AdaptiveMaxPool1d(const PerAxis& output_size)
    : AdaptivePool("AdaptiveMaxPool1d", 1, output_size, adaptive_max_pool1d) {}
AdaptiveMaxPool2d::AdaptiveMaxPool2d(const PerAxis& output_size)
    : AdaptivePool("AdaptiveMaxPool2d", 2, output_size, adaptive_max_pool2d) {}
AdaptiveMaxPool3d::AdaptiveMaxPool3d(const PerAxis& output_size)
    : AdaptivePool("AdaptiveMaxPool3d", 3, output_size, adaptive_max_pool3d) {}
AdaptiveAvgPool1d::AdaptiveAvgPool1d(const PerAxis& output_size)
    : AdaptivePool("AdaptiveAvgPool1d", 1, output_size, adaptive_avg_pool1d) {}
AdaptiveAvgPool2d::AdaptiveAvgPool2d(const PerAxis& output_size)
    : AdaptivePool("AdaptiveAvgPool2d", 2, output_size, adaptive_avg_pool2d) {}
AdaptiveAvgPool3d::AdaptiveAvgPool3d(const PerAxis& output_size)
    : AdaptivePool("AdaptiveAvgPool3d", 3, output_size, adaptive_avg_pool3d) {}

}  // namespace korrel::nn
