// From values to numbers of values: one_hot, bincount, searchsorted. Results are counts, places or masks, without
// gradients (bincount of weights aside, which has none in PyTorch either).
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// x i64 [...] -> i64 [..., num_classes], 1 at x and 0 elsewhere; -1: as x needs. PyTorch: torch.nn.functional.one_hot
Tensor one_hot(const Tensor& x, int64_t num_classes = -1);
// x i64 or u8 [n], not negative -> how often each number occurs, [max(x) + 1 or minlength if larger]: i64, or the sum
// of the weights [n] in f64 (f32 for f32 weights).
Tensor bincount(const Tensor& x, const Tensor& weights = {}, int64_t minlength = 0);
// Where to insert x so that the order of the sorted rows stays: before (or, right, after) equal values. sorted [n] and
// x of any shape, or sorted [...,n] and x [...,m] with equal leading dimensions -> i64 shaped like x. NaN is the
// largest.
struct SearchsortedOptions {
  bool right = false;
};
Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& x, SearchsortedOptions options = {});

}  // namespace korrel
