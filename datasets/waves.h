// Waves: generated sequences for 1-D networks: sine, square, sawtooth or triangle waves of random period, phase and
// height, in noise. Sample i depends on the seed and i alone. For demonstrations and tests.
#pragma once

#include <korrel/datasets/dataset.h>

namespace korrel::datasets {

struct WavesOptions {
  bool train = true;  // false: sequences that no training set of this seed contains
  int64_t count = 0;  // 0: 4,000 to train, 1,000 to test
  uint64_t seed = 0;
  int64_t length = 128;
};

// inputs f32 [count,1,length], labels i64 [count] in 0..3. Throws ValueError for a negative count or a length below 8.
Dataset waves(WavesOptions options = {});

}  // namespace korrel::datasets
