#include <korrel/layers/lp_pool.h>

#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

LPPoolNd::LPPoolNd(const char* layer, int axes, double norm_type, const PerAxis& kernel_size,
                   const LpPoolOptions& options)
    : WindowPool(layer, axes, kernel_size, options.stride, 0, 1), norm_type_(norm_type), options_(options) {
  check<ValueError>(norm_type != 0 && std::isfinite(norm_type), "{}: norm_type must be finite and not 0, got {}", layer,
                    norm_type);
}

Tensor LPPoolNd::forward(const Tensor& x) {
  return axes_ == 1 ? lp_pool1d(x, norm_type_, kernel_size_, options_)
                    : lp_pool2d(x, norm_type_, kernel_size_, options_);
}

std::string LPPoolNd::extra_repr() const {
  return fmt::format("norm_type={}, kernel_size={}, stride={}, ceil_mode={}", norm_type_, python_sizes(kernel_size_),
                     options_.stride.given() ? python_sizes(options_.stride) : "None", python_bool(options_.ceil_mode));
}

LPPool1d::LPPool1d(double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options)
    : LPPoolNd("LPPool1d", 1, norm_type, kernel_size, options) {}
LPPool2d::LPPool2d(double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options)
    : LPPoolNd("LPPool2d", 2, norm_type, kernel_size, options) {}

}  // namespace korrel::nn
