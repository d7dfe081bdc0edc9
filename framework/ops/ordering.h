// Sorting and what follows from it. NaN counts as the largest value, as in PyTorch. Gradients go to the elements that
// the values came from; indices are i64.
#pragma once

#include <korrel/framework/ops/with_indices.h>

namespace korrel {

struct SortOptions {
  bool descending = false;
  bool stable = false;  // the order of equal elements; Korrel's sort always keeps it
};
WithIndices sort(const Tensor& x, int64_t dim = -1, SortOptions options = {});  // in order, and where from
Tensor argsort(const Tensor& x, int64_t dim = -1, SortOptions options = {});    // the indices of sort

// The k largest (or smallest) along `dim`, in order; of equal elements the first come first.
struct TopkOptions {
  bool largest = true;
  bool sorted = true;  // Korrel's results always are
};
WithIndices topk(const Tensor& x, int64_t k, int64_t dim = -1, TopkOptions options = {});

// The different values of x, ascending, flattened.
struct UniqueResult {
  Tensor values;
  Tensor inverse_indices;  // i64, shaped like x: x = values[inverse_indices]
  Tensor counts;           // i64: how often each value occurs
};
UniqueResult unique(const Tensor& x);

}  // namespace korrel
