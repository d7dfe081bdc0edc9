#include <korrel/optim/combined_scheduler.h>

#include <algorithm>

#include <korrel/framework/base/check.h>

namespace korrel::optim {
namespace {

Optimizer& common_optimizer(const char* scheduler, const std::vector<Scheduler*>& parts) {
  check<ValueError>(!parts.empty(), "{}: needs at least one schedule", scheduler);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    check<ValueError>(parts[i] != nullptr, "{}: schedule {} is null", scheduler, i);
    check<ValueError>(&parts[i]->optimizer() == &parts[0]->optimizer(), "{}: schedule {} belongs to another optimizer",
                      scheduler, i);
  }
  return parts[0]->optimizer();
}

}  // namespace

// The states of the parts, each name with the part's number in front.
void visit_parts(Scheduler::StateVisitor& visitor, const std::vector<Scheduler*>& parts) {
  struct Numbered final : Scheduler::StateVisitor {
    explicit Numbered(Scheduler::StateVisitor& visitor) : visitor(visitor) {}
    void operator()(const std::string& name, double& value) override { visitor(prefix + name, value); }
    void operator()(const std::string& name, int64_t& value) override { visitor(prefix + name, value); }
    Scheduler::StateVisitor& visitor;
    std::string prefix;
  } numbered(visitor);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    numbered.prefix = "schedulers." + std::to_string(i) + '.';
    parts[i]->visit_state(numbered);
  }
}

SequentialLR::SequentialLR(Optimizer& optimizer, std::vector<Scheduler*> parts, std::vector<int64_t> milestones)
    : Scheduler("SequentialLR", optimizer), parts_(std::move(parts)), milestones_(std::move(milestones)) {
  check<ValueError>(&common_optimizer("SequentialLR", parts_) == &optimizer,
                    "SequentialLR: schedule 0 belongs to another optimizer");
  check<ValueError>(milestones_.size() + 1 == parts_.size(), "SequentialLR: {} schedules need {} milestones, got {}",
                    parts_.size(), parts_.size() - 1, milestones_.size());
  for (std::size_t group = 0; group < groups(); ++group) optimizer.set_lr(optimizer.initial_lr(group), group);
  for (Scheduler* part : parts_)
    --part->last_epoch_;  // each has set the rates of its epoch 0; only the first does so now
  last_epoch_ = 0;
  parts_[0]->start();
  last_lr_ = parts_[0]->get_last_lr();
}

void SequentialLR::step() {
  ++last_epoch_;
  auto index = static_cast<std::size_t>(std::upper_bound(milestones_.begin(), milestones_.end(), last_epoch_) -
                                        milestones_.begin());
  if (index > 0 && milestones_[index - 1] == last_epoch_)
    parts_[index]->restart();
  else
    parts_[index]->step();
  last_lr_ = parts_[index]->get_last_lr();
}

std::vector<double> SequentialLR::rates() { return last_lr_; }
void SequentialLR::visit_state(StateVisitor& visitor) {
  Scheduler::visit_state(visitor);
  visit_parts(visitor, parts_);
}

ChainedScheduler::ChainedScheduler(std::vector<Scheduler*> parts)
    : Scheduler("ChainedScheduler", common_optimizer("ChainedScheduler", parts)), parts_(std::move(parts)) {
  last_epoch_ = 0;
  last_lr_ = parts_.back()->get_last_lr();
}

void ChainedScheduler::step() {
  ++last_epoch_;
  for (Scheduler* part : parts_) part->step();
  last_lr_ = parts_.back()->get_last_lr();
}

std::vector<double> ChainedScheduler::rates() { return last_lr_; }
void ChainedScheduler::visit_state(StateVisitor& visitor) {
  Scheduler::visit_state(visitor);
  visit_parts(visitor, parts_);
}

}  // namespace korrel::optim
