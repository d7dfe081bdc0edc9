#include <korrel/optim/adam.h>

#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/optim/fused_step.h>

namespace korrel::optim {
namespace {

using kernels::OptimizerRule;

template <class Options>
void check_common(const Options& o) {
  check_not_negative(Options::optimizer, "lr", o.lr);
  check_not_negative(Options::optimizer, "eps", o.eps);
  check_not_negative(Options::optimizer, "weight_decay", o.weight_decay);
  check_share(Options::optimizer, "betas.first", o.betas.first);
  check_share(Options::optimizer, "betas.second", o.betas.second);
}

// How far a running mean that started at zero is from its value after `step` updates.
double bias_correction(double beta, int64_t step) { return 1 - std::pow(beta, static_cast<double>(step)); }

template <class Visitor, class Options>
void visit_common(Visitor& visit, Options& o) {
  visit("lr", o.lr);
  visit("beta1", o.betas.first);
  visit("beta2", o.betas.second);
  visit("eps", o.eps);
  visit("weight_decay", o.weight_decay);
}

// Adam and AdamW differ in where the weight decay goes.
template <class Options>
void adam_step(const Options& o, double decay, double shrink, const Tensor& parameter, const Tensor& gradient,
               Tensor (&states)[3], int64_t step) {
  start_state(states[0], parameter);
  start_state(states[1], parameter);
  if (o.amsgrad) start_state(states[2], parameter);
  fused_step(o.amsgrad ? OptimizerRule::adam_amsgrad : OptimizerRule::adam, parameter, gradient, states,
             {sign_of(o.maximize), decay, o.betas.first, o.betas.second, o.lr / bias_correction(o.betas.first, step),
              1 / std::sqrt(bias_correction(o.betas.second, step)), o.eps, shrink});
}

}  // namespace

void check_options(const AdamOptions& options) { check_common(options); }
void check_options(const AdamWOptions& options) { check_common(options); }
void check_options(const RAdamOptions& options) { check_common(options); }
void check_options(const AdamaxOptions& options) { check_common(options); }
void check_options(const NAdamOptions& options) {
  check_common(options);
  check_not_negative("NAdam", "momentum_decay", options.momentum_decay);
}

void update(const AdamOptions& o, ParameterState& slot, const Tensor& gradient) {
  adam_step(o, o.weight_decay, 1, slot.parameter, gradient, slot.tensors, slot.step);
}
void visit_options(AdamOptions& o, OptionVisitor& visit) {
  visit_common(visit, o);
  visit("amsgrad", o.amsgrad);
  visit("maximize", o.maximize);
}

void update(const AdamWOptions& o, ParameterState& slot, const Tensor& gradient) {
  adam_step(o, 0, 1 - o.lr * o.weight_decay, slot.parameter, gradient, slot.tensors, slot.step);
}
void visit_options(AdamWOptions& o, OptionVisitor& visit) {
  visit_common(visit, o);
  visit("amsgrad", o.amsgrad);
  visit("maximize", o.maximize);
}

void update(const NAdamOptions& o, ParameterState& slot, const Tensor& gradient) {
  start_state(slot.tensors[1], slot.parameter);
  double& mu_product = slot.numbers[0];
  if (start_state(slot.tensors[0], slot.parameter)) mu_product = 1;
  auto mu_at = [&](int64_t step) {
    return o.betas.first * (1 - 0.5 * std::pow(0.96, static_cast<double>(step) * o.momentum_decay));
  };
  // PyTorch 1.13 keeps the product in f32, and multiplies mu in once more for the next one (corrected in 2.0).
  double mu = mu_at(slot.step), mu_next = mu_at(slot.step + 1);
  auto single = [](double value) { return static_cast<float>(value); };
  mu_product = single(mu_product) * single(mu);
  double product_next = single(mu_product) * single(mu) * single(mu_next);
  fused_step(OptimizerRule::nadam, slot.parameter, gradient, slot.tensors,
             {1, o.weight_decay, o.betas.first, o.betas.second, o.lr * (1 - mu) / (1 - mu_product),
              o.lr * mu_next / (1 - product_next), bias_correction(o.betas.second, slot.step), o.eps});
}
void visit_options(NAdamOptions& o, OptionVisitor& visit) {
  visit_common(visit, o);
  visit("momentum_decay", o.momentum_decay);
}

void update(const RAdamOptions& o, ParameterState& slot, const Tensor& gradient) {
  start_state(slot.tensors[0], slot.parameter);
  start_state(slot.tensors[1], slot.parameter);
  auto step = static_cast<double>(slot.step);
  double correction = bias_correction(o.betas.second, slot.step);
  double longest = 2 / (1 - o.betas.second) - 1;  // length of the average that beta2 approximates
  double length = longest - 2 * step * std::pow(o.betas.second, step) / correction;
  double adaptive = 0;  // until the variance of the adaptive rate is finite
  if (length > 5)
    adaptive = std::sqrt(correction * (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  fused_step(OptimizerRule::radam, slot.parameter, gradient, slot.tensors,
             {1, o.weight_decay, o.betas.first, o.betas.second, o.lr / bias_correction(o.betas.first, slot.step),
              adaptive, o.eps});
}
void visit_options(RAdamOptions& o, OptionVisitor& visit) { visit_common(visit, o); }

void update(const AdamaxOptions& o, ParameterState& slot, const Tensor& gradient) {
  start_state(slot.tensors[0], slot.parameter);
  start_state(slot.tensors[1], slot.parameter);
  fused_step(OptimizerRule::adamax, slot.parameter, gradient, slot.tensors,
             {sign_of(o.maximize), o.weight_decay, o.betas.first, o.betas.second,
              o.lr / bias_correction(o.betas.first, slot.step), o.eps});
}
void visit_options(AdamaxOptions& o, OptionVisitor& visit) {
  visit_common(visit, o);
  visit("maximize", o.maximize);
}

}  // namespace korrel::optim
