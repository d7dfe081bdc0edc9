#include <korrel/framework/kernels/extremum.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/extremum.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/fold-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

constexpr int64_t kBlock = 4096;  // elements that are still in L1 when the extreme one among them is looked for

// The first of n numbers that equals `value`, or is NaN if that is.
template <class T>
HWY_INLINE int64_t find_value(const T* HWY_RESTRICT x, int64_t n, double value) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto wanted = hn::Set(d, static_cast<T>(value));
  const bool nan = value != value;
  for (int64_t i = 0; i < n; i += lanes) {
    const auto count = static_cast<std::size_t>(std::min(lanes, n - i));
    const auto v = count == hn::Lanes(d) ? hn::LoadU(d, x + i) : load_part(d, x + i, count);
    const auto hit = hn::And(nan ? hn::IsNaN(v) : hn::Eq(v, wanted), hn::FirstN(d, count));
    const auto place = hn::FindFirstTrue(d, hit);
    if (place >= 0) return i + place;
  }
  return 0;
}

template <class Op, class T>
void rows_of(int64_t rows, int64_t n, const T* HWY_RESTRICT x, int64_t* HWY_RESTRICT at) {
  for (int64_t row = 0; row < rows; ++row, x += n) {
    double best = fold_block<Op>(x, std::min(kBlock, n), T(0));
    int64_t from = 0;
    for (int64_t b = kBlock; b < n && best == best; b += kBlock) {
      const double next = fold_block<Op>(x + b, std::min(kBlock, n - b), T(0));
      if (next == best || Op::of(best, next) == best) continue;
      best = next;
      from = b;
    }
    at[row] = from + find_value(x + from, n - from, best);
  }
}

// A vector of columns at a time, its extremes and their rows in registers. Rows are counted in the lanes' own width.
template <class Op, class T>
void columns_of(int64_t rows, int64_t columns, int64_t begin, int64_t end, const T* HWY_RESTRICT x,
                int64_t* HWY_RESTRICT at) {
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> di;
  using I = hn::TFromD<decltype(di)>;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  HWY_ALIGN I found[2 * hn::MaxLanes(d)];
  auto walk = [&](int64_t k, auto load, auto load_next) HWY_ATTR {
    auto best = load(x + k), best_next = load_next(x + k + lanes);
    auto where = hn::Zero(di), where_next = where, row = where;
    for (int64_t r = 1; r < rows; ++r) {
      row = hn::Add(row, hn::Set(di, I(1)));
      const T* from = x + r * columns + k;
      const auto v = load(from), v_next = load_next(from + lanes);
      const auto beyond = Op::beyond(v, best), beyond_next = Op::beyond(v_next, best_next);
      best = hn::IfThenElse(beyond, v, best);
      best_next = hn::IfThenElse(beyond_next, v_next, best_next);
      where = hn::IfThenElse(hn::RebindMask(di, beyond), row, where);
      where_next = hn::IfThenElse(hn::RebindMask(di, beyond_next), row, where_next);
    }
    hn::Store(where, di, found);
    hn::Store(where_next, di, found + lanes);
    for (int64_t i = 0; i < std::min(2 * lanes, end - k); ++i) at[k + i] = static_cast<int64_t>(found[i]);
  };
  int64_t k = begin;
  auto whole = [&](const T* from) HWY_ATTR { return hn::LoadU(d, from); };
  for (; k + 2 * lanes <= end; k += 2 * lanes) walk(k, whole, whole);
  for (; k < end; k += lanes) {
    const auto rest = static_cast<std::size_t>(std::min(lanes, end - k));
    walk(
        k, [&](const T* from) HWY_ATTR { return load_part(d, from, rest); },
        [&](const T*) HWY_ATTR { return hn::Zero(d); });
  }
}

