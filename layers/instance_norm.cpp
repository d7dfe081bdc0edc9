#include <korrel/layers/instance_norm.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/ops/operand_check.h>

namespace korrel::nn {

InstanceNormNd::InstanceNormNd(const char* layer, int axes, int64_t num_features,
                               const InstanceNormLayerOptions& options)
    : ChannelNorm(layer, num_features, {options.eps, options.momentum, options.affine, options.track_running_stats}),
      axes_(axes) {}

Tensor InstanceNormNd::forward(const Tensor& x) {
  check_defined(layer(), x);
  check<ShapeError>(x.dim() == axes_ + 1 || x.dim() == axes_ + 2,
                    "{}: needs an input of {} dimensions, or {} without a batch, x is {}", layer(), axes_ + 2,
                    axes_ + 1, x.shape());
  if (x.dim() == axes_ + 1) return forward(x.unsqueeze(0)).squeeze(0);
  check_channels(x);
  return instance_norm(x, running_mean, running_var, weight, bias,
                       {.use_input_stats = training() || !options().track_running_stats,
                        .momentum = options().momentum.value_or(0),
                        .eps = options().eps});
}

InstanceNorm1d::InstanceNorm1d(int64_t num_features, const InstanceNormLayerOptions& options)
    : InstanceNormNd("InstanceNorm1d", 1, num_features, options) {}
InstanceNorm2d::InstanceNorm2d(int64_t num_features, const InstanceNormLayerOptions& options)
    : InstanceNormNd("InstanceNorm2d", 2, num_features, options) {}
InstanceNorm3d::InstanceNorm3d(int64_t num_features, const InstanceNormLayerOptions& options)
    : InstanceNormNd("InstanceNorm3d", 3, num_features, options) {}

}  // namespace korrel::nn
