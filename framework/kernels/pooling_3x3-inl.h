// Pooling 3x3 windows at stride 2, those of most residual and inception networks: neighbouring windows share a row or a
// column, which stays in registers. No tables and no copies of rows; any size, padding 0 or 1. Compiled per SIMD
// target, for pooling.cpp only.
#if defined(KORREL_POOLING_3X3_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_POOLING_3X3_INL_H_
#undef KORREL_POOLING_3X3_INL_H_
#else
#define KORREL_POOLING_3X3_INL_H_
#endif

#include <cmath>

#include <hwy/highway.h>

#include <korrel/framework/kernels/pooling_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// Window (i, j) covers rows 2i - row_padding to 2i - row_padding + 2 of x, columns likewise.
struct Overlapping {
  int64_t planes, rows, width, out_rows, out_width, row_padding, column_padding;

  HWY_INLINE explicit Overlapping(const PoolGeometry& g)
      : planes(g.planes * g.in[0]),
        rows(g.in[1]),
        width(g.in[2]),
        out_rows(g.out[1]),
        out_width(g.out[2]),
        row_padding(g.padding[1]),
        column_padding(g.padding[2]) {}
  int64_t outputs() const { return planes * out_rows * out_width; }
  // Two rows of x, those where window i begins and the one below; the first and the last pair may be one row only.
  int64_t pairs() const { return (rows + row_padding + 1) / 2; }
  // The first row of a pair, of those of all planes.
  int64_t first_row(int64_t pair) const {
    const int64_t inside = 2 * (pair % pairs()) - row_padding;
    return pair / pairs() * rows + (inside > 0 ? inside : 0);
  }
};

HWY_INLINE bool is_overlapping(const PoolGeometry& g) {
  return g.kernel[0] == 1 && g.kernel[1] == 3 && g.kernel[2] == 3 && g.stride[0] == 1 && g.stride[1] == 2 &&
         g.stride[2] == 2 && g.padding[0] == 0 && g.padding[1] <= 1 && g.padding[2] <= 1 && g.dilation[1] == 1 &&
         g.dilation[2] == 1 && g.out[0] == g.in[0];
}

// In f32 only: f64, which nobody trains in, would make pooling.cpp compile a quarter longer.
template <class T>
constexpr bool kHasOverlapping = sizeof(T) == 4 && hn::MaxLanes(hn::ScalableTag<T>()) > 1;

// Vectors moved by one lane: the lane that becomes free comes from another vector's far end.
template <class D>
class LaneShift {
 public:
  // Up: lane i holds what lane i - 1 held. Otherwise i + 1.
  HWY_INLINE LaneShift(D d, bool up)
      : from_(hn::IndicesFromVec(d, hn::And(hn::Add(hn::Iota(di_, 0), hn::Set(di_, up ? -1 : 1)),
                                            hn::Set(di_, static_cast<Index>(hn::Lanes(d) - 1))))),
        edge_(up ? hn::FirstN(d, 1) : hn::Not(hn::FirstN(d, hn::Lanes(d) - 1))) {}
  // All lanes go round.
  template <class V>
  HWY_INLINE V turn(V v) const {
    return hn::TableLookupLanes(v, from_);
  }
  HWY_INLINE hn::Vec<D> join(hn::Vec<D> turned, hn::Vec<D> other_turned) const {
    return hn::IfThenElse(edge_, other_turned, turned);
  }

 private:
  static constexpr hn::RebindToSigned<D> di_{};
  using Index = hn::TFromD<decltype(di_)>;
  decltype(hn::IndicesFromVec(D(), hn::Zero(di_))) from_;
  hn::Mask<D> edge_;
};

// The columns of windows, three vectors at a time, of rows that are added up: even and odd elements from the second
// column of the first window on, and the first columns, which are the odd ones of the windows before.
template <class D, class T = hn::TFromD<D>>
class WindowColumns {
 public:
  // first: what stands in the first window's first column.
  HWY_INLINE WindowColumns(D d, T first) : carried_(hn::Set(d, first)) {}
  HWY_INLINE void move_to(D d, const LaneShift<D>& shift, hn::Vec<D> low, hn::Vec<D> high) {
    second = ConcatEven(d, high, low);  // unqualified: one-lane targets do not have them
    third = ConcatOdd(d, high, low);
    const auto turned = shift.turn(third);
    first = shift.join(turned, carried_);
    carried_ = turned;
  }
  hn::Vec<D> first, second, third;

