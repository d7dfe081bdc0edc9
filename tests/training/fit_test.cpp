// The loop against one written by hand, what observers are told, how they end it, and that evaluation changes nothing.
#include <doctest/doctest.h>
#include <korrel/datasets/digits.h>
#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/linear.h>
#include <korrel/optim/averaged_weights.h>
#include <korrel/optim/cyclic_scheduler.h>
#include <korrel/optim/lr_scheduler.h>
#include <korrel/optim/sgd.h>
#include <korrel/training/fit.h>
#include <korrel/training/metrics_log.h>
#include <korrel/training/mixup.h>
#include <tests/temporary_folder.h>

#include <cmath>
#include <limits>

using namespace korrel;
using namespace korrel::training;
using datasets::DataLoader;
using datasets::Dataset;

namespace {

struct Flat : nn::Module {  // softmax regression
  nn::Linear fc{784, 10};
  KORREL_MODULE(fc)
  Tensor forward(const Tensor& x) override { return fc(x.flatten(1)); }
};

struct Recorder : Observer {
  std::vector<StepReport> steps;
  std::vector<EpochReport> epochs;
  int64_t stop_after = std::numeric_limits<int64_t>::max();
  void step(const StepReport& report) override { steps.push_back(report); }
  void epoch(const EpochReport& report) override { epochs.push_back(report); }
  bool stop() override { return static_cast<int64_t>(steps.size()) >= stop_after; }
};

DataLoader digits_loader(int64_t count, bool train = true) {
  Dataset data = datasets::digits({.train = train, .count = count});
  return DataLoader(
      data, {.batch_size = 32, .shuffle = train, .seed = 1, .transforms = {datasets::Normalize{data.mean, data.std}}});
}

std::vector<double> values_of(const nn::Module& model) {
  std::vector<double> all;
  for (const Tensor& p : model.parameters()) {
    for (double value : p.to_vector()) all.push_back(value);
  }
  return all;
}

}  // namespace

TEST_CASE("fit takes the same steps as a loop by hand") {
  manual_seed(3);
  Flat fitted, by_hand = fitted;
  DataLoader loader = digits_loader(100), same = digits_loader(100);
  optim::SGD sgd(fitted.parameters(), {.lr = 0.05, .momentum = 0.9}),
      hand_sgd(by_hand.parameters(), {.lr = 0.05, .momentum = 0.9});
  FitResult result = fit(fitted, loader, sgd, {.epochs = 2});
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (auto& [x, y] : same) {
      hand_sgd.zero_grad();
      cross_entropy(by_hand(x), y).backward();
      hand_sgd.step();
    }
  }
  CHECK(values_of(fitted) == values_of(by_hand));
  CHECK(result.epochs.size() == 2);
  CHECK_FALSE(result.stopped);
  CHECK(std::isnan(result.epochs[0].test_loss));
}

TEST_CASE("observers hear of every step and epoch, and a simple model learns") {
  Flat model;
  DataLoader train = digits_loader(1000), test = digits_loader(200, false);
  optim::SGD sgd(model.parameters(), {.lr = 0.02});
  Recorder recorder;
  fit(model, train, sgd, {.epochs = 3, .test = &test, .observers = {&recorder}});
  REQUIRE(recorder.steps.size() == 96);
  CHECK(recorder.steps[0].epoch == 1);
  CHECK(recorder.steps[33].epoch == 2);
  CHECK(recorder.steps[33].step == 2);
  CHECK(recorder.steps[33].steps == 32);
  CHECK(recorder.steps[33].images_per_second > 0);
  CHECK(recorder.steps[95].seconds_left == 0);
  REQUIRE(recorder.epochs.size() == 3);
  CHECK(recorder.epochs[2].train_loss < recorder.epochs[0].train_loss);
  CHECK(recorder.epochs[2].test_accuracy > 0.6);
  CHECK(recorder.epochs[1].train_loss == recorder.steps[63].loss);
  CHECK(recorder.epochs[2].learning_rate == 0.02);
  Evaluation again = evaluate(model, test);
  CHECK(again.accuracy == recorder.epochs[2].test_accuracy);
  CHECK(again.loss == recorder.epochs[2].test_loss);
  CHECK(again.samples == 200);
}

TEST_CASE("a scheduler is stepped after each epoch, and the reports say at which rate an epoch ran") {
  Flat model;
  DataLoader train = digits_loader(64);
  optim::SGD sgd(model.parameters(), {.lr = 1});
  optim::StepLR halve(sgd, {.step_size = 1, .gamma = 0.5});
  FitResult result = fit(model, train, sgd, {.epochs = 3, .scheduler = &halve});
  std::vector<double> rates;
  for (const EpochReport& epoch : result.epochs) rates.push_back(epoch.learning_rate);
  CHECK(rates == std::vector<double>{1, 0.5, 0.25});
}

