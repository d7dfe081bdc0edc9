// What a training is put together from, as the settings say: optimizer, schedule, augmentation, data. A setting that
// does not fit is a UsageError.
#pragma once

#include <memory>
#include <vector>

#include <apps/korrel/train_settings.h>
#include <korrel/datasets/loader.h>
#include <korrel/layers/module.h>
#include <korrel/optim/scheduler.h>
#include <korrel/training/fit.h>

namespace korrel::app {

std::unique_ptr<optim::Optimizer> make_optimizer(const TrainSettings& settings, const nn::Module& model);

// Null for schedule none. `steps`: of an epoch. onecycle is stepped after each step, the others after each epoch.
std::unique_ptr<optim::Scheduler> make_schedule(const TrainSettings& settings, optim::Optimizer& optimizer,
                                                int64_t steps);
// The schedule where a training with these settings would have it after so many epochs and steps, whatever it is now.
std::unique_ptr<optim::Scheduler> make_schedule_at(const TrainSettings& settings, optim::Optimizer& optimizer,
                                                   int64_t steps, const training::FitPosition& position);
inline bool schedules_steps(const TrainSettings& settings) { return settings.schedule == "onecycle"; }

struct Data {
  datasets::Dataset train, test, held_out;  // held_out has no samples unless asked for
};
Data load_data(const TrainSettings& settings);

// The data's own normalisation, and before and after it what `augment` names; nothing of that for evaluation.
std::vector<datasets::Transform> transforms_of(const datasets::Dataset& data, const std::string& augment);

}  // namespace korrel::app
