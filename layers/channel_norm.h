// What BatchNorm and InstanceNorm share: a weight and a bias for each channel, running statistics, their reset and
// their text. No forward: what the statistics are taken over is the layers' own. Not for users.
#pragma once

#include <optional>

#include <korrel/layers/module.h>

namespace korrel::nn {

struct ChannelNormOptions {
  double eps;
  std::optional<double> momentum;
  bool affine, track_running_stats;
};

class ChannelNorm : public Module {
 public:
  Parameter weight, bias;            // [C]; start at 1 and 0; absent unless affine
  Buffer running_mean, running_var;  // [C]; start at 0 and 1; the variance is unbiased; absent unless tracked
  Buffer num_batches_tracked;        // i64 [], training batches seen; stays 0 in InstanceNorm, as in PyTorch

  std::string extra_repr() const override;
  void reset_running_stats();
  void reset_parameters();

 protected:
  ChannelNorm(const char* layer, int64_t num_features, const ChannelNormOptions& options);

  const char* layer() const { return layer_; }  // its name, for messages
  const ChannelNormOptions& options() const { return options_; }
  void check_channels(const Tensor& x) const;  // x [N,C,...]

 private:
  const char* layer_;
  int64_t num_features_;
  ChannelNormOptions options_;
};

}  // namespace korrel::nn
