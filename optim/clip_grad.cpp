#include <korrel/optim/clip_grad.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/reduction.h>
#include <korrel/framework/ops/elementwise.h>

namespace korrel::optim {
namespace {

// The gradient is contiguous and out of any graph. What replaces it has memory of its own: two parameters may share
// the bytes of one gradient.
struct Owned {
  Tensor parameter, gradient;
};
std::vector<Owned> gradients_of(const std::vector<Tensor>& parameters) {
  std::vector<Owned> owned;
  for (const Tensor& parameter : parameters)
    if (Tensor gradient = parameter.grad(); gradient.defined())
      owned.push_back({parameter, gradient.detach().contiguous()});
  return owned;
}

// sum |g|^p, or max |g|, by fixed blocks or in order: the same for any number of threads.
double power_sum(const Tensor& gradient, double p) {
  return visit_floating(gradient.dtype(), [&]<class T>() {
    const T* g = gradient.data<T>();
    double total = 0;
    int64_t n = gradient.numel();
    if (p == 2) {
      T parts = 0;
      kernels::fold_rows<T>(kernels::Fold::square_sum, 1, n, g, nullptr, 1, &parts);
      total = double{parts};
      if (total < 1e-30 || !std::isfinite(total)) {  // squares that T does not hold
        total = 0;
        for (int64_t i = 0; i < n; ++i) total += double{g[i]} * double{g[i]};
      }
    } else if (std::isinf(p))
      for (int64_t i = 0; i < n; ++i)
        total = std::isnan(g[i]) || std::isnan(total) ? NAN : std::max(total, std::abs(double{g[i]}));
    else
      for (int64_t i = 0; i < n; ++i) total += std::pow(std::abs(double{g[i]}), p);
    return total;
  });
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, const ClipNormOptions& options) {
  check<ValueError>(max_norm >= 0, "clip_grad_norm_: max_norm must not be negative, got {}", max_norm);
  check<ValueError>(options.norm_type > 0, "clip_grad_norm_: norm_type must be positive, got {}", options.norm_type);
  std::vector<Owned> gradients = gradients_of(parameters);
  double total = 0;
  for (const Owned& owned : gradients) {
    double part = power_sum(owned.gradient, options.norm_type);
    total = std::isinf(options.norm_type) ? (std::isnan(part) || std::isnan(total) ? NAN : std::max(total, part))
                                          : total + part;
  }
  if (!std::isinf(options.norm_type)) total = std::pow(total, 1 / options.norm_type);
  check<ValueError>(!options.error_if_nonfinite || std::isfinite(total),
                    "clip_grad_norm_: the norm of the gradients is {}", total);
  double factor = max_norm / (total + 1e-6);
  if (factor < 1 || std::isnan(factor))
    for (Owned& owned : gradients) owned.parameter.set_grad(owned.gradient * factor);
  return total;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  check<ValueError>(clip_value >= 0, "clip_grad_value_: clip_value must not be negative, got {}", clip_value);
  for (Owned& owned : gradients_of(parameters))
    owned.parameter.set_grad(clamp(owned.gradient, {.min = -clip_value, .max = clip_value}));  // a NaN stays
}

}  // namespace korrel::optim
