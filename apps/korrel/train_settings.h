// What `korrel train` was asked to do: the command line as values. config.json holds them all, so that a run can be
// repeated and resumed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace korrel::app {

struct TrainSettings {
  std::string model = "lenet5";
  std::string data = "digits";
  std::string data_dir;  // empty: KORREL_DATA
  int epochs = 5;
  int64_t batch_size = 64;
  std::string optimizer = "adam";
  double lr = 1e-3;
  double momentum = 0.9;  // of sgd
  bool nesterov = false;  // of sgd
  double weight_decay = 0;
  std::string schedule = "cosine";
  int step_size = 30;   // of schedule step: epochs between two reductions
  double gamma = 0.1;   // ... and the factor
  std::string augment;  // "crop,flip,cutout", or some of them
  double label_smoothing = 0;
  double mixup = 0;      // alpha; 0: none
  double ema = 0;        // decay of the weights' moving average; 0: none
  int64_t limit = 0;     // train on the first so many samples; 0: on all
  int64_t hold_out = 0;  // keep so many training samples out, and evaluate on them after each epoch
  int workers = 0;
  uint64_t seed = 0;
  int threads = 0;  // 0: as many as the machine grants
  std::string out;  // empty: the first of runs/MODEL-DATA, runs/MODEL-DATA-2, ... that does not exist

  // Of this call alone, not of the run:
  std::string resume;              // a run folder to go on with
  int stop_after = 0;              // end after so many epochs of the run, to be resumed; 0: never
  std::vector<std::string> given;  // what config.json calls those that the command line named
};

// Everything that is needed to repeat the run, and what it ran with, as JSON text.
std::string config_json(const TrainSettings& settings);

// The settings of the run in folder `asked.resume`, with what may change when one goes on (epochs, threads, workers,
// data_dir, stop_after) as asked. Throws IoError if its config.json cannot be read or holds anything else, UsageError
// if the command line named a setting that differs from the run's.
TrainSettings resumed_settings(const TrainSettings& asked);

}  // namespace korrel::app
