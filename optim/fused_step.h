// Hands one parameter, its gradient and its state to the fused kernels. For the sources of the optimizers.
#pragma once

#include <korrel/framework/kernels/optimizer.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel::optim {

// numbers: those of the rule, starting with sign and decay.
void fused_step(kernels::OptimizerRule rule, const Tensor& parameter, const Tensor& gradient, Tensor (&states)[3],
                const double (&numbers)[kernels::max_optimizer_numbers]);

// Makes a state, filled with `value`, if there is none yet; says whether it did.
bool start_state(Tensor& state, const Tensor& parameter, double value = 0);

inline double sign_of(bool maximize) { return maximize ? -1 : 1; }

// Throw ValueError naming the optimizer, the option and its value.
void check_not_negative(const char* optimizer, const char* option, double value);
void check_share(const char* optimizer, const char* option, double value);  // in [0, 1)

}  // namespace korrel::optim
