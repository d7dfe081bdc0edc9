// Schedules of the learning rate that depend on the epoch alone, as in torch.optim.lr_scheduler 1.13. Call step() once
// per epoch (or per batch), after the optimizer's.
#pragma once

#include <korrel/framework/base/ref.h>
#include <korrel/optim/scheduler.h>

namespace korrel::optim {

// A function of the epoch, type-erased without <functional>.
class EpochFunction {
 public:
  template <class F>
  EpochFunction(F f) : function_(new Holder<F>(std::move(f))) {}
  double operator()(int64_t epoch) const { return function_->call(epoch); }

 private:
  struct Base : Counted {
    virtual ~Base() = default;
    virtual double call(int64_t epoch) = 0;
    static void destroy(Base* base) { delete base; }
  };
  template <class F>
  struct Holder final : Base {
    explicit Holder(F f) : f(std::move(f)) {}
    double call(int64_t epoch) override { return f(epoch); }
    F f;
  };
  Ref<Base> function_;
};

// base rate * f(epoch). One function for all groups, or one for each.
class LambdaLR final : public Scheduler {
 public:
  LambdaLR(Optimizer& optimizer, EpochFunction f) : LambdaLR(optimizer, std::vector<EpochFunction>{std::move(f)}) {}
  LambdaLR(Optimizer& optimizer, std::vector<EpochFunction> functions);

 private:
  std::vector<double> rates() override;
  std::vector<EpochFunction> functions_;
};

// rate * f(epoch), from epoch 1 on.
class MultiplicativeLR final : public Scheduler {
 public:
  MultiplicativeLR(Optimizer& optimizer, EpochFunction f);

 private:
  std::vector<double> rates() override;
  EpochFunction function_;
};

struct StepOptions {
  int64_t step_size = 1;
  double gamma = 0.1;
};
// rate * gamma every step_size epochs.
class StepLR final : public Scheduler {
 public:
  StepLR(Optimizer& optimizer, const StepOptions& options);

 private:
  std::vector<double> rates() override;
  std::vector<double> rates_at(int64_t epoch) override;
  StepOptions options_;
};

struct MultiStepOptions {
  std::vector<int64_t> milestones;
  double gamma = 0.1;
};
// rate * gamma at each milestone.
class MultiStepLR final : public Scheduler {
 public:
  MultiStepLR(Optimizer& optimizer, MultiStepOptions options);

 private:
  std::vector<double> rates() override;
  std::vector<double> rates_at(int64_t epoch) override;
  MultiStepOptions options_;
};

struct ConstantOptions {
  double factor = 1.0 / 3;
  int64_t total_iters = 5;
};
// rate * factor until epoch total_iters.
class ConstantLR final : public Scheduler {
 public:
  explicit ConstantLR(Optimizer& optimizer, const ConstantOptions& options = {});

 private:
  std::vector<double> rates() override;
  std::vector<double> rates_at(int64_t epoch) override;
  ConstantOptions options_;
};

struct LinearOptions {
  double start_factor = 1.0 / 3;
  double end_factor = 1.0;
  int64_t total_iters = 5;
};
// rate * a factor that goes linearly from start_factor to end_factor in total_iters epochs: warm-up.
class LinearLR final : public Scheduler {
 public:
  explicit LinearLR(Optimizer& optimizer, const LinearOptions& options = {});

 private:
  std::vector<double> rates() override;
  std::vector<double> rates_at(int64_t epoch) override;
  LinearOptions options_;
};

// rate * gamma every epoch.
class ExponentialLR final : public Scheduler {
 public:
  struct Options {
    double gamma;
  };
  ExponentialLR(Optimizer& optimizer, const Options& options);

 private:
  std::vector<double> rates() override;
  std::vector<double> rates_at(int64_t epoch) override;
  double gamma_;
};

struct PolynomialOptions {
  int64_t total_iters = 5;
  double power = 1.0;
};
// base rate * (1 - epoch / total_iters)^power.
class PolynomialLR final : public Scheduler {
 public:
  explicit PolynomialLR(Optimizer& optimizer, const PolynomialOptions& options = {});

 private:
  std::vector<double> rates() override;
  std::vector<double> rates_at(int64_t epoch) override;
  PolynomialOptions options_;
};

struct CosineAnnealingOptions {
  int64_t T_max;
  double eta_min = 0;
};
// Half a cosine from the base rate to eta_min in T_max epochs, and back (Loshchilov & Hutter 2017, without restarts).
class CosineAnnealingLR final : public Scheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingOptions& options);

 private:
  std::vector<double> rates() override;
  std::vector<double> rates_at(int64_t epoch) override;
  CosineAnnealingOptions options_;
};

struct WarmRestartOptions {
  int64_t T_0;         // epochs of the first cycle
  int64_t T_mult = 1;  // each cycle is this many times the one before
  double eta_min = 0;
};
// The same, starting anew from the base rate after each cycle.
class CosineAnnealingWarmRestarts final : public Scheduler {
 public:
  CosineAnnealingWarmRestarts(Optimizer& optimizer, const WarmRestartOptions& options);
  void step() override;

 private:
  std::vector<double> rates() override;
  void restart() override;
  void visit_state(StateVisitor& visitor) override;
  WarmRestartOptions options_;
  int64_t epoch_in_cycle_ = 0, cycle_length_;
};

}  // namespace korrel::optim
