// Optimizers that divide by a running size of the gradient: Adagrad (Duchi et al. 2011), Adadelta (Zeiler 2012),
// RMSprop (Hinton's lecture 6, 2012), and Rprop (Riedmiller & Braun 1993), which heeds signs only. As torch.optim,
// version 1.13.
#pragma once

#include <korrel/optim/optimizer.h>

namespace korrel::optim {

struct AdagradOptions {
  static constexpr const char* optimizer = "Adagrad";
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
};
void check_options(const AdagradOptions& options);

class Adagrad final : public OptimizerOf<AdagradOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

struct AdadeltaOptions {
  static constexpr const char* optimizer = "Adadelta";
  double lr = 1.0;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;
  bool maximize = false;
};
void check_options(const AdadeltaOptions& options);

class Adadelta final : public OptimizerOf<AdadeltaOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

struct RMSpropOptions {
  static constexpr const char* optimizer = "RMSprop";
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
  bool maximize = false;
};
void check_options(const RMSpropOptions& options);

class RMSprop final : public OptimizerOf<RMSpropOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

struct RpropOptions {
  static constexpr const char* optimizer = "Rprop";
  double lr = 1e-2;        // the first step size
  double eta_minus = 0.5;  // factor of the step size where the gradient changed its sign
  double eta_plus = 1.2;   // where it did not
  double smallest_step = 1e-6;
  double largest_step = 50;
  bool maximize = false;
};
void check_options(const RpropOptions& options);

class Rprop final : public OptimizerOf<RpropOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

}  // namespace korrel::optim
