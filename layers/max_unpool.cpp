#include <korrel/layers/max_unpool.h>

#include <korrel/framework/base/check.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

MaxUnpoolNd::MaxUnpoolNd(const char* layer, int axes, const PerAxis& kernel_size, const UnpoolLayerOptions& options)
    : kernel_size_(check_sizes(layer, "kernel_size", kernel_size, axes, 1)),
      stride_(options.stride.given() ? check_sizes(layer, "stride", options.stride, axes, 1) : kernel_size_),
      padding_(check_sizes(layer, "padding", options.padding, axes, 0)) {}

Tensor MaxUnpoolNd::forward(const Tensor& x, const Tensor& indices, const PerAxis& output_size) {
  MaxUnpoolOptions options{stride_, padding_, output_size};
  switch (kernel_size_.rank()) {
    case 1:
      return max_unpool1d(x, indices, kernel_size_, options);
    case 2:
      return max_unpool2d(x, indices, kernel_size_, options);
    default:
      return max_unpool3d(x, indices, kernel_size_, options);
  }
}

std::string MaxUnpoolNd::extra_repr() const {
  return fmt::format("kernel_size={}, stride={}, padding={}", python_tuple(kernel_size_), python_tuple(stride_),
                     python_tuple(padding_));
}

MaxUnpool1d::MaxUnpool1d(const PerAxis& kernel_size, const UnpoolLayerOptions& options)
    : MaxUnpoolNd("MaxUnpool1d", 1, kernel_size, options) {}
MaxUnpool2d::MaxUnpool2d(const PerAxis& kernel_size, const UnpoolLayerOptions& options)
    : MaxUnpoolNd("MaxUnpool2d", 2, kernel_size, options) {}
MaxUnpool3d::MaxUnpool3d(const PerAxis& kernel_size, const UnpoolLayerOptions& options)
    : MaxUnpoolNd("MaxUnpool3d", 3, kernel_size, options) {}

}  // namespace korrel::nn
