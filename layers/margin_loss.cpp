#include <korrel/layers/margin_loss.h>

#include <korrel/framework/base/check.h>

namespace korrel::nn {
namespace {

// The options with the weight that the module owns: it moves with to() and is saved.
template <class Options>
Options with_weight(Options options, const Tensor& weight) {
  options.weight = weight;
  return options;
}

}  // namespace

SoftMarginLoss::SoftMarginLoss(const LossOptions& o) : options(o) {}
Tensor SoftMarginLoss::forward(const Tensor& x, const Tensor& target) { return soft_margin_loss(x, target, options); }

HingeEmbeddingLoss::HingeEmbeddingLoss(const HingeLossOptions& o) : options(o) {}
Tensor HingeEmbeddingLoss::forward(const Tensor& x, const Tensor& target) {
  return hinge_embedding_loss(x, target, options);
}

MultiLabelMarginLoss::MultiLabelMarginLoss(const LossOptions& o) : options(o) {}
Tensor MultiLabelMarginLoss::forward(const Tensor& x, const Tensor& target) {
  return multilabel_margin_loss(x, target, options);
}

MultiMarginLoss::MultiMarginLoss(const MultiMarginLossOptions& o) : weight(o.weight), options(o) {
  check<ValueError>(o.p == 1 || o.p == 2, "MultiMarginLoss: p must be 1 or 2, got {}", o.p);
}
Tensor MultiMarginLoss::forward(const Tensor& x, const Tensor& target) {
  return multi_margin_loss(x, target, with_weight(options, weight));
}

MultiLabelSoftMarginLoss::MultiLabelSoftMarginLoss(const WeightedLossOptions& o) : weight(o.weight), options(o) {}
Tensor MultiLabelSoftMarginLoss::forward(const Tensor& x, const Tensor& target) {
  return multilabel_soft_margin_loss(x, target, with_weight(options, weight));
}

MarginRankingLoss::MarginRankingLoss(const RankingLossOptions& o) : options(o) {}
Tensor MarginRankingLoss::forward(const Tensor& x1, const Tensor& x2, const Tensor& target) {
  return margin_ranking_loss(x1, x2, target, options);
}

CosineEmbeddingLoss::CosineEmbeddingLoss(const RankingLossOptions& o) : options(o) {}
Tensor CosineEmbeddingLoss::forward(const Tensor& x1, const Tensor& x2, const Tensor& target) {
  return cosine_embedding_loss(x1, x2, target, options);
}

TripletMarginLoss::TripletMarginLoss(const TripletLossOptions& o) : options(o) {}
Tensor TripletMarginLoss::forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) {
  return triplet_margin_loss(anchor, positive, negative, options);
}

TripletMarginWithDistanceLoss::TripletMarginWithDistanceLoss(const TripletDistanceLossOptions& o) : options(o) {}
Tensor TripletMarginWithDistanceLoss::forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) {
  return triplet_margin_with_distance_loss(anchor, positive, negative, options);
}

PoissonNLLLoss::PoissonNLLLoss(const PoissonNllLossOptions& o) : options(o) {}
Tensor PoissonNLLLoss::forward(const Tensor& x, const Tensor& target) { return poisson_nll_loss(x, target, options); }

GaussianNLLLoss::GaussianNLLLoss(const GaussianNllLossOptions& o) : options(o) {}
Tensor GaussianNLLLoss::forward(const Tensor& x, const Tensor& target, const Tensor& var) {
  return gaussian_nll_loss(x, target, var, options);
}

}  // namespace korrel::nn
