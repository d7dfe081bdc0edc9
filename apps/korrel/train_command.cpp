#include <apps/korrel/commands.h>
#include <apps/korrel/model_choice.h>
#include <apps/korrel/run_folder.h>
#include <korrel/datasets/catalogue.h>
#include <korrel/datasets/loader.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/base/version.h>
#include <korrel/framework/io/atomic_file.h>
#include <korrel/framework/io/safetensors.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/optim/adam.h>
#include <korrel/optim/lr_scheduler.h>
#include <korrel/optim/sgd.h>
#include <korrel/training/curves.h>
#include <korrel/training/fit.h>
#include <korrel/training/interrupt.h>
#include <korrel/training/metrics_log.h>
#include <korrel/training/progress.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>

namespace korrel::app {
namespace {

using datasets::DataLoader;
using datasets::Dataset;

std::unique_ptr<optim::Optimizer> make_optimizer(const TrainSettings& s, const nn::Module& model) {
  if (s.optimizer == "sgd") {
    return std::make_unique<optim::SGD>(
        model.parameters(), optim::SGDOptions{.lr = s.lr, .momentum = s.momentum, .weight_decay = s.weight_decay});
  }
  if (s.optimizer == "adamw")
    return std::make_unique<optim::AdamW>(model.parameters(),
                                          optim::AdamWOptions{.lr = s.lr, .weight_decay = s.weight_decay});
  return std::make_unique<optim::Adam>(model.parameters(),
                                       optim::AdamOptions{.lr = s.lr, .weight_decay = s.weight_decay});
}

std::unique_ptr<optim::Scheduler> make_scheduler(const TrainSettings& s, optim::Optimizer& optimizer) {
  if (s.scheduler == "step")
    return std::make_unique<optim::StepLR>(optimizer, optim::StepOptions{.step_size = s.step_size, .gamma = s.gamma});
  if (s.scheduler == "cosine")
    return std::make_unique<optim::CosineAnnealingLR>(optimizer,
                                                      optim::CosineAnnealingOptions{.T_max = std::max(s.epochs, 1)});
  return nullptr;
}

// Shifted by an eighth of the image at most; flipped unless left and right tell classes apart, as in digits.
std::vector<datasets::Transform> transforms_of(const Dataset& data, bool augment) {
  std::vector<datasets::Transform> transforms;
  if (augment) {
    Shape sample = data.sample_shape();
    if (sample.rank() != 3)
      throw UsageError(fmt::format("--augment is for images; samples of {} are {}", data.name, sample));
    transforms.push_back(datasets::RandomCrop{.padding = std::max<int64_t>(sample[2] / 8, 1)});
    if (data.name == "cifar10" || data.name == "fashion-mnist") transforms.push_back(datasets::RandomHorizontalFlip{});
  }
  if (data.mean.empty()) return transforms;
  transforms.push_back(datasets::Normalize{data.mean, data.std});
  return transforms;
}

training::ProgressOptions progress_options() {
  training::ProgressOptions options{.terminal = isatty(STDOUT_FILENO) == 1};
  winsize size{};
  if (options.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options.width = size.ws_col;
  return options;
}

// Puts the weights into the run folder after each epoch, so that little is lost if the machine goes down.
class WeightsFile : public training::Observer {
 public:
  WeightsFile(std::string path, const nn::Module& model, Metadata metadata)
      : path_(std::move(path)), model_(model), metadata_(std::move(metadata)) {}
  void epoch(const training::EpochReport&) override { save(); }
  void save() const { save_safetensors(path_, model_.state_dict(), metadata_); }

 private:
  std::string path_;
  const nn::Module& model_;
  Metadata metadata_;
};

int64_t bytes_of(const nn::Module& model) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : model.state_dict())
    bytes += tensor.numel() * static_cast<int64_t>(size_of(tensor.dtype()));
  return bytes;
}

struct Data {
  Dataset train, test, validation;  // validation is undefined if none is held out
};

Data load_data(const TrainSettings& s) {
  Data data{datasets::load_dataset(s.data, s.data_dir, {.train = true}),
            datasets::load_dataset(s.data, s.data_dir, {.train = false}),
            {}};
  if (s.validation > 0) {
    int64_t rest = data.train.size() - s.validation;
    if (rest <= 0)
      throw UsageError(fmt::format("--val {} leaves nothing of {} training samples", s.validation, data.train.size()));
    data.validation = data.train.slice(rest, s.validation);
    data.train = data.train.first(rest);
  }
  if (s.limit > 0) data.train = data.train.first(s.limit);
  return data;
}

}  // namespace

