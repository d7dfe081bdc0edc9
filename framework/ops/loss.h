// Losses, under PyTorch's names and formulas. reduction: mean (default), sum or none. x and target must have the same
// dtype and shape: where PyTorch broadcasts with a warning, ShapeError is thrown. Every x is floating (DtypeError).
// Sources by kind: classification_loss.cpp, ctc_loss.cpp, regression_loss.cpp, binary_loss.cpp, margin_loss.cpp.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

// ---- Classes

struct ClassLossOptions {
  Reduction reduction = Reduction::mean;
  int64_t ignore_index = -100;
  Tensor weight = {};            // one per class
  double label_smoothing = 0.0;  // cross_entropy only, in [0, 1]
};
// x [N,C,...] or [C] logits; target: class indices (i64, u8) [N,...] or [], or probabilities shaped like x. The mean
// over indices divides by the sum of their weights, that over probabilities by their number. A label that is neither in
// [0, C) nor ignore_index throws ValueError. Softmax, logarithm and loss are one pass over x.
Tensor cross_entropy(const Tensor& x, const Tensor& target, const ClassLossOptions& options = {});
// x [N,C,...] or [C] log-probabilities; target: class indices.
Tensor nll_loss(const Tensor& x, const Tensor& target, const ClassLossOptions& options = {});

struct CtcLossOptions {
  int64_t blank = 0;  // the class that stands for no label
  Reduction reduction = Reduction::mean;
  bool zero_infinity = false;  // no loss and no gradient where the labels do not fit into the time
};
// Minus the logarithm of the probability that log_probs [T,N,C] (or [T,C]) spell the labels, over all their timings
// (Graves et al. 2006). targets: [N,S] padded, or all after one another [sum of target_lengths]; lengths: i64 [N] (or
// []), at most T and S. The mean divides each loss by its number of labels first. The gradient is the one by log_probs
// as they are; PyTorch's differs before log_softmax, and is the same behind it. Sums are in f64.
Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CtcLossOptions& options = {});

// ---- Numbers; x and target of any shape

Tensor mse_loss(const Tensor& x, const Tensor& target, const LossOptions& options = {});  // (x - target)^2
Tensor l1_loss(const Tensor& x, const Tensor& target, const LossOptions& options = {});   // |x - target|

struct SmoothLossOptions {
  Reduction reduction = Reduction::mean;
  double beta = 1.0;
};
// With d = |x - target|: d^2 / (2 beta) below beta, d - beta / 2 from there on. beta = 0 is l1_loss.
Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, const SmoothLossOptions& options = {});
struct HuberLossOptions {
  Reduction reduction = Reduction::mean;
  double delta = 1.0;
};
// d^2 / 2 up to delta, delta (d - delta / 2) from there on (Huber 1964).
Tensor huber_loss(const Tensor& x, const Tensor& target, const HuberLossOptions& options = {});

enum class KlDivReduction {
  mean,
  sum,
  none,
  batchmean
};  // batchmean: the sum over x's first size, the divergence proper
struct KlDivOptions {
  KlDivReduction reduction = KlDivReduction::mean;
  bool log_target = false;
};
// target (log(target) - x), x being log-probabilities; with log_target the target is one, too.
Tensor kl_div(const Tensor& x, const Tensor& target, const KlDivOptions& options = {});

struct PoissonNllLossOptions {
  bool log_input = true;
  bool full = false;  // adds Stirling's term for the target's factorial
  double eps = 1e-8;
  Reduction reduction = Reduction::mean;
};
// exp(x) - target x; without log_input x - target log(x + eps).
Tensor poisson_nll_loss(const Tensor& x, const Tensor& target, const PoissonNllLossOptions& options = {});
struct GaussianNllLossOptions {
  bool full = false;  // adds log(2 pi) / 2
  double eps = 1e-6;
  Reduction reduction = Reduction::mean;
};
// (log(var) + (x - target)^2 / var) / 2 with var at least eps (the gradient ignores that). var: x's shape, or x's
// without its last size, or with 1 there. Throws ValueError for a negative one.
Tensor gaussian_nll_loss(const Tensor& x, const Tensor& target, const Tensor& var,
                         const GaussianNllLossOptions& options = {});

// ---- Yes or no

struct BinaryLossOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};      // broadcasts to x
  Tensor pos_weight = {};  // of positive targets, broadcasts to x; binary_cross_entropy_with_logits only
};
// x probabilities in [0, 1] (ValueError), logarithms clamped at -100; or (with_logits) any x; target in [0, 1].
Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const BinaryLossOptions& options = {});
Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target, const BinaryLossOptions& options = {});
struct WeightedLossOptions {
  Reduction reduction = Reduction::mean;
  Tensor weight = {};  // broadcasts to x
};
// x [N,C] or [C] logits, target the same of zeros and ones: the mean of binary_cross_entropy_with_logits over the
// classes.
Tensor multilabel_soft_margin_loss(const Tensor& x, const Tensor& target, const WeightedLossOptions& options = {});
Tensor soft_margin_loss(const Tensor& x, const Tensor& target,
                        const LossOptions& options = {});  // log(1 + exp(-target x)), target +-1

// ---- Margins

struct HingeLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1.0;
};
// x where target is 1, max(0, margin - x) where it is -1.
Tensor hinge_embedding_loss(const Tensor& x, const Tensor& target, const HingeLossOptions& options = {});
struct RankingLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 0.0;
};
// max(0, margin - target (x1 - x2)), target +-1.
Tensor margin_ranking_loss(const Tensor& x1, const Tensor& x2, const Tensor& target,
                           const RankingLossOptions& options = {});
// x1, x2 [N,D] (target [N]) or [D] (target []), cos their cosine: 1 - cos where target is 1, max(0, cos - margin) where
// it is -1.
Tensor cosine_embedding_loss(const Tensor& x1, const Tensor& x2, const Tensor& target,
                             const RankingLossOptions& options = {});
struct TripletLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1.0, p = 2.0, eps = 1e-6;
  bool swap = false;  // use the distance from positive to negative where that is the smaller one
};
// [N,D] or [D]: max(0, margin + |anchor - positive + eps|_p - |anchor - negative + eps|_p).
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletLossOptions& options = {});
struct TripletDistanceLossOptions {
  Tensor (*distance_function)(const Tensor& a, const Tensor& b) = nullptr;  // default: pairwise_distance
  double margin = 1.0;
  bool swap = false;
  Reduction reduction = Reduction::mean;
};
// As triplet_margin_loss with any distance.
Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         const TripletDistanceLossOptions& options = {});
struct MultiMarginLossOptions {
  int64_t p = 1;  // 1 or 2
  double margin = 1.0;
  Tensor weight = {};  // one per class
  Reduction reduction = Reduction::mean;
};
// x [N,C] or [C]; target class indices [N] or []: the mean over the other classes c of max(0, margin - x[target] +
// x[c])^p.
Tensor multi_margin_loss(const Tensor& x, const Tensor& target, const MultiMarginLossOptions& options = {});
// x [N,C] or [C]; target of that shape lists class indices, ended by -1: the sum of max(0, 1 - x[listed] + x[other]) /
// C.
Tensor multilabel_margin_loss(const Tensor& x, const Tensor& target, const LossOptions& options = {});

}  // namespace korrel
