#include <korrel/framework/ops/extremum.h>

#include <algorithm>
#include <limits>
#include <vector>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/extremum.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/fold.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rows.h>
#include <korrel/framework/ops/sort_key.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

using kernels::Fold;

// Records a reduction whose result y (shaped kept) is shared evenly by all elements that equal it.
Tensor record_ties(const char* op, const Tensor& x, const Tensor& y, const Folding& folding,
                   const ReduceOptions& options) {
  return record(op, with_shape(y, folding.shape(options)), {x},
                [x = x.detach(), y = y.detach(), folding](const Backward& b) -> Gradients {
                  Tensor ties = x == y;
                  if (any(y != y).item<bool>()) ties = logical_or(ties, logical_and(x != x, y != y));
                  Tensor share = b.grad.reshape(folding.kept()) / sum(ties, folding.dims(), {.keepdim = true});
                  return {where(ties, share, 0)};
                });
}

Tensor extreme(const char* op, Fold fold, const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  Folding folding(op, x, dim);
  folding.check_not_empty();
  return record_ties(op, x, folding.fold(fold, x).to(x.dtype()), folding, options);
}

// The place of an element along one dimension, for every position in the others. pick(first, stride, n) gives it.
template <class Pick>
Tensor picked_indices(const Tensor& x, const Folding& folding, int dim, Pick pick) {
  Tensor dense = x.detach().contiguous();
  Tensor indices = make_tensor(folding.kept(), i64);
  int64_t n = x.dim() == 0 ? 1 : x.shape()[dim], inner = 1;
  for (int i = dim + 1; i < x.dim(); ++i) inner *= x.shape()[i];
  int64_t* to = indices.data<int64_t>();
  visit(x.dtype(), [&]<class T>() {
    const T* from = dense.data<T>();
    if constexpr (std::is_floating_point_v<T> && Pick::has_kernel) {
      if (indices.numel() == 0) return;
      if (inner == 1) return kernels::extreme_in_rows(Pick::largest, indices.numel(), n, from, to);
      // Rows are counted in the lanes' own width. Few columns leave lanes idle, but each row is read once.
      if (n <= std::numeric_limits<int32_t>::max())
        return kernels::extreme_in_columns(Pick::largest, indices.numel() / inner, n, inner, from, to);
    }
    parallel_for(indices.numel(), std::max<int64_t>(1, 32768 / n), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) to[i] = pick(from + i / inner * n * inner + i % inner, inner, n);
    });
  });
  return indices;
}

template <class T>
bool is_nan(T value) {
  return value != value;
}

// The first of the largest (or smallest) elements, or the first NaN.
template <bool Largest>
struct PickExtreme {
  static constexpr bool has_kernel = true, largest = Largest;

  template <class T>
  int64_t operator()(const T* x, int64_t stride, int64_t n) const {
    int64_t best = 0;
    T value = x[0];
    for (int64_t i = 1; i < n && !is_nan(value); ++i) {
      T next = x[i * stride];
      if ((Largest ? next > value : next < value) || is_nan(next)) {
        best = i;
        value = next;
      }
    }
    return best;
  }
};

// The k-th smallest element, k from 0; equal ones in their order. NaN is larger than all others.
struct PickKth {
  static constexpr bool has_kernel = false, largest = false;

  int64_t k;
  bool nan_first;  // a NaN is the result wherever there is one

  template <class T>
  int64_t operator()(const T* x, int64_t stride, int64_t n) const {
    if (nan_first)
      for (int64_t i = 0; i < n; ++i)
        if (is_nan(x[i * stride])) return i;
    int64_t place = 0;
    with_sort_item<T>(n, [&]<class Item>(Item) {
      std::vector<Item> items(static_cast<std::size_t>(n));
      for (int64_t i = 0; i < n; ++i) items[static_cast<std::size_t>(i)] = {sort_key(x[i * stride], false), i};
      std::nth_element(items.begin(), items.begin() + k, items.end());
      place = items[static_cast<std::size_t>(k)].index();
    });
    return place;
  }
};

