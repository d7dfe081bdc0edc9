#include <korrel/framework/ops/ordering.h>

#include <algorithm>
#include <numeric>

#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rows.h>
#include <korrel/framework/ops/sort_key.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

template <class T>
bool less(T a, T b) {  // NaN is the largest
  return a < b || (b != b && a == a);
}

// Along `dim` of x: the first `count` elements in order (equal ones in the order they come in), all of them when
// sorting.
WithIndices ordered(const char* op, const Tensor& x, int dim, int64_t count, bool descending) {
  Shape sizes = x.dim() == 0 ? Shape{1} : x.shape(), shape = sizes;
  shape[dim] = count;
  int64_t size = sizes[dim], inner = sizes.slice(dim + 1, sizes.rank()).numel(), outer = sizes.slice(0, dim).numel();
  Tensor dense = x.detach().contiguous(), indices = make_tensor(x.dim() == 0 ? Shape() : shape, i64);
  Rows rows{1, x.numel(), 1, make_tensor({shape.numel()}, i64)};
  visit(x.dtype(), [&]<class T>() {
    const T* in = dense.data<T>();
    int64_t *index = indices.data<int64_t>(), *position = rows.index.data<int64_t>();
    parallel_for(outer * inner, 1 + 8192 / std::max<int64_t>(size, 1), [&](int64_t begin, int64_t end) {
      with_sort_item<T>(size, [&]<class Item>(Item) {
        std::vector<Item> items(static_cast<std::size_t>(size)), spare;
        for (int64_t line = begin; line < end; ++line) {
          int64_t o = line / inner, c = line % inner;
          const T* from = in + o * size * inner + c;
          for (int64_t i = 0; i < size; ++i)
            items[static_cast<std::size_t>(i)] = {sort_key(from[i * inner], descending), i};
          if (count == size)
            sort_items(items, spare);
          else
            std::partial_sort(items.begin(), items.begin() + count, items.end());
          for (int64_t i = 0; i < count; ++i) {
            int64_t place = items[static_cast<std::size_t>(i)].index(), to = (o * count + i) * inner + c;
            index[to] = place;
            position[to] = (o * size + place) * inner + c;
          }
        }
      });
    });
  });
  return {rows.take(op, x, indices.shape()), indices};
}

}  // namespace

WithIndices sort(const Tensor& x, int64_t dim, SortOptions options) {
  int place = wrap_dim("sort", dim, x);
  return ordered("sort", x, place, x.dim() == 0 ? 1 : x.shape()[place], options.descending);
}
Tensor argsort(const Tensor& x, int64_t dim, SortOptions options) {
  wrap_dim("argsort", dim, x);  // names this op where one of them is wrong
  return sort(x.detach(), dim, options).indices;
}

WithIndices topk(const Tensor& x, int64_t k, int64_t dim, TopkOptions options) {
  int place = wrap_dim("topk", dim, x);
  int64_t size = x.dim() == 0 ? 1 : x.shape()[place];
  check<ValueError>(k >= 0 && k <= size, "topk: k is {}, dimension {} has {} elements (x {})", k, place, size,
                    x.shape());
  check<ShapeError>(x.dim() > 0 || k == 1, "topk: a scalar has one element, k is {}", k);
  return ordered("topk", x, place, k, options.largest);
}

UniqueResult unique(const Tensor& x) {
  check_defined("unique", x);
  Tensor dense = x.detach().contiguous(), inverse = make_tensor(x.shape(), i64);
  std::vector<int64_t> order(static_cast<std::size_t>(x.numel())), firsts, counts;
  std::iota(order.begin(), order.end(), int64_t{0});
  int64_t* number = inverse.data<int64_t>();
  Tensor values;
  visit(x.dtype(), [&]<class T>() {
    const T* in = dense.data<T>();
    std::sort(order.begin(), order.end(),
              [in](int64_t a, int64_t b) { return less(in[a], in[b]) || (!less(in[b], in[a]) && a < b); });
    for (int64_t i : order) {
      if (firsts.empty() || in[firsts.back()] != in[i]) {  // a NaN differs from every other
        firsts.push_back(i);
        counts.push_back(0);
      }
      ++counts.back();
      number[i] = static_cast<int64_t>(firsts.size()) - 1;
    }
    values = make_tensor({static_cast<int64_t>(firsts.size())}, x.dtype());
    for (std::size_t i = 0; i < firsts.size(); ++i) values.data<T>()[i] = in[firsts[i]];
  });
  return {values, inverse, from_vector(counts)};
}

}  // namespace korrel
