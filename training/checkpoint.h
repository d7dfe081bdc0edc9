// Checkpoints: all that training needs to go on as if it had never stopped, with the same bits, in one safetensors file
// that is replaced as a whole: a crash while it is written leaves the old one. Weights for others are nn::save's.
//   training::FitPosition position;
//   training::TrainingState state{.model = &net, .optimizer = &adam, .scheduler = &cosine, .position = &position};
//   if (going_on) training::load_checkpoint("run.ckpt", state);
//   training::CheckpointFile file("run.ckpt", state);
//   training::fit(net, loader, adam, {.epochs = 4, .scheduler = &cosine, .observers = {&file}, .position = &position});
#pragma once

#include <string>

#include <korrel/framework/io/safetensors.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/training/fit.h>

namespace korrel::training {

// What is saved and loaded; what is null is left out.
struct TrainingState {
  nn::Module* model = nullptr;  // parameters and buffers
  optim::Optimizer* optimizer = nullptr;
  optim::Scheduler* scheduler = nullptr;
  optim::AveragedWeights* average = nullptr;
  FitPosition* position = nullptr;  // epoch, step and place in the data
  Generator* generator = nullptr;   // null: the thread's default one, which dropout and mixup draw from
  NamedTensors* more = nullptr;     // anything of one's own; loading replaces it by what the file has
};

// Written whole or not at all. Throws IoError if the file cannot be written.
void save_checkpoint(const std::string& path, const TrainingState& state, const Metadata& metadata = {});

// Puts everything back that `state` names; what the file has besides is passed over, so that the model alone can be
// taken from it. Returns the metadata. Throws IoError for a file that cannot be read or is no checkpoint, ValueError if
// a part is missing or does not fit; then nothing has changed. The path is in every message.
Metadata load_checkpoint(const std::string& path, const TrainingState& state);

// Saves after each epoch, and where the training was stopped.
class CheckpointFile : public Observer {
 public:
  CheckpointFile(std::string path, TrainingState state, Metadata metadata = {})
      : path_(std::move(path)), state_(state), metadata_(std::move(metadata)) {}
  void epoch(const EpochReport&) override { save(); }
  void save() const { save_checkpoint(path_, state_, metadata_); }

 private:
  std::string path_;
  TrainingState state_;
  Metadata metadata_;
};

}  // namespace korrel::training
