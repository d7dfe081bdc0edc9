// Adam and its relatives: Adam and Adamax (Kingma & Ba 2015), AMSGrad (Reddi et al. 2018), AdamW (Loshchilov & Hutter
// 2019), NAdam (Dozat 2016), RAdam (Liu et al. 2020). Formulas and defaults: torch.optim, version 1.13.
#pragma once

#include <korrel/optim/optimizer.h>

namespace korrel::optim {

struct Betas {
  double first = 0.9;     // of the mean of the gradients
  double second = 0.999;  // of the mean of their squares
};

struct AdamOptions {
  static constexpr const char* optimizer = "Adam";
  static constexpr StateNames state{{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}, {}};
  double lr = 1e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 0;  // added to the gradient
  bool amsgrad = false;
  bool maximize = false;
};
void check_options(const AdamOptions& options);
void update(const AdamOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(AdamOptions& options, OptionVisitor& visitor);
using Adam = OptimizerOf<AdamOptions>;

struct AdamWOptions {
  static constexpr const char* optimizer = "AdamW";
  static constexpr StateNames state{{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}, {}};
  double lr = 1e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // shrinks the weight itself by lr * weight_decay
  bool amsgrad = false;
  bool maximize = false;
};
void check_options(const AdamWOptions& options);
void update(const AdamWOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(AdamWOptions& options, OptionVisitor& visitor);
using AdamW = OptimizerOf<AdamWOptions>;

struct NAdamOptions {
  static constexpr const char* optimizer = "NAdam";
  static constexpr StateNames state{{"exp_avg", "exp_avg_sq"}, {"mu_product"}};
  double lr = 2e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;
};
void check_options(const NAdamOptions& options);
void update(const NAdamOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(NAdamOptions& options, OptionVisitor& visitor);
using NAdam = OptimizerOf<NAdamOptions>;

struct RAdamOptions {
  static constexpr const char* optimizer = "RAdam";
  static constexpr StateNames state{{"exp_avg", "exp_avg_sq"}, {}};
  double lr = 1e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 0;
};
void check_options(const RAdamOptions& options);
void update(const RAdamOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(RAdamOptions& options, OptionVisitor& visitor);
using RAdam = OptimizerOf<RAdamOptions>;

struct AdamaxOptions {
  static constexpr const char* optimizer = "Adamax";
  static constexpr StateNames state{{"exp_avg", "exp_inf"}, {}};
  double lr = 2e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 0;
  bool maximize = false;
};
void check_options(const AdamaxOptions& options);
void update(const AdamaxOptions& options, ParameterState& state, const Tensor& gradient);
void visit_options(AdamaxOptions& options, OptionVisitor& visitor);
using Adamax = OptimizerOf<AdamaxOptions>;

}  // namespace korrel::optim
