// Schedules that move the learning rate and the momentum against each other: OneCycleLR (Smith & Topin 2018) and
// CyclicLR (Smith 2017), as in torch.optim.lr_scheduler 1.13. Call step() after every batch.
#pragma once

#include <korrel/optim/scheduler.h>

namespace korrel::optim {

enum class Anneal { cos, linear };

struct OneCycleOptions {
  PerGroup max_lr;
  int64_t total_steps = 0;  // or epochs and steps_per_epoch
  int64_t epochs = 0;
  int64_t steps_per_epoch = 0;
  double pct_start = 0.3;  // share of the steps in which the rate rises
  Anneal anneal_strategy = Anneal::cos;
  bool cycle_momentum = true;  // momentum, or beta1 of an Adam
  PerGroup base_momentum = 0.85;
  PerGroup max_momentum = 0.95;
  double div_factor = 25;         // initial rate = max_lr / div_factor
  double final_div_factor = 1e4;  // last rate = initial rate / final_div_factor
  bool three_phase = false;
};
class OneCycleLR final : public Scheduler {
 public:
  OneCycleLR(Optimizer& optimizer, const OneCycleOptions& options);  // max_lr is needed

 private:
  std::vector<double> rates() override;  // throws ValueError after total_steps steps
  double annealed(double start, double end, double share) const;

  OneCycleOptions options_;
  int64_t total_steps_;
  std::vector<double> max_lrs_, base_momentums_, max_momentums_;
};

enum class CyclicMode { triangular, triangular2, exp_range };

struct CyclicOptions {
  PerGroup base_lr;
  PerGroup max_lr;
  int64_t step_size_up = 2000;
  int64_t step_size_down = 0;  // 0: as long as up
  CyclicMode mode = CyclicMode::triangular;
  double gamma = 1.0;  // exp_range: the height is gamma^step
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.8;
  PerGroup max_momentum = 0.9;
};
class CyclicLR final : public Scheduler {
 public:
  CyclicLR(Optimizer& optimizer, const CyclicOptions& options);  // base_lr and max_lr are needed

 private:
  std::vector<double> rates() override;

  CyclicOptions options_;
  std::vector<double> max_lrs_, base_momentums_, max_momentums_;
};

}  // namespace korrel::optim
