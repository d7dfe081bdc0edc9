// One row of a softmax at a time: its largest element, its sum of exponentials, products with it. What softmax.cpp and
// attention.cpp share; compiled per SIMD target.
#if defined(KORREL_SOFTMAX_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_SOFTMAX_ROWS_INL_H_
#undef KORREL_SOFTMAX_ROWS_INL_H_
#else
#define KORREL_SOFTMAX_ROWS_INL_H_
#endif

#include <cstdint>
#include <limits>

#include <hwy/highway.h>

#include <korrel/framework/kernels/math-inl.h>
#include <korrel/framework/kernels/partial_vector-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// A row in memory: whole vectors, then one part, whose missing lanes read as `fill`.
template <class T>
struct RowOf {
  const T* x;
  int64_t n;

  static constexpr hn::ScalableTag<T> d{};
  static HWY_INLINE int64_t lanes() { return static_cast<int64_t>(hn::Lanes(d)); }
  HWY_INLINE int64_t whole() const { return n / lanes() * lanes(); }
  HWY_INLINE std::size_t rest() const { return static_cast<std::size_t>(n - whole()); }
  HWY_INLINE auto last(hn::Vec<hn::ScalableTag<T>> fill) const {
    return hn::IfThenElse(hn::FirstN(d, rest()), load_part(d, x + whole(), rest()), fill);
  }
};

template <class T>
HWY_INLINE T largest(const RowOf<T>& row) {
  const auto d = row.d;
  const auto low = hn::Set(d, -std::numeric_limits<T>::infinity());
  const int64_t lanes = row.lanes();
  auto m0 = low, m1 = low, m2 = low, m3 = low;
  int64_t i = 0;
  for (; i + 4 * lanes <= row.n; i += 4 * lanes) {
    m0 = hn::Max(m0, hn::LoadU(d, row.x + i));
    m1 = hn::Max(m1, hn::LoadU(d, row.x + i + lanes));
    m2 = hn::Max(m2, hn::LoadU(d, row.x + i + 2 * lanes));
    m3 = hn::Max(m3, hn::LoadU(d, row.x + i + 3 * lanes));
  }
  for (; i < row.whole(); i += lanes) m0 = hn::Max(m0, hn::LoadU(d, row.x + i));
  if (row.rest() > 0) m1 = hn::Max(m1, row.last(low));
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(m0, m1), hn::Max(m2, m3))));
}

// The sum of exp(x - shift), and each of them to y if kStore.
template <bool kStore, class T>
HWY_INLINE T sum_of_exponentials(const RowOf<T>& row, T shift, T* y) {
  const auto d = row.d;
  const auto high = hn::Set(d, shift);
  const int64_t lanes = row.lanes();
  auto s0 = hn::Zero(d), s1 = hn::Zero(d);
  int64_t i = 0;
  for (; i + 2 * lanes <= row.n; i += 2 * lanes) {
    const auto e0 = math::exp(d, hn::Sub(hn::LoadU(d, row.x + i), high));
    const auto e1 = math::exp(d, hn::Sub(hn::LoadU(d, row.x + i + lanes), high));
    if (kStore) hn::StoreU(e0, d, y + i);
    if (kStore) hn::StoreU(e1, d, y + i + lanes);
    s0 = hn::Add(s0, e0);
    s1 = hn::Add(s1, e1);
  }
  for (; i < row.whole(); i += lanes) {
    const auto e = math::exp(d, hn::Sub(hn::LoadU(d, row.x + i), high));
    if (kStore) hn::StoreU(e, d, y + i);
    s0 = hn::Add(s0, e);
  }
  if (row.rest() > 0) {
    const auto there = hn::FirstN(d, row.rest());
    const auto e = hn::IfThenElseZero(there, math::exp(d, hn::Sub(row.last(high), high)));
    if (kStore) store_part(e, d, y + i, row.rest());
    s1 = hn::Add(s1, e);
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(s0, s1)));
}

// y = f(x), element by element.
template <class T, class F>
HWY_INLINE void map_row(const RowOf<T>& row, T* y, F f) {
  const auto d = row.d;
  for (int64_t i = 0; i < row.whole(); i += row.lanes()) hn::StoreU(f(hn::LoadU(d, row.x + i)), d, y + i);
  if (row.rest() > 0) store_part(f(load_part(d, row.x + row.whole(), row.rest())), d, y + row.whole(), row.rest());
}

// sum(a) or, with b, sum(a b).
template <class T>
HWY_INLINE T dot(const RowOf<T>& a, const T* b) {
  const auto d = a.d;
  const int64_t lanes = a.lanes();
  const auto one = hn::Set(d, T(1));
  auto s0 = hn::Zero(d), s1 = hn::Zero(d);
  int64_t i = 0;
  for (; i + 2 * lanes <= a.n; i += 2 * lanes) {
    s0 = hn::MulAdd(hn::LoadU(d, a.x + i), b ? hn::LoadU(d, b + i) : one, s0);
    s1 = hn::MulAdd(hn::LoadU(d, a.x + i + lanes), b ? hn::LoadU(d, b + i + lanes) : one, s1);
  }
  for (; i < a.whole(); i += lanes) s0 = hn::MulAdd(hn::LoadU(d, a.x + i), b ? hn::LoadU(d, b + i) : one, s0);
  if (a.rest() > 0) s1 = hn::MulAdd(load_part(d, a.x + i, a.rest()), b ? load_part(d, b + i, a.rest()) : one, s1);
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(s0, s1)));
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_SOFTMAX_ROWS_INL_H_
