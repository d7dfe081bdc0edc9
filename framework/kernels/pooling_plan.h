#pragma once
// Which elements of x meet which of y in a pooling, at which tap, and in which order kernels/pooling.cpp works on them:
// tables made before its loops, so that those need no divisions. Plain C++, no SIMD. Nobody else calls it.

#include <korrel/framework/base/cached_vector.h>
#include <korrel/framework/kernels/pooling.h>

namespace korrel::kernels {

// Forward goes from a window (`here`: y) to its elements (`there`: x), backward from an element (x) to its windows (y).
// Backward, what an element meets depends on its remainder by the stride, its phase: along axes 1 and 2, position p of
// phase f is index p * phases + f of here, and meets p * step + shift of there. `step` or `phases` is 1.
struct PoolPlan {
  enum class Direction { forward, backward };
  PoolPlan(const PoolGeometry& geometry, Direction direction);

  // Axis 0: the taps by which index i of here meets there, in ascending order.
  struct Meeting {
    int64_t tap, there;
  };
  struct Meetings {
    const Meeting *begin, *end;
  };
  Meetings depths(int64_t i) const { return {depths_.data() + first_depth_[i], depths_.data() + first_depth_[i + 1]}; }

  // Axes 1 and 2: the taps of a phase, in ascending order. Some of them reach out of there.
  struct Shift {
    int64_t tap, shift;
  };
  struct Shifts {
    const Shift *begin, *end;
  };
  Shifts shifts(int axis, int64_t phase) const {
    const Shift* all = shifts_[axis].data();
    return {all + first_shift_[axis][phase], all + first_shift_[axis][phase + 1]};
  }
  // Forward: the first tap at which position p meets an element.
  int64_t first_tap(int axis, int64_t p) const;

  // Rows of positions in all.
  int64_t rows() const { return g.planes * here[0] * positions[1]; }

  PoolGeometry g;
  std::array<int64_t, 3> here, there;
  std::array<int64_t, 3> phases, positions, step;  // forward there is one phase; backward the step is 1

 private:
  CachedVector<Meeting> depths_;
  CachedVector<int64_t> first_depth_{0};
  CachedVector<Shift> shifts_[3];
  CachedVector<int64_t> first_shift_[3];
};

// A band is some rows of positions, [begin, end), of one plane and depth. What they meet is laid out anew, so that a
// tap is a mere distance: rows have margins and are split into as many parts as the column step has, one of columns 0,
// step, 2 * step, ... and so on. Positions that follow each other then meet elements that do. A band is either of rows,
// [depths met][rows][parts][part], or, for sums over windows, of sums: then each row of positions, of each phase, has
// one row, the sum of all that it meets, and taps are columns.
class PoolBand {
 public:
  enum class Content { rows, sums };
  // Of vectors of `lanes` elements. It should take half of L1.
  PoolBand(const PoolPlan& plan, Content content, int64_t lanes, int64_t element_bytes);

  // To rows of positions from `row` on, those before `last` (of all); returns the row that follows.
  int64_t move_to(int64_t row, int64_t last);

  // A tap lies at `distance` from a position's place().
  struct Tap {
    int64_t distance, number;
  };
  struct Taps {
    const Tap *begin, *end;
  };
  Taps taps(int64_t row_phase, int64_t column_phase) const {
    const int64_t* first = first_tap_.data() + row_phase * plan.phases[2] + column_phase;
    return {taps_.data() + first[0], taps_.data() + first[1]};
  }
  int64_t place(int64_t row, int64_t column) const {
    return ((row - begin) * row_step_ + row_before_) * pitch + column_before + column;
  }
  // Of rows: row r of the band is row first_there() + r of there.
  int64_t first_there() const { return begin * row_step_ - row_before_; }
  int64_t rows_there() const { return (end - begin - 1) * row_step_ + margin_ + 1; }
  int64_t elements() const { return plan.g.kernel[0] * depth_pitch; }

  const PoolPlan& plan;
  int64_t plane = 0, depth = 0, begin = 0, end = 0;
  int64_t depth_pitch, pitch, part_pitch;  // elements from depth to depth, row to row, part to part
  int64_t column_before;                   // elements of a part before column 0

 private:
  void list_taps();

  Content content_;
  int64_t row_step_, row_before_ = 0, margin_ = 0, most_rows_, listed_depth_ = -1;
  CachedVector<Tap> taps_;
  CachedVector<int64_t> first_tap_;
};

}  // namespace korrel::kernels
