// AveragedWeights: the exponential moving average of a network's weights beside the weights themselves, which are
// noisier (Polyak & Juditsky 1992; torch.optim.swa_utils.AveragedModel with an EMA). Update after each optimizer step,
// exchange to evaluate or save:
//   optim::AveragedWeights average(net, {.decay = 0.999});
//   ... optimizer.step(); average.update(); ...
//   { optim::AveragesInUse in_use(average); evaluate(net, test); }
#pragma once

#include <korrel/layers/module.h>
#include <korrel/optim/optimizer.h>

namespace korrel::optim {

struct AverageOptions {
  double decay = 0.999;  // in [0, 1): average = decay * average + (1 - decay) * weights
  bool warm_up = true;   // update k, from 1 on, uses at most (1 + k) / (10 + k): the first weights are soon forgotten
};

class AveragedWeights {
 public:
  // Starts from the weights that `model` has; the model must outlive this and keep its dtype. Floating buffers
  // (running statistics) are averaged as well, other ones copied. Throws ValueError unless 0 <= decay < 1.
  explicit AveragedWeights(nn::Module& model, const AverageOptions& options = {});

  void update();    // one step of the average; ValueError while exchanged
  void exchange();  // the model gets the averages and this its weights; once more undoes it, bit by bit
  bool exchanged() const { return exchanged_; }
  int64_t updates() const { return updates_; }

  // The averages under the model's own keys, not copies: what one saves as a network's weights.
  nn::StateDict weights() const;
  // "updates", and "weights." before the model's keys: for checkpoints. Loading throws ValueError, and changes nothing,
  // when a key is missing, unknown or of another shape. Both throw it while exchanged.
  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  struct Slot {
    std::string key;
    Tensor live, average;
  };
  void check_not_exchanged(const char* what) const;

  AverageOptions options_;
  std::vector<Slot> slots_;
  int64_t updates_ = 0;
  bool exchanged_ = false;
};

// While one lives, the model has the averaged weights; none: nothing happens.
class AveragesInUse {
 public:
  explicit AveragesInUse(AveragedWeights& average) : AveragesInUse(&average) {}
  explicit AveragesInUse(AveragedWeights* average) : average_(average) {
    if (average_) average_->exchange();
  }
  ~AveragesInUse() {
    if (average_) average_->exchange();
  }
  AveragesInUse(const AveragesInUse&) = delete;
  AveragesInUse& operator=(const AveragesInUse&) = delete;

 private:
  AveragedWeights* average_;
};

}  // namespace korrel::optim
