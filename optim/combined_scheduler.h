// Schedules made of others, all of one optimizer: one after the other (SequentialLR) or all at once (ChainedScheduler),
// as in torch.optim.lr_scheduler. They refer to their parts, which must outlive them.
//   optim::LinearLR warmup(adam, {.total_iters = 5});
//   optim::CosineAnnealingLR cosine(adam, {.T_max = 95});
//   optim::SequentialLR schedule(adam, {&warmup, &cosine}, {5});
#pragma once

#include <korrel/optim/scheduler.h>

namespace korrel::optim {

class SequentialLR final : public Scheduler {
 public:
  // Part i + 1 starts at milestone i. Throws ValueError when the numbers do not fit or an optimizer differs.
  SequentialLR(Optimizer& optimizer, std::vector<Scheduler*> parts, std::vector<int64_t> milestones);
  void step() override;

 private:
  std::vector<double> rates() override;
  void visit_state(StateVisitor& visitor) override;

  std::vector<Scheduler*> parts_;
  std::vector<int64_t> milestones_;
};

class ChainedScheduler final : public Scheduler {
 public:
  explicit ChainedScheduler(std::vector<Scheduler*> parts);
  void step() override;

 private:
  std::vector<double> rates() override;
  void visit_state(StateVisitor& visitor) override;

  std::vector<Scheduler*> parts_;
};

}  // namespace korrel::optim