int train_command(TrainSettings s) {
  if (s.threads > 0) set_num_threads(s.threads);
  s.threads = num_threads();
  datasets::CatalogueEntry entry = find_data(s.data);
  manual_seed(s.seed);
  std::unique_ptr<nn::Module> model = make_model(s.model, entry.sample, entry.classes);
  auto begin = std::chrono::steady_clock::now();
  Data data = load_data(s);
  double loading = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  // Data first: a run that cannot begin leaves no folder behind.
  if (s.out.empty()) s.out = next_run_folder(s.model + "-" + s.data);
  RunFolder folder(s.out, bytes_of(*model));
  auto loader = [&](const Dataset& of, bool training) {
    return DataLoader(of, {.batch_size = training ? s.batch_size : std::max<int64_t>(s.batch_size, 256),
                           .shuffle = training,
                           .workers = s.workers,
                           .seed = s.seed,
                           .transforms = transforms_of(data.train, training && s.augment)});
  };
  DataLoader train = loader(data.train, true), test = loader(data.test, false);
  DataLoader evaluated = s.validation > 0 ? loader(data.validation, false) : test;
  std::unique_ptr<optim::Optimizer> optimizer = make_optimizer(s, *model);
  std::unique_ptr<optim::Scheduler> scheduler = make_scheduler(s, *optimizer);

  std::cout << fmt::format("{}\n{}\n", data.train.description, data.test.description);
  if (s.validation > 0) std::cout << fmt::format("validation: {} of the training samples, held out\n", s.validation);
  std::cout << fmt::format("read or made in {:.1f} s; {} with {} parameters, {} threads; results go to {}\n", loading,
                           s.model, model->parameter_count(), s.threads, folder.path())
            << std::flush;

  write_file(folder.file("config.json"), config_json(s));
  training::Interrupt interrupt;
  training::MetricsLog log(folder.file("metrics.csv"));
  WeightsFile weights(folder.weights(), *model,
                      {{"format", "pt"}, {"model", s.model}, {"data", s.data}, {"korrel", version()}});
  training::FitResult result;
  {
    training::Progress progress(std::cout, progress_options());
    result = training::fit(*model, train, *optimizer,
                           {.epochs = s.epochs,
                            .test = &evaluated,
                            .scheduler = scheduler.get(),
                            .observers = {&progress, &log, &weights, &interrupt}});
  }
  weights.save();
  std::string title = fmt::format("{} on {}", s.model, s.data);
  write_file(folder.file("curves.svg"), training::curves_svg(log.epochs(), title));
  if (result.stopped) {
    std::cout << fmt::format("stopped by signal {}; the weights so far are in {}", interrupt.signal(), folder.weights())
              << std::endl;
    return 128 + interrupt.signal();
  }

  double seconds = 0, accuracy = 0;
  for (const training::EpochReport& epoch : result.epochs) seconds += epoch.seconds;
  if (s.validation > 0 || result.epochs.empty()) {
    accuracy = training::evaluate(*model, test).accuracy;
  } else {
    accuracy = result.epochs.back().test_accuracy;
  }
  std::cout << fmt::format(
                   "trained in {:.1f} s; weights, config, metrics and curves are in {}\ntest accuracy: {:.2f} %",
                   seconds, folder.path(), 100 * accuracy)
            << std::endl;
  return 0;
}

}  // namespace korrel::app
