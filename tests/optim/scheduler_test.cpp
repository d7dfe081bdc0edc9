#include <doctest/doctest.h>

#include <korrel/framework/tensor/create.h>
#include <korrel/optim/adagrad.h>
#include <korrel/optim/adam.h>
#include <korrel/optim/combined_scheduler.h>
#include <korrel/optim/cyclic_scheduler.h>
#include <korrel/optim/lr_scheduler.h>
#include <korrel/optim/reduce_on_plateau.h>
#include <korrel/optim/sgd.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

Tensor parameter() { return ones({1}, {.requires_grad = true}); }

template <class Make>
std::string refused(Make make) {
  optim::SGD sgd({{{parameter()}, {.lr = 0.1}}, {{parameter()}, {.lr = 0.2}}});
  return message_of<ValueError>([&] { make(sgd); });
}

}  // namespace

TEST_CASE("functions of the epoch") {
  optim::SGD sgd({{{parameter()}, {.lr = 0.1}}, {{parameter()}, {.lr = 0.2}}});
  optim::LambdaLR half(sgd, [](int64_t epoch) { return epoch < 2 ? 1.0 : 0.5; });
  CHECK(sgd.lr(1) == 0.2);
  half.step();
  half.step();
  CHECK(half.last_epoch() == 2);
  CHECK(half.get_last_lr() == std::vector<double>{0.05, 0.1});

  optim::SGD other({{{parameter()}, {.lr = 1}}, {{parameter()}, {.lr = 1}}});
  optim::LambdaLR each(other, {[](int64_t) { return 3.0; }, [](int64_t epoch) { return static_cast<double>(epoch); }});
  CHECK(other.lr(0) == 3);
  CHECK(other.lr(1) == 0);

  optim::SGD third({parameter()}, {.lr = 1});
  optim::MultiplicativeLR doubling(third, [](int64_t) { return 2.0; });
  CHECK(third.lr() == 1);
  doubling.step();
  doubling.step();
  CHECK(third.lr() == 4);
}

TEST_CASE("a one-cycle schedule moves Adam's first beta, and ends where it ends") {
  optim::Adam adam({parameter()});
  optim::OneCycleLR cycle(adam, {.max_lr = 1.0, .total_steps = 10});
  CHECK(adam.lr() == doctest::Approx(0.04));
  CHECK(adam.option("beta1") == doctest::Approx(0.95));
  for (int step = 0; step < 9; ++step) cycle.step();
  CHECK(adam.lr() == doctest::Approx(0.04e-4));
  CHECK(adam.option("beta1") == doctest::Approx(0.95));
}

TEST_CASE("several schedules agree on the initial rate") {
  optim::SGD sgd({parameter()}, {.lr = 0.1});
  optim::ConstantLR warm(sgd, {.factor = 0.5, .total_iters = 2});  // rate 0.05 now
  optim::ExponentialLR decay(sgd, {.gamma = 0.5});
  CHECK(sgd.initial_lr() == 0.1);
  optim::SequentialLR both(sgd, {&warm, &decay}, {2});
  std::vector<double> rates{sgd.lr()};
  for (int step = 0; step < 3; ++step) {
    both.step();
    rates.push_back(sgd.lr());
  }
  CHECK(rates == std::vector<double>{0.05, 0.05, 0.1, 0.05});
}

