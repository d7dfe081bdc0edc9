// Stochastic gradient descent, with momentum (Polyak 1964; Nesterov as in Sutskever et al. 2013), and averaged SGD
// (Polyak & Juditsky 1992). Formulas and defaults: torch.optim.SGD, ASGD.
#pragma once

#include <korrel/optim/optimizer.h>

namespace korrel::optim {

struct SGDOptions {
  static constexpr const char* optimizer = "SGD";
  static constexpr StateNames state{{"momentum_buffer"}, {}};
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;  // added to the gradient
  bool nesterov = false;    // needs momentum and no dampening
  bool maximize = false;
};
void check_options(const SGDOptions& options);
void update(const SGDOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(SGDOptions& options, OptionVisitor& visitor);
using SGD = OptimizerOf<SGDOptions>;

struct ASGDOptions {
  static constexpr const char* optimizer = "ASGD";
  static constexpr StateNames state{{"ax"}, {"eta", "mu"}};
  double lr = 1e-2;
  double lambd = 1e-4;
  double alpha = 0.75;
  double t0 = 1e6;  // the step at which averaging starts
  double weight_decay = 0;
  bool maximize = false;
};
void check_options(const ASGDOptions& options);
void update(const ASGDOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(ASGDOptions& options, OptionVisitor& visitor);
using ASGD = OptimizerOf<ASGDOptions>;

}  // namespace korrel::optim
