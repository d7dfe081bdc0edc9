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
  double lr = 1e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 0;  // added to the gradient
  bool amsgrad = false;
  bool maximize = false;
};
void check_options(const AdamOptions& options);

class Adam final : public OptimizerOf<AdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

struct AdamWOptions {
  static constexpr const char* optimizer = "AdamW";
  double lr = 1e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // shrinks the weight itself by lr * weight_decay
  bool amsgrad = false;
  bool maximize = false;
};
void check_options(const AdamWOptions& options);

class AdamW final : public OptimizerOf<AdamWOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

struct NAdamOptions {
  static constexpr const char* optimizer = "NAdam";
  double lr = 2e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;
};
void check_options(const NAdamOptions& options);

class NAdam final : public OptimizerOf<NAdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

struct RAdamOptions {
  static constexpr const char* optimizer = "RAdam";
  double lr = 1e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 0;
};
void check_options(const RAdamOptions& options);

class RAdam final : public OptimizerOf<RAdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

struct AdamaxOptions {
  static constexpr const char* optimizer = "Adamax";
  double lr = 2e-3;
  Betas betas;
  double eps = 1e-8;
  double weight_decay = 0;
  bool maximize = false;
};
void check_options(const AdamaxOptions& options);

class Adamax final : public OptimizerOf<AdamaxOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 private:
  void update(std::size_t group, Slot& slot, const Tensor& gradient) override;
  void visit_options(std::size_t group, OptionVisitor& visitor) override;
  StateNames state_names() const override;
};

}  // namespace korrel::optim
