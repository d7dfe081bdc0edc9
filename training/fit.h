// The training loop of a classifier, and its evaluation: what one would write by hand, with reports to observers. Take
// it or write your own: nothing else depends on it.
//   training::fit(net, train_loader, adam, {.epochs = 5, .test = &test_loader, .observers = {&progress}});
#pragma once

#include <vector>

#include <korrel/datasets/loader.h>
#include <korrel/layers/module.h>
#include <korrel/optim/optimizer.h>
#include <korrel/training/observer.h>

namespace korrel::optim {
class Scheduler;
}

namespace korrel::training {

using LossFunction = Tensor (*)(const Tensor& logits, const Tensor& labels);

struct FitOptions {
  int epochs = 1;
  datasets::DataLoader* test = nullptr;   // evaluated after each epoch
  optim::Scheduler* scheduler = nullptr;  // stepped after each epoch
  std::vector<Observer*> observers;       // told of each step and epoch, in order; each may end the training
  LossFunction loss = nullptr;            // of a batch, its mean; null: cross_entropy
};

struct FitResult {
  std::vector<EpochReport> epochs;  // the last one is not complete if an observer ended it
  bool stopped = false;
};

// Trains in place; the model is left in train mode. Throws ValueError when the loss is no longer finite: from there on
// no step can bring it back; and if epochs < 0.
FitResult fit(nn::Module& model, datasets::DataLoader& loader, optim::Optimizer& optimizer, const FitOptions& options);

struct Evaluation {
  double loss = 0;      // mean per sample
  double accuracy = 0;  // in [0,1]
  int64_t samples = 0;
};

// In eval mode and without gradients; the model's mode is put back.
Evaluation evaluate(nn::Module& model, datasets::DataLoader& loader, LossFunction loss = nullptr);

}  // namespace korrel::training
