// InstanceNorm1d, 2d, 3d (Ulyanov et al. 2016), as in torch.nn: each channel of each image is normalised by itself.
#pragma once

#include <optional>

#include <korrel/layers/channel_norm.h>

namespace korrel::nn {

// Other defaults than batch norm's: neither weights nor running statistics.
struct InstanceNormLayerOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // std::nullopt: running statistics stay as they are
  bool affine = false;                   // weight and bias
  bool track_running_stats = false;      // true: evaluation uses running statistics
};

// What the three share. y = (x - mean) / sqrt(var + eps) * weight + bias, per channel of an image.
class InstanceNormNd : public ChannelNorm {  // running statistics are means over the images
 public:
  Tensor forward(const Tensor& x) override;

 protected:
  InstanceNormNd(const char* layer, int axes, int64_t num_features, const InstanceNormLayerOptions& options);

 private:
  int axes_;
};

struct InstanceNorm1d : InstanceNormNd {  // x [N,C,L] or [C,L], the same shape
  explicit InstanceNorm1d(int64_t num_features, const InstanceNormLayerOptions& options = {});
  KORREL_MODULE(weight, bias, running_mean, running_var, num_batches_tracked)
};
struct InstanceNorm2d : InstanceNormNd {  // x [N,C,H,W] or [C,H,W], the same shape
  explicit InstanceNorm2d(int64_t num_features, const InstanceNormLayerOptions& options = {});
  KORREL_MODULE(weight, bias, running_mean, running_var, num_batches_tracked)
};
struct InstanceNorm3d : InstanceNormNd {  // x [N,C,D,H,W] or [C,D,H,W], the same shape
  explicit InstanceNorm3d(int64_t num_features, const InstanceNormLayerOptions& options = {});
  KORREL_MODULE(weight, bias, running_mean, running_var, num_batches_tracked)
};

}  // namespace korrel::nn