 private:
  hn::Vec<D> carried_;
};

// Windows of rows [begin, end) of y: body(row, first_tap_row, rows, x of the rows) each.
template <class T, class Body>
HWY_INLINE void for_window_rows(const Overlapping& o, int64_t begin, int64_t end, const T* x, Body body) {
  for (int64_t row = begin; row < end; ++row) {
    const int64_t plane = row / o.out_rows, top = 2 * (row - plane * o.out_rows) - o.row_padding;
    const int64_t first = top < 0 ? 1 : 0, count = (o.rows - top < 3 ? o.rows - top : 3) - first;
    body(row, first, count, x + (plane * o.rows + top + first) * o.width);
  }
}

template <class D, class T = hn::TFromD<D>>
void average_3x3(D d, const Overlapping& o, int64_t begin, int64_t end, const T* x, const Divisors<T>& divisors, T* y) {
  const int64_t lanes = lanes_of(d), start = 1 - o.column_padding, last = end * o.out_width;
  const LaneShift<D> shift(d, true);
  for_window_rows(o, begin, end, x, [&](int64_t row, int64_t, int64_t count, const T* from) HWY_ATTR {
    T edge = 0;
    if (start == 1)
      for (int64_t r = 0; r < count; ++r) edge += from[r * o.width];
    WindowColumns<D> columns(d, edge);
    for (int64_t i = 0; i < o.out_width; i += lanes) {
      auto low = hn::Zero(d), high = low;
      const int64_t valid = o.width - start - 2 * i;
      for (int64_t r = 0; r < count; ++r) {
        const T* at = from + r * o.width + start + 2 * i;
        low = hn::Add(low, load_or(d, at, valid, T(0)));
        high = hn::Add(high, load_or(d, at + lanes, valid - lanes, T(0)));
      }
      columns.move_to(d, shift, low, high);
      const int64_t at = row * o.out_width + i, here = o.out_width - i < lanes ? o.out_width - i : lanes;
      const auto sum = hn::Add(hn::Add(columns.first, columns.second), columns.third);
      store_some(d, divisors.divide(d, sum, at, here), y, at, here, last);
    }
  });
}

// Where windows `column` to `column` + count of a row hold NaNs, the last of those is the maximum.
template <class T>
HWY_NOINLINE void take_nans(const Overlapping& o, int64_t first, int64_t rows, const T* from, int64_t column,
                            int64_t count, T* y, PoolTap* taps) {
  for (int64_t i = 0; i < count; ++i)
    for (int64_t tap = 0; tap < 3 * rows; ++tap) {
      const int64_t at = 2 * (column + i) - o.column_padding + tap % 3;
      if (at < 0 || at >= o.width || !std::isnan(from[tap / 3 * o.width + at])) continue;
      y[i] = from[tap / 3 * o.width + at];
      if (taps != nullptr) taps[i] = static_cast<PoolTap>(3 * first + tap);
    }
}

