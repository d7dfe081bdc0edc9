// Optimizers that divide by a running size of the gradient: Adagrad (Duchi et al. 2011), Adadelta (Zeiler 2012),
// RMSprop (Hinton's lecture 6, 2012), and Rprop (Riedmiller & Braun 1993), which heeds signs only. As torch.optim,
// version 1.13.
#pragma once

#include <korrel/optim/optimizer.h>

namespace korrel::optim {

struct AdagradOptions {
  static constexpr const char* optimizer = "Adagrad";
  static constexpr StateNames state{{"sum"}, {}};
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
};
void check_options(const AdagradOptions& options);
void update(const AdagradOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(AdagradOptions& options, OptionVisitor& visitor);
using Adagrad = OptimizerOf<AdagradOptions>;

struct AdadeltaOptions {
  static constexpr const char* optimizer = "Adadelta";
  static constexpr StateNames state{{"square_avg", "acc_delta"}, {}};
  double lr = 1.0;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;
  bool maximize = false;
};
void check_options(const AdadeltaOptions& options);
void update(const AdadeltaOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(AdadeltaOptions& options, OptionVisitor& visitor);
using Adadelta = OptimizerOf<AdadeltaOptions>;

struct RMSpropOptions {
  static constexpr const char* optimizer = "RMSprop";
  static constexpr StateNames state{{"square_avg", "momentum_buffer", "grad_avg"}, {}};
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
  bool maximize = false;
};
void check_options(const RMSpropOptions& options);
void update(const RMSpropOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(RMSpropOptions& options, OptionVisitor& visitor);
using RMSprop = OptimizerOf<RMSpropOptions>;

struct RpropOptions {
  static constexpr const char* optimizer = "Rprop";
  static constexpr StateNames state{{"prev", "step_size"}, {}};
  double lr = 1e-2;        // the first step size
  double eta_minus = 0.5;  // factor of the step size where the gradient changed its sign
  double eta_plus = 1.2;   // where it did not
  double smallest_step = 1e-6;
  double largest_step = 50;
  bool maximize = false;
};
void check_options(const RpropOptions& options);
void update(const RpropOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(RpropOptions& options, OptionVisitor& visitor);
using Rprop = OptimizerOf<RpropOptions>;

}  // namespace korrel::optim
