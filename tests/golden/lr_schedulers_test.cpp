#include <doctest/doctest.h>

#include <memory>

#include <korrel/framework/tensor/create.h>
#include <korrel/optim/combined_scheduler.h>
#include <korrel/optim/cyclic_scheduler.h>
#include <korrel/optim/lr_scheduler.h>
#include <korrel/optim/reduce_on_plateau.h>
#include <korrel/optim/sgd.h>
#include <tests/golden/golden.h>

using namespace korrel;
using golden::Args;

namespace {

// An argument of a part of a SequentialLR may be left to its default.
double number(const Args& a, const char* name, double normal) { return a.has(name) ? a.number(name) : normal; }
int64_t integer(const Args& a, const char* name, int64_t normal) { return a.has(name) ? a.integer(name) : normal; }

std::unique_ptr<optim::Scheduler> make(const std::string& name, optim::Optimizer& o, const Args& a) {
  if (name == "StepLR")
    return std::make_unique<optim::StepLR>(o, optim::StepOptions{a.integer("step_size"), a.number("gamma")});
  if (name == "MultiStepLR") {
    Dims milestones = a.ints("milestones");
    return std::make_unique<optim::MultiStepLR>(
        o, optim::MultiStepOptions{{milestones.begin(), milestones.end()}, a.number("gamma")});
  }
  if (name == "ConstantLR")
    return std::make_unique<optim::ConstantLR>(o, optim::ConstantOptions{a.number("factor"), a.integer("total_iters")});
  if (name == "LinearLR")
    return std::make_unique<optim::LinearLR>(
        o, optim::LinearOptions{a.number("start_factor"), number(a, "end_factor", 1), a.integer("total_iters")});
  if (name == "ExponentialLR")
    return std::make_unique<optim::ExponentialLR>(o, optim::ExponentialLR::Options{a.number("gamma")});
  if (name == "PolynomialLR")
    return std::make_unique<optim::PolynomialLR>(o,
                                                 optim::PolynomialOptions{a.integer("total_iters"), a.number("power")});
  if (name == "CosineAnnealingLR")
    return std::make_unique<optim::CosineAnnealingLR>(
        o, optim::CosineAnnealingOptions{a.integer("T_max"), number(a, "eta_min", 0)});
  if (name == "CosineAnnealingWarmRestarts")
    return std::make_unique<optim::CosineAnnealingWarmRestarts>(
        o, optim::WarmRestartOptions{a.integer("T_0"), a.integer("T_mult"), a.number("eta_min")});
  if (name == "OneCycleLR")
    return std::make_unique<optim::OneCycleLR>(
        o, optim::OneCycleOptions{
               .max_lr = a.number("max_lr"),
               .total_steps = integer(a, "total_steps", 0),
               .epochs = integer(a, "epochs", 0),
               .steps_per_epoch = integer(a, "steps_per_epoch", 0),
               .pct_start = a.number("pct_start"),
               .anneal_strategy = a.text("anneal_strategy") == "cos" ? optim::Anneal::cos : optim::Anneal::linear,
               .cycle_momentum = a.flag("cycle_momentum"),
               .base_momentum = a.number("base_momentum"),
               .max_momentum = a.number("max_momentum"),
               .div_factor = a.number("div_factor"),
               .final_div_factor = a.number("final_div_factor"),
               .three_phase = a.flag("three_phase")});
  if (name == "CyclicLR") {
    std::string mode = a.text("mode");
    return std::make_unique<optim::CyclicLR>(
        o, optim::CyclicOptions{.base_lr = a.number("base_lr"),
                                .max_lr = a.number("max_lr"),
                                .step_size_up = a.integer("step_size_up"),
                                .step_size_down = integer(a, "step_size_down", 0),
                                .mode = mode == "triangular"    ? optim::CyclicMode::triangular
                                        : mode == "triangular2" ? optim::CyclicMode::triangular2
                                                                : optim::CyclicMode::exp_range,
                                .gamma = a.number("gamma"),
                                .cycle_momentum = a.flag("cycle_momentum"),
                                .base_momentum = a.number("base_momentum"),
                                .max_momentum = a.number("max_momentum")});
  }
  FAIL("unknown schedule " << name);
  return nullptr;
}

// An optimizer whose groups have the case's rates.
struct Setting {
  explicit Setting(const golden::Case& c) : dtype(c.dtype) {
    std::vector<optim::SGD::Group> groups;
    double momentum = number(c.args, "sgd_momentum", 0);
    for (double lr : c.args.is_list("optimizer_lr") ? c.args.numbers("optimizer_lr")
                                                    : std::vector<double>{c.args.number("optimizer_lr")})
      groups.push_back({{ones({1}, {.requires_grad = true})}, {.lr = lr, .momentum = momentum}});
    optimizer = std::make_unique<optim::SGD>(groups);
    steps = c.args.integer("num_steps");
  }
  void note() {
    for (std::size_t group = 0; group < optimizer->group_count(); ++group) {
      rates.push_back(optimizer->lr(group));
      momenta.push_back(optimizer->option("momentum", group));
    }
  }
  golden::Outputs outputs(bool momentum) const {
    int64_t rows = steps + 1, groups = static_cast<int64_t>(optimizer->group_count());
    Shape shape = groups == 1 ? Shape{rows} : Shape{rows, groups};
    golden::Outputs result{{"lr", from_vector(rates, shape).to(dtype)}};
    if (momentum) result["momentum"] = from_vector(momenta, shape).to(dtype);
    return result;
  }
  std::unique_ptr<optim::SGD> optimizer;
  DType dtype;
  int64_t steps;
  std::vector<double> rates, momenta;
};

// Half-way the schedule is replaced by a new one that loads its state.
golden::Result simple(const golden::Case& c) {
  Setting setting(c);
  std::string name = c.op.substr(c.op.find('.') + 1);
  auto scheduler = make(name, *setting.optimizer, c.args);
  setting.note();
  for (int64_t k = 0; k < setting.steps; ++k) {
    if (k == setting.steps / 2) {
      optim::StateDict optimizer_state = setting.optimizer->state_dict(), state = scheduler->state_dict();
      scheduler = make(name, *setting.optimizer, c.args);
      setting.optimizer->load_state_dict(optimizer_state);
      scheduler->load_state_dict(state);
    }
    scheduler->step();
    setting.note();
    CHECK(scheduler->get_last_lr()[0] == setting.optimizer->lr());
  }
  return setting.outputs(c.args.has("cycle_momentum") && c.args.flag("cycle_momentum"));
}

golden::Result plateau(const golden::Case& c) {
  Setting setting(c);
  optim::PlateauOptions options{
      .mode = c.args.text("mode") == "min" ? optim::PlateauMode::min : optim::PlateauMode::max,
      .factor = c.args.number("factor"),
      .patience = c.args.integer("patience"),
      .threshold = c.args.number("threshold"),
      .threshold_mode = c.args.text("threshold_mode") == "rel" ? optim::ThresholdMode::rel : optim::ThresholdMode::abs,
      .cooldown = c.args.integer("cooldown"),
      .min_lr = c.args.number("min_lr"),
      .eps = c.args.number("eps")};
  auto scheduler = std::make_unique<optim::ReduceLROnPlateau>(*setting.optimizer, options);
  setting.note();
  std::vector<double> metrics = c["metrics"].to_vector();
  for (std::size_t k = 0; k < metrics.size(); ++k) {
    if (k == metrics.size() / 2) {
      optim::StateDict state = scheduler->state_dict();
      scheduler = std::make_unique<optim::ReduceLROnPlateau>(*setting.optimizer, options);
      scheduler->load_state_dict(state);
    }
    scheduler->step(metrics[k]);
    setting.note();
  }
  return setting.outputs(false);
}

golden::Result combined(const golden::Case& c) {
  Setting setting(c);
  std::vector<std::unique_ptr<optim::Scheduler>> parts;
  std::vector<optim::Scheduler*> references;
  for (const Args& part : c.args.objects("schedulers")) {
    parts.push_back(make(part.text("name"), *setting.optimizer, part));
    references.push_back(parts.back().get());
  }
  std::unique_ptr<optim::Scheduler> scheduler;
  if (c.args.has("milestones")) {
    Dims milestones = c.args.ints("milestones");
    scheduler = std::make_unique<optim::SequentialLR>(*setting.optimizer, references,
                                                      std::vector<int64_t>(milestones.begin(), milestones.end()));
  } else {
    scheduler = std::make_unique<optim::ChainedScheduler>(references);
  }
  setting.note();
  for (int64_t k = 0; k < setting.steps; ++k) {
    scheduler->load_state_dict(scheduler->state_dict());
    scheduler->step();
    setting.note();
  }
  return setting.outputs(false);
}

const golden::Ops ops = {
    {"lr_scheduler.StepLR", simple},
    {"lr_scheduler.MultiStepLR", simple},
    {"lr_scheduler.ConstantLR", simple},
    {"lr_scheduler.LinearLR", simple},
    {"lr_scheduler.ExponentialLR", simple},
    {"lr_scheduler.PolynomialLR", simple},
    {"lr_scheduler.CosineAnnealingLR", simple},
    {"lr_scheduler.CosineAnnealingWarmRestarts", simple},
    {"lr_scheduler.OneCycleLR", simple},
    {"lr_scheduler.CyclicLR", simple},
    {"lr_scheduler.ReduceLROnPlateau", plateau},
    {"lr_scheduler.SequentialLR", combined},
    {"lr_scheduler.ChainedScheduler", combined},
};

}  // namespace

TEST_CASE("learning rate schedules") { golden::run("lr_schedulers"); }