TEST_CASE("what schedules refuse") {
  using namespace optim;
  CHECK(refused([](SGD& o) { StepLR s(o, {.step_size = 0}); }) == "StepLR: step_size must be positive, got 0");
  CHECK(refused([](SGD& o) {
          MultiStepLR s(o, {.milestones = {3, 1}});
        }) == "MultiStepLR: milestones must be increasing, got [3,1]");
  CHECK(refused([](SGD& o) { CosineAnnealingLR s(o, {.T_max = 0}); }) ==
        "CosineAnnealingLR: T_max must be positive, got 0");
  CHECK(refused([](SGD& o) { CosineAnnealingWarmRestarts s(o, {.T_0 = 0}); }) ==
        "CosineAnnealingWarmRestarts: T_0 must be positive, got 0");
  CHECK(refused([](SGD& o) { ConstantLR s(o, {.factor = 2}); }) == "ConstantLR: factor must lie in (0, 1], got 2");
  CHECK(refused([](SGD& o) { LinearLR s(o, {.start_factor = 0}); }) ==
        "LinearLR: start_factor must lie in (0, 1], got 0");
  CHECK(refused([](SGD& o) { LinearLR s(o, {.end_factor = -1}); }) ==
        "LinearLR: end_factor must lie in [0, 1], got -1");
  CHECK(refused([](SGD& o) { PolynomialLR s(o, {.total_iters = 0}); }) ==
        "PolynomialLR: total_iters must be positive, got 0");
  CHECK(refused([](SGD& o) { LambdaLR s(o, std::vector<EpochFunction>(3, [](int64_t) { return 1.0; })); }) ==
        "LambdaLR: needs one function or 2, one per parameter group; got 3");
  CHECK(refused([](SGD& o) { OneCycleLR s(o, {.max_lr = 1}); }) ==
        "OneCycleLR: needs total_steps, or epochs and steps_per_epoch, got total_steps=0, epochs=0, steps_per_epoch=0");
  CHECK(refused([](SGD& o) {
          OneCycleLR s(o, {.max_lr = {1, 2, 3}, .total_steps = 5});
        }) == "OneCycleLR: max_lr needs one number or 2, one per parameter group; got 3");
  CHECK(refused([](SGD& o) { OneCycleLR s(o, {.max_lr = 1, .total_steps = 5, .pct_start = 2}); }) ==
        "OneCycleLR: pct_start must lie in [0, 1], got 2");
  CHECK(refused([](SGD& o) {
          OneCycleLR s(o, {.max_lr = 1, .total_steps = 2});
          for (int i = 0; i < 3; ++i) s.step();
        }) == "OneCycleLR: step 3 of a schedule of 2 steps");
  CHECK(refused([](SGD&) {
          Adagrad o({parameter()});
          OneCycleLR s(o, {.max_lr = 1, .total_steps = 5});
        }) == "OneCycleLR: Adagrad has no momentum to cycle; set cycle_momentum to false");
  CHECK(refused([](SGD&) {
          Adam o({parameter()});
          CyclicLR s(o, {.base_lr = 0.1, .max_lr = 1});
        }) == "CyclicLR: Adam has no momentum to cycle; set cycle_momentum to false");
  CHECK(refused([](SGD& o) { CyclicLR s(o, {.base_lr = 0.1, .max_lr = 1, .step_size_up = 0}); }) ==
        "CyclicLR: step_size_up must be positive and step_size_down not negative, got 0 and 0");
  CHECK(refused([](SGD& o) { ReduceLROnPlateau s(o, {.factor = 1}); }) ==
        "ReduceLROnPlateau: factor must be below 1, got 1");
  CHECK(refused([](SGD& o) {
          ReduceLROnPlateau s(o, {.min_lr = {0, 0, 0}});
        }) == "ReduceLROnPlateau: min_lr needs one number or 2, one per parameter group; got 3");
  CHECK(refused([](SGD& o) { SequentialLR s(o, {}, {}); }) == "SequentialLR: needs at least one schedule");
  CHECK(refused([](SGD& o) {
          StepLR a(o, {.step_size = 1}), b(o, {.step_size = 1});
          SequentialLR s(o, {&a, &b}, {1, 2});
        }) == "SequentialLR: 2 schedules need 1 milestones, got 2");
  CHECK(refused([](SGD& o) {
          SGD other({parameter()});
          StepLR a(o, {.step_size = 1}), b(other, {.step_size = 1});
          ChainedScheduler s({&a, &b});
        }) == "ChainedScheduler: schedule 1 belongs to another optimizer");
  CHECK(refused([](SGD& o) {
          StepLR a(o, {.step_size = 1});
          a.load_state_dict({});
        }).starts_with("StepLR: the saved state has no number named last_epoch, base_lrs.0, last_lr.0"));
  CHECK(refused([](SGD& o) {
          StepLR a(o, {.step_size = 1});
          StateDict state = a.state_dict();
          state[0].second = full({}, 1e18, {.dtype = i64});
          a.load_state_dict(state);
        }).starts_with("StepLR: the saved state's last_epoch is no number of steps: 1e+18"));
}
