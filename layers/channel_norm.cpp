#include <korrel/layers/channel_norm.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

ChannelNorm::ChannelNorm(const char* layer, int64_t num_features, const ChannelNormOptions& options)
    : layer_(layer), num_features_(num_features), options_(options) {
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

void ChannelNorm::reset_running_stats() {
  if (!options_.track_running_stats) return;
  init::zeros_(running_mean);
  init::ones_(running_var);
  *num_batches_tracked.data<int64_t>() = 0;
}

void ChannelNorm::reset_parameters() {
  reset_running_stats();
  if (!options_.affine) return;
  init::ones_(weight);
  init::zeros_(bias);
}

void ChannelNorm::check_channels(const Tensor& x) const {
  check<ShapeError>(x.size(1) == num_features_, "{}: has {} channels, x has {} (x {})", layer_, num_features_,
                    x.size(1), x.shape());
}

std::string ChannelNorm::extra_repr() const {
  return fmt::format("{}, eps={}, momentum={}, affine={}, track_running_stats={}", num_features_,
                     python_number(options_.eps), options_.momentum ? python_number(*options_.momentum) : "None",
                     python_bool(options_.affine), python_bool(options_.track_running_stats));
}

}  // namespace korrel::nn