template <class D, class T = hn::TFromD<D>>
void max_3x3(D d, const Overlapping& o, int64_t begin, int64_t end, const T* x, T* y, PoolTap* taps, T floor) {
  const hn::RebindToUnsigned<D> du;
  using Number = hn::TFromD<decltype(du)>;
  const int64_t lanes = lanes_of(d), start = 1 - o.column_padding, last = end * o.out_width;
  const T lowest = -std::numeric_limits<T>::infinity();
  const LaneShift<D> shift(d, true);
  for_window_rows(o, begin, end, x, [&](int64_t row, int64_t first, int64_t count, const T* from) HWY_ATTR {
    WindowColumns<D> columns[3] = {{d, start == 1 ? from[0] : lowest},
                                   {d, start == 1 && count > 1 ? from[o.width] : lowest},
                                   {d, start == 1 && count > 2 ? from[2 * o.width] : lowest}};
    // Where nothing is above -inf it is the first element that exists.
    auto initial = hn::Set(du, static_cast<Number>(3 * first));
    if (start == 0)
      initial = hn::IfThenElse(hn::FirstN(du, 1), hn::Set(du, static_cast<Number>(3 * first + 1)), initial);
    for (int64_t i = 0; i < o.out_width; i += lanes) {
      auto most = hn::Set(d, lowest);
      auto tap = initial;
      initial = hn::Set(du, static_cast<Number>(3 * first));
      auto all = hn::Zero(d);  // their sum is a NaN if one of them is; NaNs are rare and looked for one by one
      const auto meet = [&](hn::Vec<D> value, int64_t number) HWY_ATTR {
        const auto larger = hn::Gt(value, most);
        all = hn::Add(all, value);
        most = hn::Max(value, most);
        tap = hn::IfThenElse(hn::RebindMask(du, larger), hn::Set(du, static_cast<Number>(number)), tap);
      };
      const int64_t valid = o.width - start - 2 * i;
      for (int64_t r = 0; r < count; ++r) {
        const T* at = from + r * o.width + start + 2 * i;
        columns[r].move_to(d, shift, load_or(d, at, valid, lowest), load_or(d, at + lanes, valid - lanes, lowest));
        meet(columns[r].first, 3 * (first + r));
        meet(columns[r].second, 3 * (first + r) + 1);
        meet(columns[r].third, 3 * (first + r) + 2);
      }
      const int64_t at = row * o.out_width + i, here = o.out_width - i < lanes ? o.out_width - i : lanes;
      store_maxima(d, most, tap, floor, y, taps, at, here, last);
      if (!hn::AllFalse(d, hn::IsNaN(all)))
        take_nans(o, first, count, from, i, here, y + at, taps == nullptr ? nullptr : taps + at);
    }
  });
}

// gx at pairs of rows [begin, end). meet(at, i, woven) makes the Pair that the windows at, at + 1, ... (from column i
// on) give to each of the three rows that they cover. A row between two rows of windows gets from both: what the upper
// ones give waits in `below`.
template <class D, class Meet, class T = hn::TFromD<D>>
HWY_INLINE void gradient_3x3(D d, const Overlapping& o, int64_t begin, int64_t end, T* gx, Meet meet) {
  const int64_t lanes = lanes_of(d), pairs = o.pairs();
  const bool past_caches = goes_past_caches(gx, o.planes * o.rows * o.width, o.width);
  const T* last = gx + o.first_row(end) * o.width;
  const WorkingMemory<T> below(o.width + 2 * lanes);
  // A part that begins inside a plane makes the row of windows before it once more.
  for (int64_t pair = begin - (begin % pairs > 0 ? 1 : 0); pair < end; ++pair) {
    const int64_t plane = pair / pairs, window = pair - plane * pairs, row = 2 * window - o.row_padding;
    T* upper = gx + (plane * o.rows + row) * o.width;
    for (int64_t i = 0; 2 * i < o.width; i += lanes) {
      T* waiting = below.elements() + 2 * i;
      Pair<D> rows[3];
      for (Pair<D>& each : rows) each = {hn::Zero(d), hn::Zero(d)};
      if (window < o.out_rows) meet((plane * o.out_rows + window) * o.out_width, i, rows);
      if (window > 0) rows[0] = rows[0] + Pair<D>{hn::LoadU(d, waiting), hn::LoadU(d, waiting + lanes)};
      hn::StoreU(rows[2].even, d, waiting);
      hn::StoreU(rows[2].odd, d, waiting + lanes);
      if (pair < begin) continue;
      const int64_t size = o.width - 2 * i;
      // A row's only vectors may reach into the rows that are still to be written.
      T* const lower = upper + o.width;
      if (row >= 0) put(d, rows[0], size, i == 0 ? last - upper : size, past_caches, upper + 2 * i);
      if (row + 1 < o.rows) put(d, rows[1], size, i == 0 ? last - lower : size, past_caches, lower + 2 * i);
    }
  }
  hwy::FlushStream();
}

