// What the two ways of running a recurrent layer share (ops/recurrent.cpp): the steps of a packed batch in the order of
// the direction, and the composed way itself, from which gradients of gradients come. Internal.
#pragma once

#include <vector>

#include <korrel/framework/ops/recurrent.h>

namespace korrel {

struct RecurrentSteps {
  std::vector<int64_t> sizes, begins;  // rows of step t: [begins[t], begins[t] + sizes[t])
  int64_t rows = 0;
  bool reverse = false;

  int64_t batch() const { return sizes[0]; }
  int64_t count() const { return static_cast<int64_t>(sizes.size()); }
  std::size_t nth(int64_t k) const { return static_cast<std::size_t>(reverse ? count() - 1 - k : k); }
  std::size_t nth_last(int64_t k) const { return nth(count() - 1 - k); }
};

// Every step composed of ops: slower, but differentiable to any order; and the only way with weight_hr. States are
// defined, arguments checked.
Recurrence recurrence_of_ops(RecurrentCell cell, const Tensor& x, const RecurrentSteps& steps,
                             const RecurrentState& initial, const RecurrentWeights& weights);

}  // namespace korrel
