#include <apps/korrel/commands.h>
#include <apps/korrel/model_choice.h>
#include <apps/korrel/run_folder.h>
#include <apps/korrel/train_parts.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/base/version.h>
#include <korrel/framework/io/atomic_file.h>
#include <korrel/optim/averaged_weights.h>
#include <korrel/training/checkpoint.h>
#include <korrel/training/curves.h>
#include <korrel/training/fit.h>
#include <korrel/training/interrupt.h>
#include <korrel/training/metrics_log.h>
#include <korrel/training/progress.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>

namespace korrel::app {
namespace {

using datasets::DataLoader;
using datasets::Dataset;

training::ProgressOptions progress_options() {
  training::ProgressOptions options{.terminal = isatty(STDOUT_FILENO) == 1};
  winsize size{};
  if (options.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options.width = size.ws_col;
  return options;
}

// Puts the weights into the run folder after each epoch, the averaged ones if there are such: those that are evaluated.
class WeightsFile : public training::Observer {
 public:
  WeightsFile(std::string path, const nn::Module& model, const optim::AveragedWeights* average, Metadata metadata)
      : path_(std::move(path)), model_(model), average_(average), metadata_(std::move(metadata)) {}
  void epoch(const training::EpochReport&) override { save(); }
  void save() const { save_safetensors(path_, average_ ? average_->weights() : model_.state_dict(), metadata_); }

 private:
  std::string path_;
  const nn::Module& model_;
  const optim::AveragedWeights* average_;
  Metadata metadata_;
};

class StopAfter : public training::Observer {
 public:
  explicit StopAfter(int epochs) : epochs_(epochs) {}
  void epoch(const training::EpochReport& report) override { reached_ = report.complete && report.epoch == epochs_; }
  bool stop() override { return reached_; }

 private:
  int epochs_;
  bool reached_ = false;
};

int64_t bytes_of(const nn::Module& model) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : model.state_dict())
    bytes += tensor.numel() * static_cast<int64_t>(size_of(tensor.dtype()));
  return bytes;
}

// Of the largest file in the run folder, about: weights, the optimizer's one or two tensors for each, their average.
int64_t checkpoint_bytes(const nn::Module& model, const TrainSettings& s) {
  return bytes_of(model) * (1 + (s.optimizer == "sgd" ? 1 : 2) + (s.ema > 0 ? 1 : 0));
}

// What the checkpoint's schedule was laid out for.
Metadata::value_type epochs_of(const TrainSettings& s) { return {"epochs", std::to_string(s.epochs)}; }

std::string place_text(const training::FitPosition& at) {
  std::string text = fmt::format("after epoch {}", at.epoch);
  return at.step > 0 ? text + fmt::format(" and {} steps", at.step) : text;
}

}  // namespace

