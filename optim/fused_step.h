// Hands one parameter, its gradient and its state to the fused kernels. For the sources of the optimizers.
#pragma once

#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/optimizer.h>
#include <korrel/framework/tensor/create.h>

namespace korrel::optim {

// numbers: those of the rule, starting with sign and decay.
inline void fused_step(kernels::OptimizerRule rule, const Tensor& parameter, const Tensor& gradient,
                       Tensor (&states)[3], const double (&numbers)[kernels::max_optimizer_numbers]) {
  kernels::ParameterArrays arrays{parameter.numel(), parameter.raw_data(), gradient.raw_data(), {}};
  for (int i = 0; i < 3; ++i) arrays.state[i] = states[i].defined() ? states[i].raw_data() : nullptr;
  visit_floating(parameter.dtype(), [&]<class T>() { kernels::optimizer_step<T>(rule, arrays, numbers); });
}

// Makes state i, filled with `value`, if there is none yet; says whether it did.
inline bool start_state(Tensor& state, const Tensor& parameter, double value = 0) {
  if (state.defined()) return false;
  state = full(parameter.shape(), value, {.dtype = parameter.dtype()});
  return true;
}

inline double sign_of(bool maximize) { return maximize ? -1 : 1; }

inline void check_not_negative(const char* optimizer, const char* option, double value) {
  check<ValueError>(value >= 0, "{}: {} must not be negative, got {}", optimizer, option, value);
}
inline void check_share(const char* optimizer, const char* option, double value) {
  check<ValueError>(value >= 0 && value < 1, "{}: {} must lie in [0, 1), got {}", optimizer, option, value);
}

}  // namespace korrel::optim
