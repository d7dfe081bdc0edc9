// Losses with a margin as layers, as in torch.nn; formulas and shapes: framework/ops/loss.h. Those of two or three
// inputs beside the target are called with all of them.
#pragma once

#include <korrel/layers/loss.h>

namespace korrel::nn {

using LossLayerOfThree = ModuleOf<Tensor(const Tensor&, const Tensor&, const Tensor&)>;

struct SoftMarginLoss : LossLayer {  // log(1 + exp(-target x)), target +-1, of any shape
  explicit SoftMarginLoss(const LossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  LossOptions options;
  KORREL_MODULE()
};
struct HingeEmbeddingLoss : LossLayer {  // x where target is 1, max(0, margin - x) where it is -1, of any shape
  explicit HingeEmbeddingLoss(const HingeLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  HingeLossOptions options;
  KORREL_MODULE()
};
struct MultiLabelMarginLoss : LossLayer {  // x [N,C], target [N,C]: class indices, ended by -1
  explicit MultiLabelMarginLoss(const LossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  LossOptions options;
  KORREL_MODULE()
};
struct MultiMarginLoss : LossLayer {  // x [N,C], target [N] class indices: mean of max(0, margin - x[target] + x[c])^p
  explicit MultiMarginLoss(const MultiMarginLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;  // one per class; absent unless given
  MultiMarginLossOptions options;
  KORREL_MODULE(weight)
};
struct MultiLabelSoftMarginLoss : LossLayer {  // x [N,C] logits, target [N,C] of zeros and ones
  explicit MultiLabelSoftMarginLoss(const WeightedLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;  // one per class; absent unless given
  WeightedLossOptions options;
  KORREL_MODULE(weight)
};
struct MarginRankingLoss : LossLayerOfThree {  // max(0, margin - target (x1 - x2)), target +-1
  explicit MarginRankingLoss(const RankingLossOptions& options = {});
  Tensor forward(const Tensor& x1, const Tensor& x2, const Tensor& target) override;
  RankingLossOptions options;
  KORREL_MODULE()
};
struct CosineEmbeddingLoss : LossLayerOfThree {  // x1, x2 [N,D], target [N] of +-1: 1 - cos, or max(0, cos - margin)
  explicit CosineEmbeddingLoss(const RankingLossOptions& options = {});
  Tensor forward(const Tensor& x1, const Tensor& x2, const Tensor& target) override;
  RankingLossOptions options;
  KORREL_MODULE()
};
struct TripletMarginLoss : LossLayerOfThree {  // [N,D]: max(0, margin + |anchor - positive|_p - |anchor - negative|_p)
  explicit TripletMarginLoss(const TripletLossOptions& options = {});
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) override;
  TripletLossOptions options;
  KORREL_MODULE()
};
struct TripletMarginWithDistanceLoss : LossLayerOfThree {  // as TripletMarginLoss, with any distance
  explicit TripletMarginWithDistanceLoss(const TripletDistanceLossOptions& options = {});
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) override;
  TripletDistanceLossOptions options;
  KORREL_MODULE()
};

// Likelihoods of counts, and of numbers with a variance each: called with (x, target) and (x, target, var).
struct PoissonNLLLoss : LossLayer {  // (x, target): exp(x) - target x, of any shape
  explicit PoissonNLLLoss(const PoissonNllLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  PoissonNllLossOptions options;
  KORREL_MODULE()
};
struct GaussianNLLLoss : LossLayerOfThree {  // (x, target, var): (log(var) + (x - target)^2 / var) / 2
  explicit GaussianNLLLoss(const GaussianNllLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target, const Tensor& var) override;
  GaussianNllLossOptions options;
  KORREL_MODULE()
};

}  // namespace korrel::nn