int train_command(TrainSettings s) {
  if (!s.resume.empty()) s = resumed_settings(s);
  if (s.threads > 0) set_num_threads(s.threads);
  s.threads = num_threads();
  datasets::CatalogueEntry entry = find_data(s.data);
  manual_seed(s.seed);
  nn::AnyModule model = make_model(s.model, entry.sample, entry.classes);
  std::unique_ptr<optim::Optimizer> optimizer = make_optimizer(s, *model);
  auto begin = std::chrono::steady_clock::now();
  Data data = load_data(s);
  double loading = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  auto loader = [&](const Dataset& of, bool training) {
    return DataLoader(of, {.batch_size = training ? s.batch_size : std::max<int64_t>(s.batch_size, 256),
                           .shuffle = training,
                           .workers = s.workers,
                           .seed = s.seed,
                           .transforms = transforms_of(data.train, training ? s.augment : "")});
  };
  DataLoader train = loader(data.train, true), test = loader(data.test, false);
  DataLoader evaluated = s.hold_out > 0 ? loader(data.held_out, false) : test;
  std::unique_ptr<optim::Scheduler> schedule = make_schedule(s, *optimizer, train.size());
  std::optional<optim::AveragedWeights> average;
  if (s.ema > 0) average.emplace(*model, optim::AverageOptions{.decay = s.ema});
  optim::AveragedWeights* averaged = average ? &*average : nullptr;
  // Data first: a run that cannot begin leaves no folder behind.
  if (s.out.empty()) s.out = next_run_folder(s.model + "-" + s.data);
  RunFolder folder(s.out, checkpoint_bytes(*model, s));

  training::FitPosition position;
  training::TrainingState state{.model = &*model,
                                .optimizer = optimizer.get(),
                                .scheduler = schedule.get(),
                                .average = averaged,
                                .position = &position};
  bool goes_on = !s.resume.empty() && folder.has_checkpoint();
  if (goes_on) {
    Metadata saved = training::load_checkpoint(folder.checkpoint(), state);
    bool same_epochs = std::find(saved.begin(), saved.end(), epochs_of(s)) != saved.end();
    if (!same_epochs && position.epoch < s.epochs) {
      schedule = make_schedule_at(s, *optimizer, train.size(), position);
      state.scheduler = schedule.get();
    }
  } else {
    folder.remove_checkpoint();  // of an earlier run with other settings
  }

  std::cout << fmt::format("{}\n{}\n", data.train.description, data.test.description);
  if (s.hold_out > 0) std::cout << fmt::format("held out to evaluate on: {} of the training samples\n", s.hold_out);
  std::cout << fmt::format("read or made in {:.1f} s; {} with {} parameters, {} threads; results go to {}\n", loading,
                           s.model, model->parameter_count(), s.threads, folder.path());
  if (!s.resume.empty())
    std::cout << (goes_on ? "going on " + place_text(position) + '\n' : "no checkpoint yet: from the start\n");
  std::cout << std::flush;

  write_file(folder.file("config.json"), config_json(s));
  training::Interrupt interrupt;
  StopAfter stop_after(s.stop_after);
  training::MetricsLog log(folder.file("metrics.csv"), position.reports);
  Metadata about = {{"model", s.model}, {"data", s.data}, {"korrel", version()}};
  about.push_back(epochs_of(s));
  training::CheckpointFile checkpoint(folder.checkpoint(), state, about);
  about.pop_back();
  about.insert(about.begin(), {"format", "pt"});
  WeightsFile weights(folder.weights(), *model, averaged, about);
  training::FitResult result;
  {
    training::Progress progress(std::cout, progress_options());
    result = training::fit(*model, train, *optimizer,
                           {.epochs = s.epochs,
                            .test = &evaluated,
                            .scheduler = schedule.get(),
                            .observers = {&progress, &log, &weights, &checkpoint, &interrupt, &stop_after},
                            .schedule_steps = schedules_steps(s),
                            .label_smoothing = s.label_smoothing,
                            .mixup = s.mixup,
                            .average = averaged,
                            .position = &position});
  }
  weights.save();
  std::string title = fmt::format("{} on {}", s.model, s.data);
  write_file(folder.file("curves.svg"), training::curves_svg(log.epochs(), title));
  if (result.stopped && (interrupt.requested() || position.epoch < s.epochs)) {
    std::cout << fmt::format("korrel train --resume {} goes on {}\nstopped{}; the weights so far are in {}",
                             folder.path(), place_text(position),
                             interrupt.requested() ? fmt::format(" by signal {}", interrupt.signal()) : "",
                             folder.weights())
              << std::endl;
    return interrupt.requested() ? 128 + interrupt.signal() : 0;
  }

  double seconds = 0, accuracy = 0;
  for (const training::EpochReport& epoch : result.epochs) seconds += epoch.seconds;
  if (s.hold_out > 0 || result.epochs.empty()) {
    optim::AveragesInUse averages(averaged);
    accuracy = training::evaluate(*model, test).accuracy;
  } else {
    accuracy = result.epochs.back().test_accuracy;
  }
  std::cout << fmt::format(
                   "trained in {:.1f} s; weights, config, metrics, curves and checkpoint are in {}\ntest accuracy: "
                   "{:.2f} %",
                   seconds, folder.path(), 100 * accuracy)
            << std::endl;
  return 0;
}

}  // namespace korrel::app
