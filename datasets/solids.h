// Solids: generated volumes for 3-D networks: a ball, a cube, a rod or a ring of random size, place and direction, in
// noise. Sample i depends on the seed and i alone. For demonstrations and tests.
#pragma once

#include <korrel/datasets/dataset.h>

namespace korrel::datasets {

struct SolidsOptions {
  bool train = true;  // false: volumes that no training set of this seed contains
  int64_t count = 0;  // 0: 2,000 to train, 500 to test
  uint64_t seed = 0;
  int64_t size = 16;  // of each side
};

// inputs f32 [count,1,size,size,size], labels i64 [count] in 0..3. Throws ValueError for a negative count, size
// below 8.
Dataset solids(SolidsOptions options = {});

}  // namespace korrel::datasets
