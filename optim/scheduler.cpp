#include <korrel/optim/scheduler.h>

#include <unordered_map>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>

namespace korrel::optim {
namespace {

constexpr double most_steps = 0x1p53;  // in a saved state: arithmetic on it is far from overflow

}  // namespace

std::vector<double> PerGroup::over(std::size_t groups, const char* scheduler, const char* argument) const {
  if (values_.size() == 1) return std::vector<double>(groups, values_[0]);
  check<ValueError>(values_.size() == groups, "{}: {} needs one number or {}, one per parameter group; got {}",
                    scheduler, argument, groups, values_.size());
  return values_;
}

Scheduler::Scheduler(const char* name, Optimizer& optimizer) : optimizer_(optimizer), name_(name) {
  for (std::size_t group = 0; group < groups(); ++group) base_lrs_.push_back(optimizer.initial_lr(group));
}

void Scheduler::start() { Scheduler::step(); }

void Scheduler::step() {
  ++last_epoch_;
  set_rates(rates());
}

void Scheduler::restart() {
  last_epoch_ = 0;
  set_rates(rates_at(0));
}

std::vector<double> Scheduler::rates_at(int64_t) { return rates(); }

void Scheduler::set_rates(const std::vector<double>& rates) {
  for (std::size_t group = 0; group < rates.size(); ++group) optimizer_.set_lr(rates[group], group);
  last_lr_ = rates;
}

void Scheduler::visit_state(StateVisitor& visit) {
  visit("last_epoch", last_epoch_);
  last_lr_.resize(groups());
  for (std::size_t group = 0; group < groups(); ++group) {
    visit("base_lrs." + std::to_string(group), base_lrs_[group]);
    visit("last_lr." + std::to_string(group), last_lr_[group]);
  }
}

StateDict Scheduler::state_dict() const {
  struct Visitor final : StateVisitor {
    void operator()(const std::string& name, double& value) override { state.emplace_back(name, scalar(value, f64)); }
    void operator()(const std::string& name, int64_t& value) override {
      state.emplace_back(name, from_vector<int64_t>({value}, {}));
    }
    StateDict state;
  } visitor;
  const_cast<Scheduler*>(this)->visit_state(visitor);
  return visitor.state;
}

void Scheduler::load_state_dict(const StateDict& state) {
  struct Visitor final : StateVisitor {
    void operator()(const std::string& name, double& value) override {
      if (const Tensor* saved = find(name); saved && writing) value = saved->item();
    }
    void operator()(const std::string& name, int64_t& value) override {
      const Tensor* saved = find(name);
      if (!saved) return;
      bool counts = saved->item() >= -1 && saved->item() <= most_steps;
      check<ValueError>(counts, "{}: the saved state's {} is no number of steps: {}", scheduler, name, saved->item());
      if (writing) value = saved->item<int64_t>();
    }
    const Tensor* find(const std::string& name) {
      ++asked;
      auto found = given.find(name);
      if (found != given.end() && found->second->defined() && found->second->numel() == 1) return found->second;
      missing += (missing.empty() ? "" : ", ") + name;
      return nullptr;
    }
    const char* scheduler = nullptr;
    std::unordered_map<std::string, const Tensor*> given;
    std::string missing;
    std::size_t asked = 0;
    bool writing = false;
  } visitor;
  visitor.scheduler = name_;
  for (const auto& [key, tensor] : state) visitor.given[key] = &tensor;
  visit_state(visitor);
  check<ValueError>(visitor.missing.empty(), "{}: the saved state has no number named {}", name_, visitor.missing);
  check<ValueError>(visitor.asked == visitor.given.size(), "{}: the saved state has {} numbers, {} are known", name_,
                    visitor.given.size(), visitor.asked);
  visitor.writing = true;
  visit_state(visitor);
}

}  // namespace korrel::optim
