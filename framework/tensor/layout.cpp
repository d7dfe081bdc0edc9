#include <korrel/framework/tensor/layout.h>

#include <algorithm>

#include <korrel/framework/base/check.h>

namespace korrel {

Strides contiguous_strides(const Shape& shape) {
  Strides strides = shape;
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= std::max<int64_t>(shape[i], 1);
  }
  return strides;
}

Layout Layout::contiguous(const Shape& shape) { return {shape, contiguous_strides(shape), 0}; }

bool Layout::is_contiguous() const {
  int64_t expected = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != expected) return shape.numel() == 0;
    expected *= shape[i];
  }
  return true;
}

Layout Layout::permuted(const Dims& order) const {
  Layout result{{}, {}, offset};
  for (int64_t dim : order) {
    result.shape.push_back(shape[static_cast<int>(dim)]);
    result.strides.push_back(strides[static_cast<int>(dim)]);
  }
  return result;
}

Layout Layout::narrowed(int dim, int64_t start, int64_t length, int64_t step) const {
  Layout result = *this;
  result.offset += start * strides[dim];
  result.shape[dim] = length;
  result.strides[dim] *= step;
  return result;
}

Layout Layout::expanded(const Shape& to) const {
  int extra = to.rank() - shape.rank();
  check<ShapeError>(extra >= 0, "expand: {} has more dimensions than {}", shape, to);
  Layout result{to, Strides::filled(to.rank(), 0), offset};
  for (int i = 0; i < shape.rank(); ++i) {
    int64_t& size = result.shape[i + extra];
    if (size == -1) size = shape[i];
    check<ShapeError>(size == shape[i] || (shape[i] == 1 && size >= 0),
                      "expand: dimension {} of {} cannot become {} (target {})", i, shape, size, to);
    if (size == shape[i]) result.strides[i + extra] = strides[i];
  }
  for (int i = 0; i < extra; ++i)
    check<ShapeError>(result.shape[i] >= 0, "expand: the new dimension {} of {} needs a size", i, to);
  return result;
}

bool Layout::viewed(const Shape& to, Layout& result) const {
  if (is_contiguous()) {
    result = {to, contiguous_strides(to), offset};
    return true;
  }
  // Walk both shapes from the back in blocks of equal element count; a block of old dimensions must be one stride
  // apart.
  result = {to, Strides::filled(to.rank(), 0), offset};
  int target = to.rank() - 1;
  int64_t block = 1, filled = 1, base = shape.empty() ? 1 : strides.back();
  for (int i = shape.rank() - 1; i >= 0; --i) {
    block *= shape[i];
    if (i > 0 && (shape[i - 1] == 1 || strides[i - 1] == block * base)) continue;
    while (target >= 0 && (filled < block || to[target] == 1)) {
      result.strides[target] = filled * base;
      filled *= to[target--];
    }
    if (filled != block) return false;
    if (i > 0) {
      base = strides[i - 1];
      block = filled = 1;
    }
  }
  return target == -1;
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
  Shape result = a.rank() >= b.rank() ? a : b;
  for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    int64_t m = a[a.rank() - i], n = b[b.rank() - i];
    check<ShapeError>(m == n || m == 1 || n == 1,
                      "{}: shapes {} and {} do not broadcast: {} against {} at dimension {}", op, a, b, m, n, -i);
    result[result.rank() - i] = m == 1 ? n : m;
  }
  return result;
}

Shape infer_shape(const char* op, const Shape& shape, int64_t numel) {
  Shape result = shape;
  int unknown = -1;
  int64_t known = 1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == -1) {
      check<ShapeError>(unknown < 0, "{}: only one dimension of {} can be -1", op, shape);
      unknown = i;
    } else {
      check<ShapeError>(shape[i] >= 0, "{}: negative dimension in {}", op, shape);
      known *= shape[i];
    }
  }
  if (unknown >= 0) {
    check<ShapeError>(known > 0 && numel % known == 0, "{}: {} elements do not fit into {}", op, numel, shape);
    result[unknown] = numel / known;
    known *= result[unknown];
  }
  check<ShapeError>(known == numel, "{}: {} elements do not fit into {}", op, numel, shape);
  return result;
}

}  // namespace korrel
