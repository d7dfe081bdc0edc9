// What ops return that find elements: the values and where they were. Not a general pair; called by reductions along a
// dimension, pooling and sorting.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct WithIndices {
  Tensor values, indices;  // indices: i64, no gradient
};

}  // namespace korrel
