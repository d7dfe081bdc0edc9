#include <korrel/layers/batch_norm.h>

#include <korrel/framework/base/lazy_text.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/ops/operand_check.h>

namespace korrel::nn {

BatchNormNd::BatchNormNd(const char* layer, int min_rank, int max_rank, int64_t num_features,
                         const BatchNormLayerOptions& options)
    : ChannelNorm(layer, num_features, {options.eps, options.momentum, options.affine, options.track_running_stats}),
      min_rank_(min_rank),
      max_rank_(max_rank) {}

Tensor BatchNormNd::forward(const Tensor& x) { return normalise(x, false, {}); }

Tensor BatchNormNd::relu(const Tensor& x, const Tensor& residual) {
  if (has_hooks()) {  // they are for the normalisation alone
    Tensor y = (*this)(x);
    return korrel::relu(residual.defined() ? y + residual : y);
  }
  return ModuleCall(*this).run([&] { return normalise(x, true, residual); });
}

Tensor BatchNormNd::normalise(const Tensor& x, bool relu, const Tensor& residual) {
  check_defined(layer(), x);
  auto ranks = Lazy{[this] {
    return min_rank_ == max_rank_ ? std::to_string(min_rank_) : fmt::format("{} or {}", min_rank_, max_rank_);
  }};
  check<ShapeError>(x.dim() >= min_rank_ && x.dim() <= max_rank_, "{}: needs an input of {} dimensions, x is {}",
                    layer(), ranks, x.shape());
  check_channels(x);
  bool tracks = options().track_running_stats, counts = training() && tracks;
  double momentum = options().momentum.value_or(0);
  if (counts && !options().momentum) momentum = 1 / static_cast<double>(num_batches_tracked.item<int64_t>() + 1);
  const BatchNormOptions how{.training = training() || !tracks, .momentum = momentum, .eps = options().eps};
  Tensor mean = tracks ? running_mean : Tensor(), var = tracks ? running_var : Tensor();
  Tensor y =
      relu ? batch_norm_relu(x, residual, mean, var, weight, bias, how) : batch_norm(x, mean, var, weight, bias, how);
  if (counts) ++*num_batches_tracked.data<int64_t>();
  return y;
}

BatchNorm1d::BatchNorm1d(int64_t num_features, const BatchNormLayerOptions& options)
    : BatchNormNd("BatchNorm1d", 2, 3, num_features, options) {}
BatchNorm2d::BatchNorm2d(int64_t num_features, const BatchNormLayerOptions& options)
    : BatchNormNd("BatchNorm2d", 4, 4, num_features, options) {}
BatchNorm3d::BatchNorm3d(int64_t num_features, const BatchNormLayerOptions& options)
    : BatchNormNd("BatchNorm3d", 5, 5, num_features, options) {}

}  // namespace korrel::nn
