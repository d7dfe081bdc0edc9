#include <korrel/training/fit.h>

#include <chrono>
#include <cmath>
#include <limits>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/optim/scheduler.h>
#include <korrel/training/eval_mode.h>
#include <korrel/training/metrics.h>

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
      : model_(model), loader_(loader), optimizer_(optimizer), options_(options) {}

  FitResult run() {
    FitResult result;
    for (int epoch = 1; epoch <= options_.epochs && !stopped_; ++epoch) {
      EpochReport report = train_epoch(epoch);
      if (report.complete && options_.test) {
        Evaluation test = evaluate(model_, *options_.test, options_.loss);
        report.test_loss = test.loss;
        report.test_accuracy = test.accuracy;
      }
      if (report.complete && options_.scheduler) options_.scheduler->step();
      result.epochs.push_back(report);
      for (Observer* observer : options_.observers) observer->epoch(report);
      ask_to_stop();
    }
    result.stopped = stopped_;
    return result;
  }

 private:
  EpochReport train_epoch(int epoch) {
    model_.train();
    Average loss, right;
    double begin = now();
    EpochReport report{.epoch = epoch,
                       .epochs = options_.epochs,
                       .test_loss = not_measured,
                       .test_accuracy = not_measured,
                       .learning_rate = optimizer_.lr()};
    int64_t step = 0, steps = loader_.size();
    for (auto& [x, y] : loader_) {
      auto images = static_cast<double>(y.size(0));
      ++step;
      auto [batch_loss, correct] = train_step(x, y);
      check<ValueError>(std::isfinite(batch_loss),
                        "fit: the loss became {} in epoch {}, step {} (learning rate {}): the weights are of no use "
                        "from here on; try a lower "
                        "learning rate",
                        batch_loss, epoch, step, optimizer_.lr());
      loss.add(batch_loss, images);
      right.add(static_cast<double>(correct) / images, images);
      double seconds = now() - begin,
             steps_to_come = static_cast<double>(steps - step + steps * (options_.epochs - epoch));
      StepReport so_far{epoch,
                        options_.epochs,
                        step,
                        steps,
                        loss.value(),
                        right.value(),
                        right.weight() / seconds,
                        seconds / static_cast<double>(step) * steps_to_come};
      for (Observer* observer : options_.observers) observer->step(so_far);
      ask_to_stop();
      if (stopped_ && step < steps) {
        report.complete = false;
        break;
      }
    }
    report.train_loss = loss.value();
    report.train_accuracy = right.value();
    report.seconds = now() - begin;
    return report;
  }

  std::pair<double, int64_t> train_step(const Tensor& x, const Tensor& y) {
    optimizer_.zero_grad();
    Tensor logits = model_(x), loss = loss_of(options_.loss, logits, y);
    double value = loss.item();
    if (std::isfinite(value)) {
      loss.backward();
      optimizer_.step();
    }
    return {value, count_correct(logits, y)};
  }

  void ask_to_stop() {
    for (Observer* observer : options_.observers) stopped_ = stopped_ || observer->stop();
  }

  nn::Module& model_;
  datasets::DataLoader& loader_;
  optim::Optimizer& optimizer_;
  const FitOptions& options_;
  bool stopped_ = false;
};

}  // namespace

FitResult fit(nn::Module& model, datasets::DataLoader& loader, optim::Optimizer& optimizer, const FitOptions& options) {
  check<ValueError>(options.epochs >= 0, "fit: epochs must not be negative, got {}", options.epochs);
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
