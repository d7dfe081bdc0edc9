// Picking, adding and replacing elements along one dimension by an index tensor: index_select, gather, scatter and
// their kin. Python's x[...] is in ops/indexing.h. Index tensors are i64; a number out of range throws ValueError with
// the op, the number and the size; negative numbers count from the end. Repeated indices are worked off in the order of
// the index, so results have the same bits for any number of threads. Results are new tensors: nothing is changed in
// place.
#pragma once

#include <optional>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// index [n] (or []): the rows x[..., index[i], ...].
Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index);
// y[i][j] = x[index[i][j]][j] for dim 0: index has x's number of dimensions, and the result its shape.
Tensor gather(const Tensor& x, int64_t dim, const Tensor& index);
Tensor take(const Tensor& x, const Tensor& index);  // elements of the flattened x; shaped like the index
// As gather, but x and index broadcast against each other in the other dimensions; no dim: of the flattened x.
Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<int64_t> dim = {});

// A copy y of x with y[index[i][j]][j] = src[i][j] for dim 0. index is no larger than src, and than x but for `dim`.
Tensor scatter(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src);
Tensor scatter(const Tensor& x, int64_t dim, const Tensor& index, double value);
Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src);  // as scatter, but added to x
// As scatter; reduce: "sum", "prod", "mean", "amax", "amin" of elements that fall on one place, and x's own if
// include_self.
struct ScatterReduceOptions {
  bool include_self = true;
};
Tensor scatter_reduce(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& src, const char* reduce,
                      ScatterReduceOptions options = {});

// Whole slices: x with those at index [n] along `dim` increased by alpha * source, replaced by source, or filled.
struct IndexAddOptions {
  double alpha = 1;
};
Tensor index_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source, IndexAddOptions options = {});
Tensor index_copy(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
Tensor index_fill(const Tensor& x, int64_t dim, const Tensor& index, double value);

}  // namespace korrel
