// Losses, under PyTorch's names and formulas. reduction: mean (default), sum or none. Input and target must have the same
// shape: where PyTorch broadcasts with a warning, ShapeError is thrown. All throw DtypeError for an x that is not floating.
// Sources by kind: classification_loss.cpp, regression_loss.cpp, binary_loss.cpp, margin_loss.cpp.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

// Classes.

struct ClassLossOptions {
  Reduction reduction = Reduction::mean;
  int64_t ignore_index = -100;
  Tensor weight = {};            // one per class
  double label_smoothing = 0.0;  // cross_entropy only, in [0, 1]
};
// x [N,C,...] or [C] logits; target: class indices (i64, u8) [N,...] or [], or probabilities shaped like x. The mean over
// indices divides by the sum of their weights, that over probabilities by their number. A label that is neither in [0, C)
// nor ignore_index throws ValueError. Softmax, logarithm and loss are one pass over x.
Tensor cross_entropy(const Tensor& x, const Tensor& target, const ClassLossOptions& options = {});
// x [N,C,...] or [C] log-probabilities; target: class indices.
Tensor nll_loss(const Tensor& x, const Tensor& target, const ClassLossOptions& options = {});

}  // namespace korrel
