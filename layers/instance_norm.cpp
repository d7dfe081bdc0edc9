#include <korrel/layers/instance_norm.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

InstanceNormNd::InstanceNormNd(const char* layer, int axes, int64_t num_features,
                               const InstanceNormLayerOptions& options)
    : layer_(layer), axes_(axes), num_features_(num_features), options_(options) {
  check_positive(layer, "num_features", num_features);
  check<ValueError>(options.eps > 0, "{}: eps must be positive, got {}", layer, options.eps);
  check<ValueError>(!options.momentum || (*options.momentum >= 0 && *options.momentum <= 1),
                    "{}: momentum must lie in [0, 1], got {}", layer, options.momentum.value_or(0));
  if (options.affine) {
    weight = Parameter(ones({num_features}));
    bias = Parameter(zeros({num_features}));
  }
  if (options.track_running_stats) {
    running_mean = Buffer(zeros({num_features}));
    running_var = Buffer(ones({num_features}));
    num_batches_tracked = Buffer(zeros({}, {.dtype = i64}));
  }
}

void InstanceNormNd::reset_running_stats() {
  if (!options_.track_running_stats) return;
  init::zeros_(running_mean);
  init::ones_(running_var);
}

void InstanceNormNd::reset_parameters() {
  reset_running_stats();
  if (!options_.affine) return;
  init::ones_(weight);
  init::zeros_(bias);
}

Tensor InstanceNormNd::forward(const Tensor& x) {
  check<ShapeError>(x.dim() == axes_ + 1 || x.dim() == axes_ + 2,
                    "{}: needs an input of {} dimensions, or {} without a batch, x is {}", layer_, axes_ + 2, axes_ + 1,
                    x.shape());
  if (x.dim() == axes_ + 1) return forward(x.unsqueeze(0)).squeeze(0);
  check<ShapeError>(x.size(1) == num_features_, "{}: has {} channels, x has {} (x {})", layer_, num_features_,
                    x.size(1), x.shape());
  return instance_norm(x, running_mean, running_var, weight, bias,
                       {.use_input_stats = training() || !options_.track_running_stats,
                        .momentum = options_.momentum.value_or(0),
                        .eps = options_.eps});
}

std::string InstanceNormNd::extra_repr() const {
  return fmt::format("{}, eps={}, momentum={}, affine={}, track_running_stats={}", num_features_,
                     python_number(options_.eps), options_.momentum ? python_number(*options_.momentum) : "None",
                     python_bool(options_.affine), python_bool(options_.track_running_stats));
}

InstanceNorm1d::InstanceNorm1d(int64_t num_features, const InstanceNormLayerOptions& options)
    : InstanceNormNd("InstanceNorm1d", 1, num_features, options) {}
InstanceNorm2d::InstanceNorm2d(int64_t num_features, const InstanceNormLayerOptions& options)
    : InstanceNormNd("InstanceNorm2d", 2, num_features, options) {}
InstanceNorm3d::InstanceNorm3d(int64_t num_features, const InstanceNormLayerOptions& options)
    : InstanceNormNd("InstanceNorm3d", 3, num_features, options) {}

}  // namespace korrel::nn
