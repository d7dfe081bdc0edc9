// ReduceLROnPlateau: lowers the learning rate when a metric has not improved for a while, as in
// torch.optim.lr_scheduler. Not a Scheduler of epochs: its step takes the metric.
#pragma once

#include <korrel/optim/scheduler.h>

namespace korrel::optim {

enum class PlateauMode { min, max };
enum class ThresholdMode { rel, abs };

struct PlateauOptions {
  PlateauMode mode = PlateauMode::min;  // whether the metric should fall or rise
  double factor = 0.1;
  int64_t patience = 10;  // epochs without improvement that are borne
  double threshold = 1e-4;
  ThresholdMode threshold_mode = ThresholdMode::rel;
  int64_t cooldown = 0;  // epochs after a reduction in which none counts
  PerGroup min_lr = 0;
  double eps = 1e-8;  // smaller changes are left undone
};

class ReduceLROnPlateau final : private Scheduler {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options = {});
  void step(double metric);

  using Scheduler::get_last_lr;
  using Scheduler::last_epoch;
  using Scheduler::load_state_dict;
  using Scheduler::state_dict;

 private:
  using Scheduler::step;
  std::vector<double> rates() override;
  void visit_state(StateVisitor& visitor) override;
  bool is_better(double metric) const;

  PlateauOptions options_;
  std::vector<double> min_lrs_;
  double best_;
  int64_t bad_epochs_ = 0, cooldown_left_ = 0;
};

}  // namespace korrel::optim
