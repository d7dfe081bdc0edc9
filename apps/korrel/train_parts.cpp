#include <apps/korrel/commands.h>
#include <apps/korrel/train_parts.h>
#include <fmt/core.h>
#include <korrel/datasets/catalogue.h>
#include <korrel/framework/base/check.h>
#include <korrel/optim/adam.h>
#include <korrel/optim/cyclic_scheduler.h>
#include <korrel/optim/lr_scheduler.h>
#include <korrel/optim/sgd.h>

#include <algorithm>
#include <memory>
#include <set>

namespace korrel::app {

std::unique_ptr<optim::Optimizer> make_optimizer(const TrainSettings& s, const nn::Module& model) {
  if (s.nesterov && (s.optimizer != "sgd" || s.momentum == 0))
    throw UsageError("--nesterov is for --optimizer sgd with momentum");
  if (s.optimizer == "sgd") {
    return std::make_unique<optim::SGD>(
        model.parameters(),
        optim::SGDOptions{.lr = s.lr, .momentum = s.momentum, .weight_decay = s.weight_decay, .nesterov = s.nesterov});
  }
  if (s.optimizer == "adamw")
    return std::make_unique<optim::AdamW>(model.parameters(),
                                          optim::AdamWOptions{.lr = s.lr, .weight_decay = s.weight_decay});
  if (s.optimizer == "adam")
    return std::make_unique<optim::Adam>(model.parameters(),
                                         optim::AdamOptions{.lr = s.lr, .weight_decay = s.weight_decay});
  throw UsageError("there is no optimizer '" + s.optimizer + "'; there are: sgd, adam, adamw");
}

std::unique_ptr<optim::Scheduler> make_schedule(const TrainSettings& s, optim::Optimizer& optimizer, int64_t steps) {
  int64_t epochs = std::max(s.epochs, 1);
  if (s.schedule == "none") return nullptr;
  if (s.schedule == "step")
    return std::make_unique<optim::StepLR>(optimizer, optim::StepOptions{.step_size = s.step_size, .gamma = s.gamma});
  if (s.schedule == "cosine")
    return std::make_unique<optim::CosineAnnealingLR>(optimizer, optim::CosineAnnealingOptions{.T_max = epochs});
  if (s.schedule == "onecycle") {
    optim::OneCycleOptions options{.max_lr = s.lr,
                                   .total_steps = epochs * std::max<int64_t>(steps, 1),
                                   .cycle_momentum = s.optimizer != "sgd" || s.momentum > 0};
    return std::make_unique<optim::OneCycleLR>(optimizer, options);
  }
  throw UsageError("there is no schedule '" + s.schedule + "'; there are: step, cosine, onecycle, none");
}

std::unique_ptr<optim::Scheduler> make_schedule_at(const TrainSettings& s, optim::Optimizer& optimizer, int64_t steps,
                                                   const training::FitPosition& position) {
  if (s.schedule == "none") return nullptr;
  optimizer.set_initial_lr(s.lr);
  optimizer.set_lr(s.lr);
  std::unique_ptr<optim::Scheduler> schedule = make_schedule(s, optimizer, steps);
  int64_t done = schedules_steps(s) ? position.epoch * steps + position.step : position.epoch;
  for (int64_t i = 0; i < done; ++i) schedule->step();
  return schedule;
}

namespace {

std::set<std::string> names_in(const std::string& augment) {
  std::set<std::string> names;
  for (std::size_t begin = 0; begin < augment.size();) {
    std::size_t end = std::min(augment.find(',', begin), augment.size());
    std::string name = augment.substr(begin, end - begin);
    if (name != "crop" && name != "flip" && name != "cutout")
      throw UsageError(fmt::format("--augment {}: there is no '{}'; there are: crop, flip, cutout", augment, name));
    names.insert(name);
    begin = end + 1;
  }
  return names;
}

}  // namespace

std::vector<datasets::Transform> transforms_of(const datasets::Dataset& data, const std::string& augment) {
  std::vector<datasets::Transform> transforms;
  std::set<std::string> names = names_in(augment);
  Shape sample = data.sample_shape();
  if (!names.empty() && sample.rank() != 3)
    throw UsageError(fmt::format("--augment is for images; samples of {} are {}", data.name, sample));
  if (names.contains("crop"))
    transforms.push_back(datasets::RandomCrop{.padding = std::max<int64_t>(sample[2] / 8, 1)});
  if (names.contains("flip")) transforms.push_back(datasets::RandomHorizontalFlip{});
  if (!data.mean.empty()) transforms.push_back(datasets::Normalize{data.mean, data.std});
  if (names.contains("cutout")) transforms.push_back(datasets::Cutout{std::max<int64_t>(sample[2] / 2, 1)});
  return transforms;
}

Data load_data(const TrainSettings& s) {
  Data data{datasets::load_dataset(s.data, s.data_dir, {.train = true}),
            datasets::load_dataset(s.data, s.data_dir, {.train = false}),
            {}};
  if (s.hold_out > 0) {
    int64_t rest = data.train.size() - s.hold_out;
    if (rest <= 0)
      throw UsageError(
          fmt::format("--hold-out {} leaves nothing of {} training samples", s.hold_out, data.train.size()));
    data.held_out = data.train.slice(rest, s.hold_out);
    data.train = data.train.first(rest);
  }
  if (s.limit > 0) data.train = data.train.first(s.limit);
  return data;
}

}  // namespace korrel::app
