#include <korrel/optim/fused_step.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>

namespace korrel::optim {

void fused_step(kernels::OptimizerRule rule, const Tensor& parameter, const Tensor& gradient, Tensor (&states)[3],
                const double (&numbers)[kernels::max_optimizer_numbers]) {
  kernels::ParameterArrays arrays{parameter.numel(), parameter.raw_data(), gradient.raw_data(), {}};
  for (int i = 0; i < 3; ++i) arrays.state[i] = states[i].defined() ? states[i].raw_data() : nullptr;
  visit_floating(parameter.dtype(), [&]<class T>() { kernels::optimizer_step<T>(rule, arrays, numbers); });
}

bool start_state(Tensor& state, const Tensor& parameter, double value) {
  if (state.defined()) return false;
  state = full(parameter.shape(), value, {.dtype = parameter.dtype()});
  return true;
}

void check_not_negative(const char* optimizer, const char* option, double value) {
  check<ValueError>(value >= 0, "{}: {} must not be negative, got {}", optimizer, option, value);
}
void check_share(const char* optimizer, const char* option, double value) {
  check<ValueError>(value >= 0 && value < 1, "{}: {} must lie in [0, 1), got {}", optimizer, option, value);
}

}  // namespace korrel::optim
