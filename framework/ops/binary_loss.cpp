// Losses of yes-or-no answers.
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/reduced_loss.h>

namespace korrel {
namespace {

Tensor weighted(const Tensor& losses, const Tensor& weight) { return weight.defined() ? losses * weight : losses; }

}  // namespace

Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const BinaryLossOptions& options) {
  check_same("binary_cross_entropy", x, target);
  check<ValueError>(!options.pos_weight.defined(),
                    "binary_cross_entropy: knows no pos_weight, the variant with logits does");
  if (x.numel() > 0) {
    double low = amin(x.detach()).item(), high = amax(x.detach()).item();
    check<ValueError>(low >= 0 && high <= 1,
                      "binary_cross_entropy: x expects probabilities in [0, 1], got {} to {}; for logits there is "
                      "binary_cross_entropy_with_logits",
                      low, high);
  }
  Tensor losses = no_grad([&] {
    Tensor yes = clamp(log(x), {.min = -100}), no = clamp(log(1 - x), {.min = -100});
    return (target - 1) * no - target * yes;
  });
  losses = record("binary_cross_entropy", losses, {x, target}, [x, target](const Backward& b) -> Gradients {
    Tensor gx, gtarget;
    if (b.needs(0)) gx = b.grad * (x - target) / clamp(x * (1 - x), {.min = 1e-12});
    if (b.needs(1)) gtarget = b.grad * (clamp(log(1 - x), {.min = -100}) - clamp(log(x), {.min = -100}));
    return {gx, gtarget};
  });
  return reduced(weighted(losses, options.weight), options.reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target, const BinaryLossOptions& options) {
  check_same("binary_cross_entropy_with_logits", x, target);
  Tensor softplus = -logsigmoid(x);  // log(1 + exp(-x))
  if (options.pos_weight.defined()) softplus = softplus * ((options.pos_weight - 1) * target + 1);
  return reduced(weighted((1 - target) * x + softplus, options.weight), options.reduction);
}

Tensor multilabel_soft_margin_loss(const Tensor& x, const Tensor& target, const WeightedLossOptions& options) {
  check_same("multilabel_soft_margin_loss", x, target);
  check<ShapeError>(x.dim() == 1 || x.dim() == 2, "multilabel_soft_margin_loss: expects x [N,C] or [C], got {}",
                    x.shape());
  Tensor losses = (target - 1) * logsigmoid(-x) - target * logsigmoid(x);
  return reduced(mean(weighted(losses, options.weight), -1), options.reduction);
}

Tensor soft_margin_loss(const Tensor& x, const Tensor& target, const LossOptions& options) {
  check_same("soft_margin_loss", x, target);
  return reduced(-logsigmoid(target * x), options.reduction);
}

}  // namespace korrel
