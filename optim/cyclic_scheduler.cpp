#include <korrel/optim/cyclic_scheduler.h>

#include <cmath>
#include <numbers>

#include <korrel/framework/base/check.h>

namespace korrel::optim {
namespace {

// Adam's first beta is its momentum.
const char* momentum_name(const char* scheduler, const Optimizer& optimizer, bool beta1_too) {
  if (optimizer.has_option("momentum")) return "momentum";
  check<ValueError>(beta1_too && optimizer.has_option("beta1"),
                    "{}: {} has no momentum to cycle; set cycle_momentum to false", scheduler, optimizer.name());
  return "beta1";
}

}  // namespace

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleOptions& options)
    : Scheduler("OneCycleLR", optimizer),
      options_(options),
      total_steps_(options.total_steps > 0 ? options.total_steps : options.epochs * options.steps_per_epoch) {
  check<ValueError>(total_steps_ > 0 && options.total_steps >= 0 && options.epochs >= 0,
                    "OneCycleLR: needs total_steps, or epochs and steps_per_epoch, got total_steps={}, epochs={}, "
                    "steps_per_epoch={}",
                    options.total_steps, options.epochs, options.steps_per_epoch);
  check<ValueError>(options.pct_start >= 0 && options.pct_start <= 1,
                    "OneCycleLR: pct_start must lie in [0, 1], got {}", options.pct_start);
  max_lrs_ = options.max_lr.over(groups(), "OneCycleLR", "max_lr");
  base_momentums_ = options.base_momentum.over(groups(), "OneCycleLR", "base_momentum");
  max_momentums_ = options.max_momentum.over(groups(), "OneCycleLR", "max_momentum");
  if (options.cycle_momentum) momentum_name("OneCycleLR", optimizer, true);
  for (std::size_t group = 0; group < groups(); ++group) {
    base_lrs_[group] = max_lrs_[group] / options.div_factor;
    optimizer.set_initial_lr(base_lrs_[group], group);
  }
  start();
}

double OneCycleLR::annealed(double start, double end, double share) const {
  if (options_.anneal_strategy == Anneal::linear) return (end - start) * share + start;
  return end + (start - end) / 2 * (std::cos(std::numbers::pi * share) + 1);
}

std::vector<double> OneCycleLR::rates() {
  check<ValueError>(last_epoch_ <= total_steps_, "OneCycleLR: step {} of a schedule of {} steps", last_epoch_,
                    total_steps_);
  auto step = static_cast<double>(last_epoch_), total = static_cast<double>(total_steps_);
  double risen = options_.pct_start * total - 1, fallen = 2 * options_.pct_start * total - 2, last = total - 1;
  std::vector<double> rates;
  for (std::size_t group = 0; group < groups(); ++group) {
    double initial = base_lrs_[group], top = max_lrs_[group], least = initial / options_.final_div_factor;
    double slow = base_momentums_[group], fast = max_momentums_[group], momentum;
    if (step <= risen) {
      rates.push_back(annealed(initial, top, step / risen));
      momentum = annealed(fast, slow, step / risen);
    } else if (options_.three_phase && step <= fallen) {
      double share = (step - risen) / (fallen - risen);
      rates.push_back(annealed(top, initial, share));
      momentum = annealed(slow, fast, share);
    } else if (options_.three_phase) {
      rates.push_back(annealed(initial, least, (step - fallen) / (last - fallen)));
      momentum = fast;
    } else {
      double share = (step - risen) / (last - risen);
      rates.push_back(annealed(top, least, share));
      momentum = annealed(slow, fast, share);
    }
    if (options_.cycle_momentum) optimizer_.set_option(momentum_name("OneCycleLR", optimizer_, true), momentum, group);
  }
  return rates;
}

CyclicLR::CyclicLR(Optimizer& optimizer, const CyclicOptions& options)
    : Scheduler("CyclicLR", optimizer), options_(options) {
  check<ValueError>(options.step_size_up > 0 && options.step_size_down >= 0,
                    "CyclicLR: step_size_up must be positive and step_size_down not negative, got {} and {}",
                    options.step_size_up, options.step_size_down);
  if (options.step_size_down == 0) options_.step_size_down = options.step_size_up;
  base_lrs_ = options.base_lr.over(groups(), "CyclicLR", "base_lr");
  max_lrs_ = options.max_lr.over(groups(), "CyclicLR", "max_lr");
  base_momentums_ = options.base_momentum.over(groups(), "CyclicLR", "base_momentum");
  max_momentums_ = options.max_momentum.over(groups(), "CyclicLR", "max_momentum");
  if (options.cycle_momentum) momentum_name("CyclicLR", optimizer, false);
  start();
}

std::vector<double> CyclicLR::rates() {
  auto step = static_cast<double>(last_epoch_);
  auto total = static_cast<double>(options_.step_size_up + options_.step_size_down);
  double ratio = static_cast<double>(options_.step_size_up) / total;
  double cycle = std::floor(1 + step / total), x = 1 + step / total - cycle;
  double height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
  if (options_.mode == CyclicMode::triangular2) height *= 1 / std::pow(2.0, cycle - 1);
  if (options_.mode == CyclicMode::exp_range) height *= std::pow(options_.gamma, step);
  std::vector<double> rates;
  for (std::size_t group = 0; group < groups(); ++group) {
    rates.push_back(base_lrs_[group] + (max_lrs_[group] - base_lrs_[group]) * height);
    double momentum = max_momentums_[group] - (max_momentums_[group] - base_momentums_[group]) * height;
    if (options_.cycle_momentum) optimizer_.set_option("momentum", momentum, group);
  }
  return rates;
}

}  // namespace korrel::optim