struct Largest : Max {
  static double of(double a, double b) { return a > b || a != a ? a : b; }
  template <class V>
  static HWY_INLINE auto beyond(V v, V best) {
    return hn::Or(hn::Gt(v, best), hn::AndNot(hn::IsNaN(best), hn::IsNaN(v)));
  }
};
struct Smallest : Min {
  static double of(double a, double b) { return a < b || a != a ? a : b; }
  template <class V>
  static HWY_INLINE auto beyond(V v, V best) {
    return hn::Or(hn::Lt(v, best), hn::AndNot(hn::IsNaN(best), hn::IsNaN(v)));
  }
};

template <class T>
void any_rows(bool largest, int64_t rows, int64_t n, const T* x, int64_t* at) {
  largest ? rows_of<Largest>(rows, n, x, at) : rows_of<Smallest>(rows, n, x, at);
}
template <class T>
void any_columns(bool largest, int64_t rows, int64_t columns, int64_t begin, int64_t end, const T* x, int64_t* at) {
  largest ? columns_of<Largest>(rows, columns, begin, end, x, at)
          : columns_of<Smallest>(rows, columns, begin, end, x, at);
}
void rows_f32(bool largest, int64_t rows, int64_t n, const float* x, int64_t* at) { any_rows(largest, rows, n, x, at); }
void rows_f64(bool largest, int64_t rows, int64_t n, const double* x, int64_t* at) {
  any_rows(largest, rows, n, x, at);
}
void columns_f32(bool largest, int64_t rows, int64_t columns, int64_t begin, int64_t end, const float* x, int64_t* at) {
  any_columns(largest, rows, columns, begin, end, x, at);
}
void columns_f64(bool largest, int64_t rows, int64_t columns, int64_t begin, int64_t end, const double* x,
                 int64_t* at) {
  any_columns(largest, rows, columns, begin, end, x, at);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(rows_f32);
HWY_EXPORT(rows_f64);
HWY_EXPORT(columns_f32);
HWY_EXPORT(columns_f64);

constexpr int64_t kGrain = 1 << 15;  // elements worth a thread
constexpr int64_t kColumns = 1024;   // of one share, whole vectors; 4 KiB of a row

template <class T, class Function>
void spread_rows(Function function, bool largest, int64_t rows, int64_t n, const T* x, int64_t* at) {
  parallel_for(rows, std::max<int64_t>(1, kGrain / n),
               [&](int64_t begin, int64_t end) { function(largest, end - begin, n, x + begin * n, at + begin); });
}
template <class T, class Function>
void spread_columns(Function function, bool largest, int64_t batch, int64_t rows, int64_t columns, const T* x,
                    int64_t* at) {
  const int64_t blocks = (columns + kColumns - 1) / kColumns, work = rows * std::min(columns, kColumns);
  parallel_for(batch * blocks, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / blocks, k = i % blocks * kColumns;
      function(largest, rows, columns, k, std::min(columns, k + kColumns), x + b * rows * columns, at + b * columns);
    }
  });
}

}  // namespace

template <>
void extreme_in_rows(bool largest, int64_t rows, int64_t n, const float* x, int64_t* at) {
  ensure_target();
  spread_rows(HWY_DYNAMIC_DISPATCH(rows_f32), largest, rows, n, x, at);
}
template <>
void extreme_in_rows(bool largest, int64_t rows, int64_t n, const double* x, int64_t* at) {
  ensure_target();
  spread_rows(HWY_DYNAMIC_DISPATCH(rows_f64), largest, rows, n, x, at);
}
template <>
void extreme_in_columns(bool largest, int64_t batch, int64_t rows, int64_t columns, const float* x, int64_t* at) {
  ensure_target();
  spread_columns(HWY_DYNAMIC_DISPATCH(columns_f32), largest, batch, rows, columns, x, at);
}
template <>
void extreme_in_columns(bool largest, int64_t batch, int64_t rows, int64_t columns, const double* x, int64_t* at) {
  ensure_target();
  spread_columns(HWY_DYNAMIC_DISPATCH(columns_f64), largest, batch, rows, columns, x, at);
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
