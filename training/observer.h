// Observer: is told how training goes, step by step and epoch by epoch. fit() calls it; Progress and MetricsLog are
// two.
#pragma once

#include <cstdint>

namespace korrel::training {

struct StepReport {
  int epoch = 0, epochs = 0;      // epoch counts from 1
  int64_t step = 0, steps = 0;    // of this epoch; step counts from 1
  double loss = 0, accuracy = 0;  // means over the epoch so far, accuracy in [0,1]
  double images_per_second = 0;   // over the epoch so far
  double seconds_left = 0;        // of all epochs, judged by the steps so far
};

struct EpochReport {
  int epoch = 0, epochs = 0;
  double train_loss = 0, train_accuracy = 0;  // means over the epoch, while the weights changed
  double test_loss = 0, test_accuracy = 0;    // after it; NaN if there is no test set
  double seconds = 0;                         // of training, evaluation not counted
  double learning_rate = 0;                   // in this epoch, of the first parameter group
  bool complete = true;                       // false: stopped in the middle of the epoch
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void step(const StepReport&) {}
  virtual void epoch(const EpochReport&) {}
  virtual bool stop() { return false; }  // asked after each step: true ends the training there
};

}  // namespace korrel::training
