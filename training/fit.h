// The training loop of a classifier, and its evaluation: what one would write by hand, with reports to observers. Take
// it or write your own: nothing else depends on it.
//   training::fit(net, train_loader, adam, {.epochs = 5, .test = &test_loader, .observers = {&progress}});
#pragma once

#include <vector>

#include <korrel/datasets/loader.h>
#include <korrel/layers/module.h>
#include <korrel/optim/optimizer.h>
#include <korrel/training/metrics.h>
#include <korrel/training/observer.h>

namespace korrel::optim {
class AveragedWeights;
class Scheduler;
}  // namespace korrel::optim

namespace korrel::training {

using LossFunction = Tensor (*)(const Tensor& logits, const Tensor& labels);

// Where a training is: what fit() needs, beside the state of model, optimizer and schedule, to go on as if it had never
// stopped. A checkpoint holds all of it (training/checkpoint.h).
struct FitPosition {
  int epoch = 0;              // epochs done
  int64_t step = 0;           // steps done of the one after them
  int64_t loader_epoch = -1;  // that one's number to the loader, which orders the samples; -1: where the loader stands
  Average loss, accuracy;     // of those steps
  double seconds = 0;         // that they took
  double learning_rate = 0;   // with which they began
  std::vector<EpochReport> reports;  // of the epochs done
};

struct FitOptions {
  int epochs = 1;
  datasets::DataLoader* test = nullptr;   // evaluated after each epoch
  optim::Scheduler* scheduler = nullptr;  // stepped after each epoch
  std::vector<Observer*> observers;       // told of each step and epoch, in order; each may end the training
  LossFunction loss = nullptr;            // of a batch, its mean; null: cross_entropy
  bool schedule_steps = false;            // the scheduler is stepped after each step instead, as OneCycleLR wants it
  double label_smoothing = 0;             // of cross_entropy in training, in [0, 1]; evaluation is without
  double mixup = 0;                       // alpha of training/mixup.h; 0: none
  optim::AveragedWeights* average = nullptr;  // updated after each step, and what is evaluated
  FitPosition* position = nullptr;            // begin there, and keep it current for whoever saves it
};

struct FitResult {
  std::vector<EpochReport> epochs;  // those before the position too; the last is not complete if an observer ended it
  bool stopped = false;
};

// Trains in place; the model is left in train mode. Throws ValueError when the loss is no longer finite: from there on
// no step can bring it back; if epochs < 0, for a position that the loader does not have, and for label_smoothing
// beside a loss of one's own.
FitResult fit(nn::Module& model, datasets::DataLoader& loader, optim::Optimizer& optimizer, const FitOptions& options);

struct Evaluation {
  double loss = 0;      // mean per sample
  double accuracy = 0;  // in [0,1]
  int64_t samples = 0;
};

// In eval mode and without gradients; the model's mode is put back.
Evaluation evaluate(nn::Module& model, datasets::DataLoader& loader, LossFunction loss = nullptr);

}  // namespace korrel::training
