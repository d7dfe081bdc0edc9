#include <korrel/optim/sgd.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/optim/fused_step.h>

namespace korrel::optim {

void check_options(const SGDOptions& o) {
  check_not_negative("SGD", "lr", o.lr);
  check_not_negative("SGD", "momentum", o.momentum);
  check_not_negative("SGD", "weight_decay", o.weight_decay);
  check<ValueError>(!o.nesterov || (o.momentum > 0 && o.dampening == 0),
                    "SGD: nesterov needs momentum > 0 and dampening 0, got momentum={}, dampening={}", o.momentum,
                    o.dampening);
}

void update(const SGDOptions& o, ParameterState& slot, const Tensor& gradient) {
  double sign = sign_of(o.maximize);
  if (o.momentum == 0)
    return fused_step(kernels::OptimizerRule::sgd_plain, slot.parameter, gradient, slot.tensors,
                      {sign, o.weight_decay, o.lr});
  bool first = start_state(slot.tensors[0], slot.parameter);  // the first gradient is not dampened
  fused_step(kernels::OptimizerRule::sgd, slot.parameter, gradient, slot.tensors,
             {sign, o.weight_decay, o.momentum, first ? 1 : 1 - o.dampening, o.lr, o.nesterov ? 1.0 : 0.0});
}
void visit_options(SGDOptions& o, OptionVisitor& visit) {
  visit("lr", o.lr);
  visit("momentum", o.momentum);
  visit("dampening", o.dampening);
  visit("weight_decay", o.weight_decay);
  visit("nesterov", o.nesterov);
  visit("maximize", o.maximize);
}

void check_options(const ASGDOptions& o) {
  check_not_negative("ASGD", "lr", o.lr);
  check_not_negative("ASGD", "weight_decay", o.weight_decay);
}

void update(const ASGDOptions& o, ParameterState& slot, const Tensor& gradient) {
  double &eta = slot.numbers[0], &mu = slot.numbers[1];
  if (start_state(slot.tensors[0], slot.parameter)) {
    eta = static_cast<float>(o.lr);  // PyTorch keeps eta and mu in f32
    mu = 1;
  }
  fused_step(kernels::OptimizerRule::asgd, slot.parameter, gradient, slot.tensors,
             {sign_of(o.maximize), o.weight_decay, 1 - o.lambd * eta, eta, mu});
  auto step = static_cast<double>(slot.step);
  eta = static_cast<float>(o.lr / std::pow(1 + o.lambd * o.lr * step, o.alpha));
  mu = static_cast<float>(1 / std::max(1.0, step - o.t0));
}
void visit_options(ASGDOptions& o, OptionVisitor& visit) {
  visit("lr", o.lr);
  visit("lambd", o.lambd);
  visit("alpha", o.alpha);
  visit("t0", o.t0);
  visit("weight_decay", o.weight_decay);
  visit("maximize", o.maximize);
}

}  // namespace korrel::optim
