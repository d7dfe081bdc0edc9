#include <korrel/optim/reduce_on_plateau.h>

#include <algorithm>
#include <limits>

#include <korrel/framework/base/check.h>

namespace korrel::optim {

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options)
    : Scheduler("ReduceLROnPlateau", optimizer),
      options_(options),
      min_lrs_(options.min_lr.over(groups(), "ReduceLROnPlateau", "min_lr")),
      best_(options.mode == PlateauMode::min ? std::numeric_limits<double>::infinity()
                                             : -std::numeric_limits<double>::infinity()) {
  check<ValueError>(options.factor < 1, "ReduceLROnPlateau: factor must be below 1, got {}", options.factor);
  check<ValueError>(options.patience >= 0 && options.cooldown >= 0,
                    "ReduceLROnPlateau: patience and cooldown must not be negative, got {} and {}", options.patience,
                    options.cooldown);
  last_epoch_ = 0;
  last_lr_ = rates();
}

std::vector<double> ReduceLROnPlateau::rates() {
  std::vector<double> rates;
  for (std::size_t group = 0; group < groups(); ++group) rates.push_back(optimizer_.lr(group));
  return rates;
}

bool ReduceLROnPlateau::is_better(double metric) const {
  bool relative = options_.threshold_mode == ThresholdMode::rel;
  if (options_.mode == PlateauMode::min)
    return metric < (relative ? best_ * (1 - options_.threshold) : best_ - options_.threshold);
  return metric > (relative ? best_ * (1 + options_.threshold) : best_ + options_.threshold);
}

void ReduceLROnPlateau::step(double metric) {
  ++last_epoch_;
  if (is_better(metric)) {
    best_ = metric;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooldown_left_ > 0) {
    --cooldown_left_;
    bad_epochs_ = 0;
  }
  std::vector<double> rates = this->rates();
  if (bad_epochs_ > options_.patience) {
    for (std::size_t group = 0; group < rates.size(); ++group) {
      double lower = std::max(rates[group] * options_.factor, min_lrs_[group]);
      if (rates[group] - lower > options_.eps) rates[group] = lower;
    }
    cooldown_left_ = options_.cooldown;
    bad_epochs_ = 0;
  }
  set_rates(rates);
}

void ReduceLROnPlateau::visit_state(StateVisitor& visit) {
  Scheduler::visit_state(visit);
  visit("best", best_);
  visit("num_bad_epochs", bad_epochs_);
  visit("cooldown_counter", cooldown_left_);
}

}  // namespace korrel::optim
