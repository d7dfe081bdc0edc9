// The random numbers of one sample in one epoch: a function of (seed, epoch, index of the sample) alone, so an
// augmented image is the same whichever worker makes it, in whatever order. Transforms draw from it.
#pragma once

#include <cstdint>

#include <korrel/framework/tensor/random.h>

namespace korrel::datasets {

class SampleRandom {
 public:
  SampleRandom(uint64_t seed, int64_t epoch, int64_t index);

  double uniform();              // in [0, 1)
  int64_t below(int64_t bound);  // in [0, bound); bound > 0

 private:
  uint64_t next();

  uint64_t seed_, index_, stream_;
  PhiloxBlock block_{};
  int used_ = 2;  // of the block's two 64-bit numbers
};

// The order in which an epoch takes `count` samples, shuffled: i64 [count], a function of (seed, epoch).
Tensor epoch_order(uint64_t seed, int64_t epoch, int64_t count);

}  // namespace korrel::datasets
