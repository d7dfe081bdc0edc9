// Reductions that pick elements: largest, smallest, middle, k-th. Where a NaN takes part it is picked. All of them
// throw ValueError where there is nothing to pick from. Ties: along a dimension the first element is picked and takes
// the gradient; amax, amin and the functions of a whole tensor share it evenly.
#pragma once

#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/with_indices.h>

namespace korrel {

Tensor amax(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});  // the largest
Tensor amin(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});  // the smallest

Tensor max(const Tensor& x);  // []; with dim: the largest along it and where it is
Tensor min(const Tensor& x);  // []; with dim: the smallest along it and where it is
WithIndices max(const Tensor& x, int64_t dim, const ReduceOptions& options = {});
WithIndices min(const Tensor& x, int64_t dim, const ReduceOptions& options = {});

Tensor argmax(const Tensor& x);  // where the largest is: i64, [] into the flattened x, or along dim
Tensor argmin(const Tensor& x);  // where the smallest is, likewise
Tensor argmax(const Tensor& x, int64_t dim, const ReduceOptions& options = {});
Tensor argmin(const Tensor& x, int64_t dim, const ReduceOptions& options = {});

// The middle element; of an even number the lower one of the two.
Tensor median(const Tensor& x);
WithIndices median(const Tensor& x, int64_t dim, const ReduceOptions& options = {});
// The k-th smallest element, k from 1; NaN counts as larger than all others.
WithIndices kthvalue(const Tensor& x, int64_t k, int64_t dim = -1, const ReduceOptions& options = {});

}  // namespace korrel
