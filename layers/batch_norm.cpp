#include <korrel/layers/batch_norm.h>

#include <korrel/framework/base/lazy_text.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

BatchNormNd::BatchNormNd(const char* layer, int min_rank, int max_rank, int64_t num_features,
                         const BatchNormLayerOptions& options)
    : layer_(layer), min_rank_(min_rank), max_rank_(max_rank), num_features_(num_features), options_(options) {
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

void BatchNormNd::reset_running_stats() {
  if (!options_.track_running_stats) return;
  init::zeros_(running_mean);
  init::ones_(running_var);
  *num_batches_tracked.data<int64_t>() = 0;
}

void BatchNormNd::reset_parameters() {
  reset_running_stats();
  if (!options_.affine) return;
  init::ones_(weight);
  init::zeros_(bias);
}

Tensor BatchNormNd::forward(const Tensor& x) {
  auto ranks = Lazy{[this] {
    return min_rank_ == max_rank_ ? std::to_string(min_rank_) : fmt::format("{} or {}", min_rank_, max_rank_);
  }};
  check<ShapeError>(x.dim() >= min_rank_ && x.dim() <= max_rank_, "{}: needs an input of {} dimensions, x is {}",
                    layer_, ranks, x.shape());
  check<ShapeError>(x.size(1) == num_features_, "{}: has {} channels, x has {} (x {})", layer_, num_features_,
                    x.size(1), x.shape());
  bool tracks = options_.track_running_stats, counts = training() && tracks;
  double momentum = options_.momentum.value_or(0);
  if (counts && !options_.momentum) momentum = 1 / static_cast<double>(num_batches_tracked.item<int64_t>() + 1);
  Tensor y = batch_norm(x, tracks ? running_mean : Tensor(), tracks ? running_var : Tensor(), weight, bias,
                        {.training = training() || !tracks, .momentum = momentum, .eps = options_.eps});
  if (counts) ++*num_batches_tracked.data<int64_t>();
  return y;
}

std::string BatchNormNd::extra_repr() const {
  return fmt::format("{}, eps={}, momentum={}, affine={}, track_running_stats={}", num_features_,
                     python_number(options_.eps), options_.momentum ? python_number(*options_.momentum) : "None",
                     python_bool(options_.affine), python_bool(options_.track_running_stats));
}

BatchNorm1d::BatchNorm1d(int64_t num_features, const BatchNormLayerOptions& options)
    : BatchNormNd("BatchNorm1d", 2, 3, num_features, options) {}
BatchNorm2d::BatchNorm2d(int64_t num_features, const BatchNormLayerOptions& options)
    : BatchNormNd("BatchNorm2d", 4, 4, num_features, options) {}
BatchNorm3d::BatchNorm3d(int64_t num_features, const BatchNormLayerOptions& options)
    : BatchNormNd("BatchNorm3d", 5, 5, num_features, options) {}

}  // namespace korrel::nn
