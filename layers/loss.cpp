#include <korrel/layers/loss.h>

#include <korrel/framework/base/check.h>

namespace korrel::nn {
namespace {

void check_class_options(const char* layer, const ClassLossOptions& options) {
  check<ValueError>(options.label_smoothing >= 0 && options.label_smoothing <= 1,
                    "{}: label_smoothing must lie in [0, 1], got {}", layer, options.label_smoothing);
  check<ShapeError>(!options.weight.defined() || options.weight.dim() == 1,
                    "{}: weight needs one number per class, got shape {}", layer,
                    options.weight.defined() ? options.weight.shape() : Shape());
}

// The options with the weight that the module owns: it moves with to() and is saved.
ClassLossOptions with_weight(ClassLossOptions options, const Tensor& weight) {
  options.weight = weight;
  return options;
}

}  // namespace

CrossEntropyLoss::CrossEntropyLoss(const ClassLossOptions& o) : weight(o.weight), options(o) {
  check_class_options("CrossEntropyLoss", o);
}
Tensor CrossEntropyLoss::forward(const Tensor& x, const Tensor& target) {
  return cross_entropy(x, target, with_weight(options, weight));
}

NLLLoss::NLLLoss(const ClassLossOptions& o) : weight(o.weight), options(o) { check_class_options("NLLLoss", o); }
Tensor NLLLoss::forward(const Tensor& x, const Tensor& target) {
  return nll_loss(x, target, with_weight(options, weight));
}

CTCLoss::CTCLoss(const CtcLossOptions& o) : options(o) {
  check<ValueError>(o.blank >= 0, "CTCLoss: blank must not be negative, got {}", o.blank);
}
Tensor CTCLoss::forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                        const Tensor& target_lengths) {
  return ctc_loss(log_probs, targets, input_lengths, target_lengths, options);
}

MSELoss::MSELoss(const LossOptions& o) : options(o) {}
Tensor MSELoss::forward(const Tensor& x, const Tensor& target) { return mse_loss(x, target, options); }

L1Loss::L1Loss(const LossOptions& o) : options(o) {}
Tensor L1Loss::forward(const Tensor& x, const Tensor& target) { return l1_loss(x, target, options); }

SmoothL1Loss::SmoothL1Loss(const SmoothLossOptions& o) : options(o) {
  check<ValueError>(o.beta >= 0, "SmoothL1Loss: beta must not be negative, got {}", o.beta);
}
Tensor SmoothL1Loss::forward(const Tensor& x, const Tensor& target) { return smooth_l1_loss(x, target, options); }

HuberLoss::HuberLoss(const HuberLossOptions& o) : options(o) {
  check<ValueError>(o.delta > 0, "HuberLoss: delta must be positive, got {}", o.delta);
}
Tensor HuberLoss::forward(const Tensor& x, const Tensor& target) { return huber_loss(x, target, options); }

KLDivLoss::KLDivLoss(const KlDivOptions& o) : options(o) {}
Tensor KLDivLoss::forward(const Tensor& x, const Tensor& target) { return kl_div(x, target, options); }

BCELoss::BCELoss(const BinaryLossOptions& o) : weight(o.weight), options(o) {
  check<ValueError>(!o.pos_weight.defined(), "BCELoss: pos_weight is for BCEWithLogitsLoss");
}
Tensor BCELoss::forward(const Tensor& x, const Tensor& target) {
  return binary_cross_entropy(x, target, {.reduction = options.reduction, .weight = weight});
}

BCEWithLogitsLoss::BCEWithLogitsLoss(const BinaryLossOptions& o)
    : weight(o.weight), pos_weight(o.pos_weight), options(o) {}
Tensor BCEWithLogitsLoss::forward(const Tensor& x, const Tensor& target) {
  return binary_cross_entropy_with_logits(x, target,
                                          {.reduction = options.reduction, .weight = weight, .pos_weight = pos_weight});
}

}  // namespace korrel::nn
