#include <korrel/training/fit.h>

#include <chrono>
#include <cmath>
#include <limits>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/optim/averaged_weights.h>
#include <korrel/optim/scheduler.h>
#include <korrel/training/eval_mode.h>
#include <korrel/training/mixup.h>

namespace korrel::training {
namespace {

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Tensor loss_of(LossFunction loss, const Tensor& logits, const Tensor& labels) {
  return loss ? loss(logits, labels) : cross_entropy(logits, labels);
}

// One call of fit: where it is and what to tell of it.
class Run {
 public:
  Run(nn::Module& model, datasets::DataLoader& loader, optim::Optimizer& optimizer, const FitOptions& options)
      : model_(model),
        loader_(loader),
        optimizer_(optimizer),
        options_(options),
        at_(options.position ? *options.position : own_position_) {}

  FitResult run() {
    if (at_.loader_epoch >= 0) loader_.seek(at_.loader_epoch, at_.step);
    FitResult result;
    while (at_.epoch < options_.epochs && !stopped_) {
      EpochReport report = train_epoch();
      if (report.complete) {
        evaluate_epoch(report);
        if (options_.scheduler && !options_.schedule_steps) options_.scheduler->step();
        std::vector<EpochReport> reports = std::move(at_.reports);
        reports.push_back(report);
        at_ = {.epoch = at_.epoch + 1, .loader_epoch = loader_.epoch(), .reports = std::move(reports)};
      } else {
        result.epochs = {report};
      }
      for (Observer* observer : options_.observers) observer->epoch(report);
      ask_to_stop();
    }
    result.epochs.insert(result.epochs.begin(), at_.reports.begin(), at_.reports.end());
    result.stopped = stopped_;
    return result;
  }

 private:
  EpochReport train_epoch() {
    model_.train();
    double begin = now() - at_.seconds;
    if (at_.step == 0) {
      at_.loader_epoch = loader_.epoch();
      at_.learning_rate = optimizer_.lr();
    }
    EpochReport report{.epoch = at_.epoch + 1,
                       .epochs = options_.epochs,
                       .test_loss = not_measured,
                       .test_accuracy = not_measured,
                       .learning_rate = at_.learning_rate};
    int64_t steps = loader_.size();
    for (auto& [x, y] : loader_) {
      auto images = static_cast<double>(y.size(0));
      auto [batch_loss, correct] = train_step(x, y);
      at_.loss.add(batch_loss, images);
      at_.accuracy.add(correct / images, images);
      at_.seconds = now() - begin;
      ++at_.step;
      tell_of_step(steps);
      ask_to_stop();
      if (stopped_ && at_.step < steps) {
        report.complete = false;
        break;
      }
    }
    report.train_loss = at_.loss.value();
    report.train_accuracy = at_.accuracy.value();
    report.seconds = at_.seconds = now() - begin;
    return report;
  }

  void evaluate_epoch(EpochReport& report) {
    if (!options_.test) return;
    optim::AveragesInUse averages(options_.average);
    Evaluation test = evaluate(model_, *options_.test, options_.loss);
    report.test_loss = test.loss;
    report.test_accuracy = test.accuracy;
  }

  void tell_of_step(int64_t steps) {
    double to_come = static_cast<double>(steps - at_.step + steps * (options_.epochs - at_.epoch - 1));
    StepReport report{at_.epoch + 1,
                      options_.epochs,
                      at_.step,
                      steps,
                      at_.loss.value(),
                      at_.accuracy.value(),
                      at_.loss.weight() / at_.seconds,
                      at_.seconds / static_cast<double>(at_.step) * to_come};
    for (Observer* observer : options_.observers) observer->step(report);
  }

  // The loss, and how many labels were right: with mixup, each of the two labels by its share.
  std::pair<double, double> train_step(const Tensor& x, const Tensor& y) {
    optimizer_.zero_grad();
    Mixed mixed = options_.mixup > 0 ? mixup(x, y, options_.mixup) : Mixed{x, y};
    Tensor logits = model_(mixed.x), loss = train_loss(logits, mixed);
    double value = loss.item(), right = static_cast<double>(count_correct(logits, y));
    if (mixed.other.defined())
      right = mixed.share * right + (1 - mixed.share) * static_cast<double>(count_correct(logits, mixed.other));
    check<ValueError>(std::isfinite(value),
                      "fit: the loss became {} in epoch {}, step {} (learning rate {}): the weights are of no use from "
                      "here on; try a lower learning rate",
                      value, at_.epoch + 1, at_.step + 1, optimizer_.lr());
    loss.backward();
    optimizer_.step();
    if (options_.average) options_.average->update();
    if (options_.scheduler && options_.schedule_steps) options_.scheduler->step();
    return {value, right};
  }

  Tensor train_loss(const Tensor& logits, const Mixed& mixed) const {
    auto one = [&](const Tensor& labels) {
      return options_.label_smoothing > 0 ? cross_entropy(logits, labels, {.label_smoothing = options_.label_smoothing})
                                          : loss_of(options_.loss, logits, labels);
    };
    if (!mixed.other.defined()) return one(mixed.y);
    return one(mixed.y) * mixed.share + one(mixed.other) * (1 - mixed.share);
  }

  void ask_to_stop() {
    for (Observer* observer : options_.observers) stopped_ = stopped_ || observer->stop();
  }

  nn::Module& model_;
  datasets::DataLoader& loader_;
  optim::Optimizer& optimizer_;
  const FitOptions& options_;
  FitPosition own_position_;
  FitPosition& at_;
  bool stopped_ = false;
};

}  // namespace

FitResult fit(nn::Module& model, datasets::DataLoader& loader, optim::Optimizer& optimizer, const FitOptions& options) {
  check<ValueError>(options.epochs >= 0, "fit: epochs must not be negative, got {}", options.epochs);
  check<ValueError>(options.label_smoothing == 0 || !options.loss,
                    "fit: label_smoothing={} is for cross_entropy, but a loss is given", options.label_smoothing);
  check<ValueError>(options.mixup >= 0, "fit: mixup must not be negative, got {}", options.mixup);
  return Run(model, loader, optimizer, options).run();
}

Evaluation evaluate(nn::Module& model, datasets::DataLoader& loader, LossFunction loss) {
  EvalMode eval(model);
  NoGradGuard no_grad;
  Average mean_loss;
  int64_t correct = 0, samples = 0;
  for (auto& [x, y] : loader) {
    Tensor logits = model(x);
    mean_loss.add(loss_of(loss, logits, y).item(), static_cast<double>(y.size(0)));
    correct += count_correct(logits, y);
    samples += y.size(0);
  }
  return {mean_loss.value(), samples > 0 ? static_cast<double>(correct) / static_cast<double>(samples) : 0, samples};
}

}  // namespace korrel::training
