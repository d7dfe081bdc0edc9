// Rows: the one mechanism under all indexing by tensors. A tensor is seen as [outer, size, inner], and a list of
// numbers below `size` says which of its rows are taken, added to or replaced. Each of the three has its gradient in
// the other two. For the sources of ops/indexing.h, ops/gather.h and ops/ordering.h; users call those.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct Rows {
  int64_t outer = 1, size = 1, inner = 1;
  Tensor index;  // i64, contiguous, every number in [0, size): whoever makes one has checked

  // Rows along `dim` of a tensor of `shape`; the index may hold negative numbers and is checked, naming `op`
  // (ValueError).
  static Rows along(const char* op, const Shape& shape, int dim, const Tensor& index);
  // Single elements of a tensor of `shape` by their flat positions, checked likewise.
  static Rows flat(const char* op, const Shape& shape, const Tensor& positions);

  int64_t count() const { return index.numel(); }

  // y = the rows of x, in the order of the index: [outer, count, inner], returned as `shape`.
  Tensor take(const char* op, const Tensor& x, const Shape& shape) const;
  // The same where the caller has taken them: records y.
  Tensor record_take(const char* op, const Tensor& y, const Tensor& x) const;
  // x with `values` [outer, count, inner] (of any shape of as many elements) added to its rows, in the order of the
  // index.
  Tensor add(const char* op, const Tensor& x, const Tensor& values) const;
  // The same to zeros of `shape`: the gradient of take.
  Tensor spread(const char* op, const Tensor& values, const Shape& shape) const;
  // x with its rows replaced by those of `values`; of rows that are named twice the last value stays, and only that one
  // gets a gradient.
  Tensor put(const char* op, const Tensor& x, const Tensor& values) const;
};

// The first of n numbers that is not in [low, high), or n.
inline int64_t first_outside(const int64_t* numbers, int64_t n, int64_t low, int64_t high) {
  constexpr int64_t block = 256;  // nobody leaves a block: the loop has no branch
  const uint64_t from = static_cast<uint64_t>(low), width = static_cast<uint64_t>(high) - from;
  auto is_outside = [&](int64_t i) { return static_cast<uint64_t>(numbers[i]) - from >= width; };
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = n - begin < block ? n : begin + block;
    int outside = 0;
    for (int64_t i = begin; i < end; ++i) outside |= is_outside(i);
    for (int64_t i = begin; outside != 0 && i < end; ++i)
      if (is_outside(i)) return i;
  }
  return n;
}

}  // namespace korrel