TEST_CASE("label smoothing, mixup, a schedule by the step and averaged weights are those of a loop by hand") {
  manual_seed(3);
  Flat fitted, by_hand = fitted;
  DataLoader loader = digits_loader(100), same = digits_loader(100), test = digits_loader(50, false);
  optim::SGD sgd(fitted.parameters(), {.lr = 0.05, .momentum = 0.9}),
      hand_sgd(by_hand.parameters(), {.lr = 0.05, .momentum = 0.9});
  optim::OneCycleLR cycle(sgd, {.max_lr = 0.1, .total_steps = 8}),
      hand_cycle(hand_sgd, {.max_lr = 0.1, .total_steps = 8});
  optim::AveragedWeights average(fitted, {.decay = 0.5}), hand_average(by_hand, {.decay = 0.5});
  manual_seed(5);
  Recorder recorder;
  FitResult result = fit(fitted, loader, sgd,
                         {.epochs = 2,
                          .test = &test,
                          .scheduler = &cycle,
                          .observers = {&recorder},
                          .schedule_steps = true,
                          .label_smoothing = 0.1,
                          .mixup = 0.4,
                          .average = &average});
  manual_seed(5);
  double first_loss = 0;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (auto& [x, y] : same) {
      hand_sgd.zero_grad();
      Mixed mixed = mixup(x, y, 0.4);
      Tensor logits = by_hand(mixed.x);
      Tensor loss = cross_entropy(logits, mixed.y, {.label_smoothing = 0.1}) * mixed.share +
                    cross_entropy(logits, mixed.other, {.label_smoothing = 0.1}) * (1 - mixed.share);
      if (first_loss == 0) first_loss = loss.item();
      loss.backward();
      hand_sgd.step();
      hand_average.update();
      hand_cycle.step();
    }
  }
  CHECK(values_of(fitted) == values_of(by_hand));
  CHECK(recorder.steps[0].loss == first_loss);
  CHECK(sgd.lr() == hand_sgd.lr());
  CHECK(cycle.last_epoch() == 8);
  CHECK(average.weights()[0].second.to_vector() == hand_average.weights()[0].second.to_vector());
  hand_average.exchange();
  CHECK(evaluate(by_hand, test).loss == result.epochs[1].test_loss);  // of the average, without smoothing
  hand_average.exchange();
  CHECK(evaluate(by_hand, test).loss != result.epochs[1].test_loss);
}

TEST_CASE("an observer ends the training after the step in progress") {
  TemporaryFolder folder;
  Flat model;
  DataLoader train = digits_loader(320), test = digits_loader(64, false);
  optim::SGD sgd(model.parameters(), {.lr = 0.01});
  for (int64_t steps : {3, 10, 14}) {  // within the first epoch, at its end, within the second
    CAPTURE(steps);
    Recorder recorder;
    recorder.stop_after = steps;
    MetricsLog log(folder / "metrics.csv");
    FitResult result = fit(model, train, sgd, {.epochs = 5, .test = &test, .observers = {&recorder, &log}});
    CHECK(result.stopped);
    CHECK(static_cast<int64_t>(recorder.steps.size()) == steps);
    CHECK(result.epochs.back().complete == (steps == 10));
    CHECK(std::isnan(result.epochs.back().test_loss) == (steps != 10));
    CHECK(log.epochs().size() == static_cast<std::size_t>(steps / 10));
  }
}

TEST_CASE("evaluate records nothing and puts every module's mode back") {
  struct Pair : nn::Module {
    Flat trained, frozen;
    KORREL_MODULE(trained, frozen)
    bool saw_training = false, saw_gradients = false;
    Tensor forward(const Tensor& x) override {
      saw_training = training();
      saw_gradients = grad_enabled();
      return trained(x);
    }
  };
  Pair model;
  model.frozen.eval();
  DataLoader test = digits_loader(40, false);
  std::vector<double> before = values_of(model);
  evaluate(model, test);
  CHECK_FALSE(model.saw_training);
  CHECK_FALSE(model.saw_gradients);
  CHECK(model.training());
  CHECK(model.trained.training());
  CHECK_FALSE(model.frozen.training());
  CHECK_FALSE(model.frozen.fc.training());
  CHECK(values_of(model) == before);
  model.eval();
  evaluate(model, test);
  CHECK_FALSE(model.training());
}

TEST_CASE("a loss that is no longer finite is an error, before it reaches the weights") {
  Flat model;
  DataLoader train = digits_loader(64);
  optim::SGD sgd(model.parameters(), {.lr = 0.01});
  LossFunction broken = [](const Tensor& logits, const Tensor& labels) { return cross_entropy(logits, labels) / 0.0; };
  std::vector<double> before = values_of(model);
  std::string said = message_of<ValueError>([&] { fit(model, train, sgd, {.loss = broken}); });
  CHECK(contains(said, "fit: the loss became inf in epoch 1, step 1 (learning rate 0.01)"));
  CHECK(values_of(model) == before);
  CHECK(contains(message_of<ValueError>([&] { fit(model, train, sgd, {.epochs = -1}); }), "got -1"));
  CHECK(contains(message_of<ValueError>([&] { fit(model, train, sgd, {.loss = broken, .label_smoothing = 0.1}); }),
                 "label_smoothing=0.1 is for cross_entropy"));
  CHECK(contains(message_of<ValueError>([&] { fit(model, train, sgd, {.mixup = -1}); }), "mixup must not be negative"));
  CHECK(fit(model, train, sgd, {.epochs = 0}).epochs.empty());
}
