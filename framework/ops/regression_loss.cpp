// mse, l1, kl_div, poisson and gaussian nll; smooth l1 and huber are in huber_loss.cpp.
#include <cmath>
#include <numbers>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/fold.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/reduced_loss.h>
#include <korrel/framework/ops/shape.h>

namespace korrel {

Tensor mse_loss(const Tensor& x, const Tensor& target, const LossOptions& options) {
  check_same("mse_loss", x, target);
  Tensor difference = x - target;
  if (options.reduction == Reduction::none) return square(difference);
  // The squares are summed as they are made: no tensor of them is written and read.
  Folding folding("mse_loss", difference, {});
  const double divisor = options.reduction == Reduction::mean ? static_cast<double>(folding.count()) : 1;
  Tensor y = with_shape(folding.fold(kernels::Fold::square_sum, difference, {.divisor = divisor}), {});
  return record("mse_loss", y, {difference}, [difference, divisor](const Backward& b) -> Gradients {
    return {difference * (b.grad * (2 / divisor))};
  });
}

Tensor l1_loss(const Tensor& x, const Tensor& target, const LossOptions& options) {
  check_same("l1_loss", x, target);
  return reduced(abs(x - target), options.reduction);
}

Tensor kl_div(const Tensor& x, const Tensor& target, const KlDivOptions& options) {
  check_same("kl_div", x, target);
  Tensor losses = options.log_target ? exp(target) * (target - x) : xlogy(target, target) - target * x;
  switch (options.reduction) {
    case KlDivReduction::none:
      return losses;
    case KlDivReduction::sum:
      return sum(losses);
    case KlDivReduction::mean:
      return mean(losses);
    default:
      return sum(losses) / static_cast<double>(x.dim() == 0 ? 1 : x.size(0));
  }
}

Tensor poisson_nll_loss(const Tensor& x, const Tensor& target, const PoissonNllLossOptions& options) {
  check_same("poisson_nll_loss", x, target);
  Tensor losses = options.log_input ? exp(x) - target * x : x - target * log(x + options.eps);
  if (options.full) {
    Tensor large = target.detach() > 1, safe = masked_fill(target, logical_not(large), 1);
    Tensor stirling = target * log(safe) - target + log(safe * (2 * std::numbers::pi)) * 0.5;
    losses = losses + masked_fill(stirling, logical_not(large), 0);
  }
  return reduced(losses, options.reduction);
}

Tensor gaussian_nll_loss(const Tensor& x, const Tensor& target, const Tensor& var,
                         const GaussianNllLossOptions& options) {
  check_same("gaussian_nll_loss", x, target);
  check_defined("gaussian_nll_loss", var, "var");
  check<DtypeError>(var.dtype() == x.dtype(), "gaussian_nll_loss: var is {}, x is {}", var.dtype(), x.dtype());
  check<ValueError>(options.eps > 0, "gaussian_nll_loss: eps expects a number > 0, got {}", options.eps);
  Shape without_last = x.dim() > 0 ? x.shape().slice(0, x.dim() - 1) : Shape{}, with_one = without_last;
  with_one.push_back(1);
  Tensor v = var;
  if (var.shape() != x.shape()) {
    check<ShapeError>(x.dim() > 0 && (var.shape() == without_last || var.shape() == with_one),
                      "gaussian_nll_loss: var expects shape {}, {} or {} for x {}, got {}", x.shape(), without_last,
                      with_one, x.shape(), var.shape());
    v = var.reshape(with_one);
  }
  if (any(var.detach() < 0).item<bool>())
    fail<ValueError>("gaussian_nll_loss: var must not be negative, its least element is {}", amin(var.detach()).item());
  // The gradient passes the clamp as if it were not there.
  v = v + (clamp(v.detach(), {.min = options.eps}) - v.detach());
  Tensor losses = (log(v) + square(x - target) / v) * 0.5;
  if (options.full) losses = losses + 0.5 * std::log(2 * std::numbers::pi);
  return reduced(losses, options.reduction);
}

}  // namespace korrel
