// Losses as layers, as in torch.nn: called with (x, target), but for CTCLoss. Formulas and shapes:
// framework/ops/loss.h.
#pragma once

#include <korrel/framework/ops/loss.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

using LossLayer = ModuleOf<Tensor(const Tensor&, const Tensor&)>;

struct CrossEntropyLoss : LossLayer {
  explicit CrossEntropyLoss(const ClassLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;  // one per class; absent unless given
  ClassLossOptions options;
  KORREL_MODULE(weight)
};
struct NLLLoss : LossLayer {
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

struct MSELoss : LossLayer {
  explicit MSELoss(const LossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  LossOptions options;
  KORREL_MODULE()
};
struct L1Loss : LossLayer {
  explicit L1Loss(const LossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  LossOptions options;
  KORREL_MODULE()
};
struct SmoothL1Loss : LossLayer {
  explicit SmoothL1Loss(const SmoothLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  SmoothLossOptions options;
  KORREL_MODULE()
};
struct HuberLoss : LossLayer {
  explicit HuberLoss(const HuberLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  HuberLossOptions options;
  KORREL_MODULE()
};
struct KLDivLoss : LossLayer {
  explicit KLDivLoss(const KlDivOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  KlDivOptions options;
  KORREL_MODULE()
};

struct BCELoss : LossLayer {
  explicit BCELoss(const BinaryLossOptions& options = {});  // throws ValueError if pos_weight is given
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight;
  BinaryLossOptions options;
  KORREL_MODULE(weight)
};
struct BCEWithLogitsLoss : LossLayer {
  explicit BCEWithLogitsLoss(const BinaryLossOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& target) override;
  Buffer weight, pos_weight;
  BinaryLossOptions options;
  KORREL_MODULE(weight, pos_weight)
};

}  // namespace korrel::nn