// The elements at `indices` (shaped kept) along `dim`, and the gradient back to their places.
WithIndices pick_elements(const char* op, const Tensor& x, const Folding& folding, int dim, const Tensor& indices,
                          const ReduceOptions& options) {
  Tensor dense = x.detach().contiguous(), values = make_tensor(folding.shape(options), x.dtype());
  int64_t n = x.dim() == 0 ? 1 : x.shape()[dim], inner = 1;
  for (int i = dim + 1; i < x.dim(); ++i) inner *= x.shape()[i];
  const int64_t* at = indices.data<int64_t>();
  visit(x.dtype(), [&]<class T>() {
    const T* from = dense.data<T>();
    T* to = values.data<T>();
    for (int64_t i = 0, count = values.numel(); i < count; i += inner, from += n * inner)
      for (int64_t j = 0; j < inner; ++j) to[i + j] = from[at[i + j] * inner + j];
  });
  values = record(op, values, {x}, [op, indices, n, inner, shape = x.shape()](const Backward& b) -> Gradients {
    if (shape.empty()) return {b.grad};
    Tensor positions = make_tensor({indices.numel()}, i64);
    const int64_t* at = indices.data<int64_t>();
    int64_t* to = positions.data<int64_t>();
    for (int64_t i = 0, count = indices.numel(), first = 0; i < count; i += inner, first += n * inner)
      for (int64_t j = 0; j < inner; ++j) to[i + j] = first + at[i + j] * inner + j;
    return {Rows{1, shape.numel(), 1, positions}.spread(op, b.grad, shape)};
  });
  return {values, with_shape(indices, folding.shape(options))};
}

template <class Pick>
Tensor indices_along(const char* op, const Tensor& x, int64_t dim, const ReduceOptions& options, Pick pick) {
  Folding folding(op, x, dim);
  folding.check_not_empty();
  return with_shape(picked_indices(x, folding, wrap_dim(op, dim, x), pick), folding.shape(options));
}

template <class Pick>
WithIndices elements_along(const char* op, const Tensor& x, int64_t dim, const ReduceOptions& options, Pick pick) {
  Folding folding(op, x, dim);
  folding.check_not_empty();
  int d = wrap_dim(op, dim, x);
  return pick_elements(op, x, folding, d, picked_indices(x, folding, d, pick), options);
}

int64_t length(const char* op, const Tensor& x, int64_t dim) {
  int place = wrap_dim(op, dim, x);
  return x.dim() == 0 ? 1 : x.shape()[place];
}

// x outside the graph, as one line.
Tensor all_elements(const char* op, const Tensor& x) {
  check_defined(op, x);
  return x.detach().reshape({x.numel()});
}

}  // namespace

Tensor amax(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  return extreme("amax", Fold::max, x, dim, options);
}
Tensor amin(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  return extreme("amin", Fold::min, x, dim, options);
}
Tensor max(const Tensor& x) { return extreme("max", Fold::max, x, {}, {}); }
Tensor min(const Tensor& x) { return extreme("min", Fold::min, x, {}, {}); }

WithIndices max(const Tensor& x, int64_t dim, const ReduceOptions& options) {
  return elements_along("max", x, dim, options, PickExtreme<true>());
}
WithIndices min(const Tensor& x, int64_t dim, const ReduceOptions& options) {
  return elements_along("min", x, dim, options, PickExtreme<false>());
}

Tensor argmax(const Tensor& x, int64_t dim, const ReduceOptions& options) {
  return indices_along("argmax", x, dim, options, PickExtreme<true>());
}
Tensor argmin(const Tensor& x, int64_t dim, const ReduceOptions& options) {
  return indices_along("argmin", x, dim, options, PickExtreme<false>());
}
Tensor argmax(const Tensor& x) { return argmax(all_elements("argmax", x), 0); }
Tensor argmin(const Tensor& x) { return argmin(all_elements("argmin", x), 0); }

Tensor median(const Tensor& x) {
  Folding folding("median", x, {});
  folding.check_not_empty();
  Tensor flat = all_elements("median", x);
  Tensor y = elements_along("median", flat, 0, {}, PickKth{(x.numel() - 1) / 2, true}).values;
  return record_ties("median", x, with_shape(y, folding.kept()), folding, {});
}
WithIndices median(const Tensor& x, int64_t dim, const ReduceOptions& options) {
  return elements_along("median", x, dim, options, PickKth{(length("median", x, dim) - 1) / 2, true});
}
WithIndices kthvalue(const Tensor& x, int64_t k, int64_t dim, const ReduceOptions& options) {
  int64_t n = length("kthvalue", x, dim);
  check<ValueError>(k >= 1 && k <= n, "kthvalue: k is {}, dimension {} of x {} has {} elements", k, dim, x.shape(), n);
  return elements_along("kthvalue", x, dim, options, PickKth{k - 1, false});
}

}  // namespace korrel
