// Layout: how a tensor's elements lie in its storage. Pure arithmetic on shape and strides (in elements); a view is a
// new layout on old bytes. Knows no storage and no dtype; every function throws ShapeError on impossible requests.
#pragma once

#include <korrel/framework/base/dims.h>

namespace korrel {

struct Layout {
  Shape shape;
  Strides strides;
  int64_t offset = 0;

  static Layout contiguous(const Shape& shape);
  bool is_contiguous() const;  // row-major without gaps; dimensions of size 1 do not matter

  Layout permuted(const Dims& order) const;
  Layout narrowed(int dim, int64_t start, int64_t length, int64_t step) const;
  Layout expanded(const Shape& to) const;  // broadcasting: dimensions of size 1 get stride 0
  // The same elements under another shape, if that needs no copy; returns false where it does.
  bool viewed(const Shape& to, Layout& result) const;
};

Strides contiguous_strides(const Shape& shape);

// The shape that `a` and `b` broadcast to (NumPy's rules); throws ShapeError naming `op` and both.
Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b);

// `shape` with one -1 replaced so that the elements are `numel`; throws ShapeError naming `op` when it cannot be.
Shape infer_shape(const char* op, const Shape& shape, int64_t numel);

}  // namespace korrel
