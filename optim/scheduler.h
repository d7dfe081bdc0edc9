// What learning rate schedules share: they set an optimizer's rates, at construction and then by one each step(), with
// the recurrences of PyTorch 1.13, so that several can act on one optimizer. The optimizer must outlive its schedules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <korrel/optim/optimizer.h>

namespace korrel::optim {

// One number for all parameter groups, or one for each.
class PerGroup {
 public:
  PerGroup(double all) : values_{all} {}
  PerGroup(std::initializer_list<double> each) : values_(each) {}
  PerGroup(std::vector<double> each) : values_(std::move(each)) {}
  // Throws ValueError naming the schedule and the argument when there are neither one nor `groups` numbers.
  std::vector<double> over(std::size_t groups, const char* scheduler, const char* argument) const;

 private:
  std::vector<double> values_;
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  virtual void step();
  int64_t last_epoch() const { return last_epoch_; }                   // steps done
  const std::vector<double>& get_last_lr() const { return last_lr_; }  // one per group
  Optimizer& optimizer() const { return optimizer_; }
  const char* name() const { return name_; }  // "CosineAnnealingLR"

  // Numbers by name, for checkpoints; the optimizer's own state is saved apart. Loading throws ValueError, and changes
  // nothing, when a name is missing or unknown.
  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 protected:
  class StateVisitor {
   public:
    virtual void operator()(const std::string& name, double& value) = 0;
    virtual void operator()(const std::string& name, int64_t& value) = 0;

   protected:
    ~StateVisitor() = default;
  };

  Scheduler(const char* name, Optimizer& optimizer);
  void start();  // the rates of epoch 0; at the end of the constructors of those that have some

  std::size_t groups() const { return optimizer_.group_count(); }
  void set_rates(const std::vector<double>& rates);

  virtual std::vector<double> rates() = 0;              // of epoch last_epoch_, from those of the epoch before
  virtual std::vector<double> rates_at(int64_t epoch);  // the same from nothing, where there is a formula
  virtual void visit_state(StateVisitor& visitor);
  virtual void restart();  // to epoch 0, as part of a SequentialLR

  Optimizer& optimizer_;
  std::vector<double> base_lrs_;
  std::vector<double> last_lr_;
  int64_t last_epoch_ = -1;

 private:
  friend class SequentialLR;
  friend class ChainedScheduler;
  friend void visit_parts(StateVisitor& visitor, const std::vector<Scheduler*>& parts);
  const char* name_;
};

}  // namespace korrel::optim
