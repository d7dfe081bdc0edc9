#include <korrel/optim/lr_scheduler.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <korrel/framework/base/check.h>

namespace korrel::optim {
namespace {

using std::numbers::pi;

// The optimizer's rates, or the base ones, each times `factor`.
std::vector<double> scaled_current(Optimizer& optimizer, double factor) {
  std::vector<double> rates;
  for (std::size_t group = 0; group < optimizer.group_count(); ++group) rates.push_back(optimizer.lr(group) * factor);
  return rates;
}
std::vector<double> scaled(std::vector<double> rates, double factor) {
  for (double& rate : rates) rate *= factor;
  return rates;
}

void check_positive(const char* scheduler, const char* option, int64_t value) {
  check<ValueError>(value > 0, "{}: {} must be positive, got {}", scheduler, option, value);
}
void check_factor(const char* scheduler, const char* option, double value) {
  check<ValueError>(value > 0 && value <= 1, "{}: {} must lie in (0, 1], got {}", scheduler, option, value);
}

}  // namespace

LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<EpochFunction> functions)
    : Scheduler("LambdaLR", optimizer), functions_(std::move(functions)) {
  if (functions_.size() == 1) functions_.resize(groups(), functions_[0]);
  check<ValueError>(functions_.size() == groups(),
                    "LambdaLR: needs one function or {}, one per parameter group; got {}", groups(), functions_.size());
  start();
}
std::vector<double> LambdaLR::rates() {
  std::vector<double> rates = base_lrs_;
  for (std::size_t group = 0; group < rates.size(); ++group) rates[group] *= functions_[group](last_epoch_);
  return rates;
}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, EpochFunction f)
    : Scheduler("MultiplicativeLR", optimizer), function_(std::move(f)) {
  start();
}
std::vector<double> MultiplicativeLR::rates() {
  return scaled_current(optimizer_, last_epoch_ > 0 ? function_(last_epoch_) : 1);
}

StepLR::StepLR(Optimizer& optimizer, const StepOptions& options) : Scheduler("StepLR", optimizer), options_(options) {
  check_positive("StepLR", "step_size", options.step_size);
  start();
}
std::vector<double> StepLR::rates() {
  bool now = last_epoch_ != 0 && last_epoch_ % options_.step_size == 0;
  return scaled_current(optimizer_, now ? options_.gamma : 1);
}
std::vector<double> StepLR::rates_at(int64_t epoch) {
  return scaled(base_lrs_, std::pow(options_.gamma, static_cast<double>(epoch / options_.step_size)));
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, MultiStepOptions options)
    : Scheduler("MultiStepLR", optimizer), options_(std::move(options)) {
  check<ValueError>(std::is_sorted(options_.milestones.begin(), options_.milestones.end()),
                    "MultiStepLR: milestones must be increasing, got {}", Dims(options_.milestones));
  start();
}
std::vector<double> MultiStepLR::rates() {
  auto times = std::count(options_.milestones.begin(), options_.milestones.end(), last_epoch_);
  return scaled_current(optimizer_, std::pow(options_.gamma, static_cast<double>(times)));
}
std::vector<double> MultiStepLR::rates_at(int64_t epoch) {
  auto passed =
      std::upper_bound(options_.milestones.begin(), options_.milestones.end(), epoch) - options_.milestones.begin();
  return scaled(base_lrs_, std::pow(options_.gamma, static_cast<double>(passed)));
}

ConstantLR::ConstantLR(Optimizer& optimizer, const ConstantOptions& options)
    : Scheduler("ConstantLR", optimizer), options_(options) {
  check_factor("ConstantLR", "factor", options.factor);
  start();
}
std::vector<double> ConstantLR::rates() {
  if (last_epoch_ == 0) return scaled_current(optimizer_, options_.factor);
  return scaled_current(optimizer_, last_epoch_ == options_.total_iters ? 1 / options_.factor : 1);
}
std::vector<double> ConstantLR::rates_at(int64_t epoch) {
  return scaled(base_lrs_, epoch >= options_.total_iters ? 1 : options_.factor);
}

