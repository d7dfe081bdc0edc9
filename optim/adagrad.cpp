#include <korrel/optim/adagrad.h>

#include <korrel/framework/base/check.h>
#include <korrel/optim/fused_step.h>

namespace korrel::optim {

using kernels::OptimizerRule;

void check_options(const AdagradOptions& o) {
  check_not_negative("Adagrad", "lr", o.lr);
  check_not_negative("Adagrad", "lr_decay", o.lr_decay);
  check_not_negative("Adagrad", "weight_decay", o.weight_decay);
  check_not_negative("Adagrad", "initial_accumulator_value", o.initial_accumulator_value);
  check_not_negative("Adagrad", "eps", o.eps);
}
void update(const AdagradOptions& o, ParameterState& slot, const Tensor& gradient) {
  start_state(slot.tensors[0], slot.parameter, o.initial_accumulator_value);
  double lr = o.lr / (1 + static_cast<double>(slot.step - 1) * o.lr_decay);
  fused_step(OptimizerRule::adagrad, slot.parameter, gradient, slot.tensors,
             {sign_of(o.maximize), o.weight_decay, lr, o.eps});
}
void visit_options(AdagradOptions& o, OptionVisitor& visit) {
  visit("lr", o.lr);
  visit("lr_decay", o.lr_decay);
  visit("weight_decay", o.weight_decay);
  visit("initial_accumulator_value", o.initial_accumulator_value);
  visit("eps", o.eps);
  visit("maximize", o.maximize);
}

void check_options(const AdadeltaOptions& o) {
  check_not_negative("Adadelta", "lr", o.lr);
  check<ValueError>(o.rho >= 0 && o.rho <= 1, "Adadelta: rho must lie in [0, 1], got {}", o.rho);
  check_not_negative("Adadelta", "eps", o.eps);
  check_not_negative("Adadelta", "weight_decay", o.weight_decay);
}
void update(const AdadeltaOptions& o, ParameterState& slot, const Tensor& gradient) {
  start_state(slot.tensors[0], slot.parameter);
  start_state(slot.tensors[1], slot.parameter);
  fused_step(OptimizerRule::adadelta, slot.parameter, gradient, slot.tensors,
             {sign_of(o.maximize), o.weight_decay, o.rho, o.eps, o.lr});
}
void visit_options(AdadeltaOptions& o, OptionVisitor& visit) {
  visit("lr", o.lr);
  visit("rho", o.rho);
  visit("eps", o.eps);
  visit("weight_decay", o.weight_decay);
  visit("maximize", o.maximize);
}

void check_options(const RMSpropOptions& o) {
  check_not_negative("RMSprop", "lr", o.lr);
  check_not_negative("RMSprop", "eps", o.eps);
  check_not_negative("RMSprop", "momentum", o.momentum);
  check_not_negative("RMSprop", "weight_decay", o.weight_decay);
  check_not_negative("RMSprop", "alpha", o.alpha);
}
void update(const RMSpropOptions& o, ParameterState& slot, const Tensor& gradient) {
  start_state(slot.tensors[0], slot.parameter);
  if (o.momentum > 0 || o.centered) start_state(slot.tensors[1], slot.parameter);
  if (o.centered) start_state(slot.tensors[2], slot.parameter);
  OptimizerRule rule = o.centered       ? OptimizerRule::rmsprop_centered
                       : o.momentum > 0 ? OptimizerRule::rmsprop_momentum
                                        : OptimizerRule::rmsprop;
  fused_step(rule, slot.parameter, gradient, slot.tensors,
             {sign_of(o.maximize), o.weight_decay, o.alpha, o.eps, o.lr, o.momentum});
}
void visit_options(RMSpropOptions& o, OptionVisitor& visit) {
  visit("lr", o.lr);
  visit("alpha", o.alpha);
  visit("eps", o.eps);
  visit("weight_decay", o.weight_decay);
  visit("momentum", o.momentum);
  visit("centered", o.centered);
  visit("maximize", o.maximize);
}

void check_options(const RpropOptions& o) {
  check_not_negative("Rprop", "lr", o.lr);
  check<ValueError>(o.eta_minus > 0 && o.eta_minus < 1 && o.eta_plus > 1,
                    "Rprop: needs 0 < eta_minus < 1 < eta_plus, got eta_minus={}, eta_plus={}", o.eta_minus,
                    o.eta_plus);
  check<ValueError>(o.smallest_step <= o.largest_step, "Rprop: smallest_step={} is above largest_step={}",
                    o.smallest_step, o.largest_step);
}
void update(const RpropOptions& o, ParameterState& slot, const Tensor& gradient) {
  start_state(slot.tensors[0], slot.parameter);
  start_state(slot.tensors[1], slot.parameter, o.lr);
  fused_step(OptimizerRule::rprop, slot.parameter, gradient, slot.tensors,
             {sign_of(o.maximize), 0, o.eta_minus, o.eta_plus, o.smallest_step, o.largest_step});
}
void visit_options(RpropOptions& o, OptionVisitor& visit) {
  visit("lr", o.lr);
  visit("eta_minus", o.eta_minus);
  visit("eta_plus", o.eta_plus);
  visit("smallest_step", o.smallest_step);
  visit("largest_step", o.largest_step);
  visit("maximize", o.maximize);
}

}  // namespace korrel::optim
