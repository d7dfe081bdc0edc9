// Losses. reduction: mean (default), sum or none, as in PyTorch.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct LossOptions {
  Reduction reduction = Reduction::mean;
};
struct ClassLossOptions {
  Reduction reduction = Reduction::mean;
  int64_t ignore_index = -100;
  Tensor weight = {};            // one per class
  double label_smoothing = 0.0;  // cross_entropy only
};

// x [N,C,...] or [C] logits; target: i64 class indices [N,...] or [], or probabilities shaped like x.
Tensor cross_entropy(const Tensor& x, const Tensor& target, const ClassLossOptions& options = {});
// x [N,C,...] or [C] log-probabilities; target i64 class indices.
Tensor nll_loss(const Tensor& x, const Tensor& target, const ClassLossOptions& options = {});
Tensor mse_loss(const Tensor& x, const Tensor& target, const LossOptions& options = {});
Tensor l1_loss(const Tensor& x, const Tensor& target, const LossOptions& options = {});
struct SmoothLossOptions {
  Reduction reduction = Reduction::mean;
  double beta = 1.0;
};
Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, const SmoothLossOptions& options = {});
// x probabilities, target in [0, 1]; the logarithm is clamped at -100. The second takes logits.
Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const LossOptions& options = {});
Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target, const LossOptions& options = {});

}  // namespace korrel
