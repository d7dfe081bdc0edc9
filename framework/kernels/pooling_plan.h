#pragma once
// Which elements of x meet which of y in a pooling, and at which tap: tables that kernels/pooling.cpp makes before its
// loops, so that those need no divisions. Nobody else calls it.

#include <korrel/framework/base/cached_vector.h>
#include <korrel/framework/kernels/pooling.h>

namespace korrel::kernels {

// Forward goes from a window (`here`: y) to its elements (`there`: x), backward from an element (x) to its windows (y).
struct PoolPlan {
  enum class Direction { forward, backward };
  PoolPlan(const PoolGeometry& geometry, Direction direction);

  // Axis 0 or 1: the taps by which index i of here meets there, in ascending order.
  struct Meeting {
    int64_t tap, there;
  };
  struct Meetings {
    const Meeting *begin, *end;
  };
  Meetings meetings(int axis, int64_t i) const {
    const Meeting* all = meetings_[axis].data();
    return {all + first_[axis][i], all + first_[axis][i + 1]};
  }

  // Axis 2: column i of here meets column i * step + shift of there by this tap, for begin <= i < end. Backward, column
  // i is element i * stride + phase of x, and each phase has taps of its own.
  struct Column {
    int64_t tap, shift, begin, end;
  };
  struct Columns {
    const Column *begin, *end;
  };
  Columns columns(int64_t phase) const {
    return {columns_.data() + first_column_[phase], columns_.data() + first_column_[phase + 1]};
  }

  // Whether all taps of phase 0 exist for columns [i, i + count) of here.
  bool inside(int64_t i, int64_t count) const { return inside_begin_ <= i && i + count <= inside_end_; }

  PoolGeometry g;
  std::array<int64_t, 3> here, there;
  int64_t step;             // forward the stride of the columns, backward 1
  int64_t most_before = 0;  // how far a column's shift reaches before a row, and
  int64_t most_behind = 0;  // behind i * step
  int64_t elements_there;

 private:
  CachedVector<Meeting> meetings_[2];
  CachedVector<int64_t> first_[2], first_column_{0};
  CachedVector<Column> columns_;
  int64_t inside_begin_ = 0, inside_end_ = 0;
};

}  // namespace korrel::kernels