LinearLR::LinearLR(Optimizer& optimizer, const LinearOptions& options)
    : Scheduler("LinearLR", optimizer), options_(options) {
  check_factor("LinearLR", "start_factor", options.start_factor);
  check<ValueError>(options.end_factor >= 0 && options.end_factor <= 1,
                    "LinearLR: end_factor must lie in [0, 1], got {}", options.end_factor);
  check_positive("LinearLR", "total_iters", options.total_iters);
  start();
}
std::vector<double> LinearLR::rates() {
  if (last_epoch_ == 0) return scaled_current(optimizer_, options_.start_factor);
  if (last_epoch_ > options_.total_iters) return scaled_current(optimizer_, 1);
  double rise = options_.end_factor - options_.start_factor;
  double before =
      static_cast<double>(options_.total_iters) * options_.start_factor + static_cast<double>(last_epoch_ - 1) * rise;
  return scaled_current(optimizer_, 1 + rise / before);
}
std::vector<double> LinearLR::rates_at(int64_t epoch) {
  double done = static_cast<double>(std::min(options_.total_iters, epoch)) / static_cast<double>(options_.total_iters);
  return scaled(base_lrs_, options_.start_factor + (options_.end_factor - options_.start_factor) * done);
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, const Options& options)
    : Scheduler("ExponentialLR", optimizer), gamma_(options.gamma) {
  start();
}
std::vector<double> ExponentialLR::rates() { return scaled_current(optimizer_, last_epoch_ == 0 ? 1 : gamma_); }
std::vector<double> ExponentialLR::rates_at(int64_t epoch) {
  return scaled(base_lrs_, std::pow(gamma_, static_cast<double>(epoch)));
}

PolynomialLR::PolynomialLR(Optimizer& optimizer, const PolynomialOptions& options)
    : Scheduler("PolynomialLR", optimizer), options_(options) {
  check_positive("PolynomialLR", "total_iters", options.total_iters);
  start();
}
std::vector<double> PolynomialLR::rates() {
  if (last_epoch_ == 0 || last_epoch_ > options_.total_iters) return scaled_current(optimizer_, 1);
  auto left = [&](int64_t epoch) { return 1 - static_cast<double>(epoch) / static_cast<double>(options_.total_iters); };
  return scaled_current(optimizer_, std::pow(left(last_epoch_) / left(last_epoch_ - 1), options_.power));
}
std::vector<double> PolynomialLR::rates_at(int64_t epoch) {
  double done = static_cast<double>(std::min(options_.total_iters, epoch)) / static_cast<double>(options_.total_iters);
  return scaled(base_lrs_, std::pow(1 - done, options_.power));
}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingOptions& options)
    : Scheduler("CosineAnnealingLR", optimizer), options_(options) {
  check_positive("CosineAnnealingLR", "T_max", options.T_max);
  start();
}
std::vector<double> CosineAnnealingLR::rates() {
  std::vector<double> rates = scaled_current(optimizer_, 1);
  if (last_epoch_ == 0) return rates;
  auto period = static_cast<double>(options_.T_max), epoch = static_cast<double>(last_epoch_);
  bool from_the_bottom =
      (last_epoch_ - 1 - options_.T_max) % (2 * options_.T_max) == 0;  // where the ratio would be x / 0
  for (std::size_t group = 0; group < rates.size(); ++group) {
    if (from_the_bottom)
      rates[group] += (base_lrs_[group] - options_.eta_min) * (1 - std::cos(pi / period)) / 2;
    else
      rates[group] = (1 + std::cos(pi * epoch / period)) / (1 + std::cos(pi * (epoch - 1) / period)) *
                         (rates[group] - options_.eta_min) +
                     options_.eta_min;
  }
  return rates;
}
std::vector<double> CosineAnnealingLR::rates_at(int64_t epoch) {
  std::vector<double> rates;
  double share = (1 + std::cos(pi * static_cast<double>(epoch) / static_cast<double>(options_.T_max))) / 2;
  for (double base : base_lrs_) rates.push_back(options_.eta_min + (base - options_.eta_min) * share);
  return rates;
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer, const WarmRestartOptions& options)
    : Scheduler("CosineAnnealingWarmRestarts", optimizer), options_(options), cycle_length_(options.T_0) {
  check_positive("CosineAnnealingWarmRestarts", "T_0", options.T_0);
  check_positive("CosineAnnealingWarmRestarts", "T_mult", options.T_mult);
  start();
}
std::vector<double> CosineAnnealingWarmRestarts::rates() {
  std::vector<double> rates;
  double share = (1 + std::cos(pi * static_cast<double>(epoch_in_cycle_) / static_cast<double>(cycle_length_))) / 2;
  for (double base : base_lrs_) rates.push_back(options_.eta_min + (base - options_.eta_min) * share);
  return rates;
}
void CosineAnnealingWarmRestarts::step() {
  if (++epoch_in_cycle_ >= cycle_length_) {
    epoch_in_cycle_ -= cycle_length_;
    cycle_length_ *= options_.T_mult;
  }
  Scheduler::step();
}
void CosineAnnealingWarmRestarts::restart() {
  epoch_in_cycle_ = 0;
  cycle_length_ = options_.T_0;
  Scheduler::restart();
}
void CosineAnnealingWarmRestarts::visit_state(StateVisitor& visit) {
  Scheduler::visit_state(visit);
  visit("T_cur", epoch_in_cycle_);
  visit("T_i", cycle_length_);
}

}  // namespace korrel::optim
