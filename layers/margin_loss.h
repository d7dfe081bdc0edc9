// Losses with a margin as layers, as in torch.nn; formulas and shapes: framework/ops/loss.h. Those of two or three
// inputs beside the target are called with all of them.
#pragma once

#include <korrel/layers/loss.h>

namespace korrel::nn {

using LossLayerOfThree = ModuleOf<Tensor(const Tensor&, const Tensor&, const Tensor&)>;

struct SoftMarginLoss : LossLayer {
  explicit SoftMarginLoss(const LossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  LossOptions options;
  KORREL_MODULE()
};
struct HingeEmbeddingLoss : LossLayer {
  explicit HingeEmbeddingLoss(const HingeLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  HingeLossOptions options;
  KORREL_MODULE()
};
struct MultiLabelMarginLoss : LossLayer {
  explicit MultiLabelMarginLoss(const LossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  LossOptions options;
  KORREL_MODULE()
};
struct MultiMarginLoss : LossLayer {
  explicit MultiMarginLoss(const MultiMarginLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;  // one per class; absent unless given
  MultiMarginLossOptions options;
  KORREL_MODULE(weight)
};
struct MultiLabelSoftMarginLoss : LossLayer {
  explicit MultiLabelSoftMarginLoss(const WeightedLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;  // one per class; absent unless given
  WeightedLossOptions options;
  KORREL_MODULE(weight)
};
struct MarginRankingLoss : LossLayerOfThree {
  explicit MarginRankingLoss(const RankingLossOptions& options = {});
  Tensor forward(const Tensor& x1, const Tensor& x2, const Tensor& target) override;
  RankingLossOptions options;
  KORREL_MODULE()
};
struct CosineEmbeddingLoss : LossLayerOfThree {
  explicit CosineEmbeddingLoss(const RankingLossOptions& options = {});
  Tensor forward(const Tensor& x1, const Tensor& x2, const Tensor& target) override;
  RankingLossOptions options;
  KORREL_MODULE()
};
struct TripletMarginLoss : LossLayerOfThree {
  explicit TripletMarginLoss(const TripletLossOptions& options = {});
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) override;
  TripletLossOptions options;
  KORREL_MODULE()
};
struct TripletMarginWithDistanceLoss : LossLayerOfThree {
  explicit TripletMarginWithDistanceLoss(const TripletDistanceLossOptions& options = {});
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) override;
  TripletDistanceLossOptions options;
  KORREL_MODULE()
};

// Likelihoods of counts, and of numbers with a variance each: called with (x, target) and (x, target, var).
struct PoissonNLLLoss : LossLayer {
  explicit PoissonNLLLoss(const PoissonNllLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  PoissonNllLossOptions options;
  KORREL_MODULE()
};
struct GaussianNLLLoss : LossLayerOfThree {
  explicit GaussianNLLLoss(const GaussianNllLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target, const Tensor& var) override;
  GaussianNllLossOptions options;
  KORREL_MODULE()
};

}  // namespace korrel::nn
