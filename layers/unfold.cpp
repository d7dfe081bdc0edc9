#include <korrel/layers/unfold.h>

#include <korrel/framework/base/check.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {
namespace {

void check_windows(const char* layer, const PerAxis& kernel_size, const UnfoldOptions& options) {
  check_sizes(layer, "kernel_size", kernel_size, 2, 1);
  check_sizes(layer, "dilation", options.dilation, 2, 1);
  check_sizes(layer, "padding", options.padding, 2, 0);
  check_sizes(layer, "stride", options.stride, 2, 1);
}

std::string windows_text(const PerAxis& kernel_size, const UnfoldOptions& options) {
  return fmt::format("kernel_size={}, dilation={}, padding={}, stride={}", python_sizes(kernel_size),
                     python_sizes(options.dilation), python_sizes(options.padding), python_sizes(options.stride));
}

}  // namespace

Unfold::Unfold(const PerAxis& kernel, const UnfoldOptions& how) : kernel_size(kernel), options(how) {
  check_windows("Unfold", kernel, how);
}
Tensor Unfold::forward(const Tensor& x) { return unfold(x, kernel_size, options); }
std::string Unfold::extra_repr() const { return windows_text(kernel_size, options); }

Fold::Fold(const PerAxis& size, const PerAxis& kernel, const UnfoldOptions& how)
    : output_size(size), kernel_size(kernel), options(how) {
  check_sizes("Fold", "output_size", size, 2, 1);
  check_windows("Fold", kernel, how);
}
Tensor Fold::forward(const Tensor& x) { return fold(x, output_size, kernel_size, options); }
std::string Fold::extra_repr() const {
  return fmt::format("output_size={}, {}", python_sizes(output_size), windows_text(kernel_size, options));
}

}  // namespace korrel::nn
