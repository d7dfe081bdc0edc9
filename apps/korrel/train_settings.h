// What `korrel train` was asked to do: the command line as values. config.json holds them all, so that a run can be
// repeated.
#pragma once

#include <cstdint>
#include <string>

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
  double weight_decay = 0;
  std::string scheduler = "cosine";
  int step_size = 30;  // of scheduler step: epochs between two reductions
  double gamma = 0.1;  // ... and the factor
  bool augment = false;
  int64_t limit = 0;       // train on the first so many samples; 0: on all
  int64_t validation = 0;  // hold out so many training samples, and evaluate on them after each epoch
  int workers = 0;
  uint64_t seed = 0;
  int threads = 0;  // 0: as many as the machine grants
  std::string out;  // empty: the first of runs/MODEL-DATA, runs/MODEL-DATA-2, ... that does not exist
};

// Everything that is needed to repeat the run, and what it ran with, as JSON text.
std::string config_json(const TrainSettings& settings);

}  // namespace korrel::app