// Of windows in a row: those at columns i, i + 1, ... and their neighbours, to the left of them without padding and to
// the right with it. A column between two windows meets the third column of the left and the first of the right one.
template <class D>
struct Neighbours {
  hn::Vec<D> here, there;
};
template <class D, class Load>
HWY_INLINE Neighbours<D> neighbours(D d, const Overlapping& o, const LaneShift<D>& shift, int64_t i, Load load) {
  const int64_t other = o.column_padding == 1 ? i + lanes_of(d) : i - lanes_of(d);
  const auto here = load(i), beyond = other >= 0 && other < o.out_width ? load(other) : hn::Zero(d);
  return {here, shift.join(shift.turn(here), shift.turn(beyond))};
}

// The column between two windows, and the one that only one meets, in their places.
template <class D>
HWY_INLINE Pair<D> in_place(const Overlapping& o, hn::Vec<D> shared, hn::Vec<D> alone) {
  if (o.column_padding == 1) return {alone, shared};
  return {shared, alone};
}

template <class D, class T = hn::TFromD<D>>
void average_gradient_3x3(D d, const Overlapping& o, int64_t begin, int64_t end, const T* gy,
                          const Divisors<T>& divisors, T* gx) {
  const int64_t lanes = lanes_of(d);
  const LaneShift<D> shift(d, o.column_padding == 0);
  gradient_3x3(d, o, begin, end, gx, [&](int64_t row, int64_t i, Pair<D>(&rows)[3]) HWY_ATTR {
    const Neighbours<D> g = neighbours(d, o, shift, i, [&](int64_t column) HWY_ATTR {
      const int64_t valid = o.out_width - column;
      return divisors.divide(d, load_or(d, gy + row + column, valid, T(0)), row + column,
                             valid < lanes ? valid : lanes);
    });
    rows[0] = rows[1] = rows[2] = in_place<D>(o, hn::Add(g.here, g.there), g.here);
  });
}

template <class D, class T = hn::TFromD<D>>
void max_gradient_3x3(D d, const Overlapping& o, int64_t begin, int64_t end, const T* gy, const PoolTap* taps, T* gx) {
  const hn::RebindToUnsigned<D> du;
  using Number = hn::TFromD<decltype(du)>;
  const int64_t outputs = o.outputs();
  const LaneShift<D> shift(d, o.column_padding == 0);
  const Number at_here = static_cast<Number>(2 * o.column_padding), at_there = 2 - at_here;
  gradient_3x3(d, o, begin, end, gx, [&](int64_t row, int64_t i, Pair<D>(&rows)[3]) HWY_ATTR {
    const Neighbours<D> g = neighbours(d, o, shift, i, [&](int64_t column) HWY_ATTR {
      return load_or(d, gy + row + column, o.out_width - column, T(0));
    });
    // Beyond a row any tap will do: the gradients there are zero.
    const Neighbours<D> tap = neighbours(d, o, shift, i, [&](int64_t column) HWY_ATTR {
      return hn::BitCast(d, load_taps(d, taps, row + column, outputs));
    });
    const auto here = hn::BitCast(du, tap.here), there = hn::BitCast(du, tap.there);
    const auto picked = [&](hn::Vec<D> gradient, hn::Vec<decltype(du)> which, Number number) HWY_ATTR {
      return hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(which, hn::Set(du, number))), gradient);
    };
#pragma GCC unroll 3
    for (int r = 0; r < 3; ++r) {
      const Number first = static_cast<Number>(3 * r);
      rows[r] = in_place<D>(o, hn::Add(picked(g.here, here, first + at_here), picked(g.there, there, first + at_there)),
                            picked(g.here, here, first + 1));
    }
  });
}

// f(overlapping, d, begin, end) on parts of `count` rows of y or pairs of rows of x.
template <class T, class F>
HWY_INLINE void for_parts(const Overlapping& o, int64_t count, F f) {
  parallel_for(count, 1 + 100000 / (9 * o.out_width + 20),
               [&](int64_t begin, int64_t end) HWY_ATTR { f(o, hn::ScalableTag<T>(), begin, end); });
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_POOLING_3X3_INL_H_
