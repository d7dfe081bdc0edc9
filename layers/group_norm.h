// GroupNorm (Wu & He 2018), as in torch.nn: every image is normalised over groups of its channels. No running
// statistics: training and evaluation do the same.
#pragma once

#include <korrel/layers/module.h>

namespace korrel::nn {

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;  // weight and bias
};

// x [N,num_channels,...] -> the same shape; y = (x - mean) / sqrt(var + eps) * weight + bias.
struct GroupNorm : Module {
  GroupNorm(int64_t num_groups, int64_t num_channels, const GroupNormOptions& options = {});
  Parameter weight, bias;  // [num_channels]; start at 1 and 0

  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  void reset_parameters();

  int64_t num_groups, num_channels;
  GroupNormOptions options;
  KORREL_MODULE(weight, bias)
};

}  // namespace korrel::nn
