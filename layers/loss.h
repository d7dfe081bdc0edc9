// Losses as layers, as in torch.nn: called with (x, target), but for CTCLoss. Formulas and shapes:
// framework/ops/loss.h.
#pragma once

#include <korrel/framework/ops/loss.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

using LossLayer = ModuleOf<Tensor(const Tensor&, const Tensor&)>;

struct CrossEntropyLoss : LossLayer {  // x [N,C,...] logits, target [N,...] class indices or [N,C,...] probabilities
  explicit CrossEntropyLoss(const ClassLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;  // one per class; absent unless given
  ClassLossOptions options;
  KORREL_MODULE(weight)
};
struct NLLLoss : LossLayer {  // x [N,C,...] log-probabilities, target [N,...] class indices
  explicit NLLLoss(const ClassLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;
  ClassLossOptions options;
  KORREL_MODULE(weight)
};

// Called with (log_probs, targets, input_lengths, target_lengths).
struct CTCLoss : ModuleOf<Tensor(const Tensor&, const Tensor&, const Tensor&, const Tensor&)> {
  explicit CTCLoss(const CtcLossOptions& options = {});
  Tensor forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths) override;
  CtcLossOptions options;
  KORREL_MODULE()
};

struct MSELoss : LossLayer {  // (x - target)^2, of any shape
  explicit MSELoss(const LossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  LossOptions options;
  KORREL_MODULE()
};
struct L1Loss : LossLayer {  // |x - target|, of any shape
  explicit L1Loss(const LossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  LossOptions options;
  KORREL_MODULE()
};
struct SmoothL1Loss : LossLayer {  // d = |x - target|: d^2 / (2 beta) below beta, d - beta / 2 beyond
  explicit SmoothL1Loss(const SmoothLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  SmoothLossOptions options;
  KORREL_MODULE()
};
struct HuberLoss : LossLayer {  // d = |x - target|: d^2 / 2 up to delta, delta (d - delta / 2) beyond
  explicit HuberLoss(const HuberLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  HuberLossOptions options;
  KORREL_MODULE()
};
struct KLDivLoss : LossLayer {  // target (log(target) - x), x log-probabilities of any shape
  explicit KLDivLoss(const KlDivOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  KlDivOptions options;
  KORREL_MODULE()
};

struct BCELoss : LossLayer {  // binary cross entropy, x and target in [0, 1], of any shape
  explicit BCELoss(const BinaryLossOptions& options = {});  // throws ValueError if pos_weight is given
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;
  BinaryLossOptions options;
  KORREL_MODULE(weight)
};
struct BCEWithLogitsLoss : LossLayer {  // binary cross entropy of sigmoid(x), of any shape
  explicit BCEWithLogitsLoss(const BinaryLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight, pos_weight;
  BinaryLossOptions options;
  KORREL_MODULE(weight, pos_weight)
};

}  // namespace korrel::nn
