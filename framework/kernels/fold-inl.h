// Sums, products and extrema of a run of numbers, or of rows on top of each other, for one SIMD target. For the sources
// of kernels that reduce: reduction.cpp, normalization.cpp.
#if defined(KORREL_KERNELS_FOLD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_KERNELS_FOLD_INL_H_
#undef KORREL_KERNELS_FOLD_INL_H_
#else
#define KORREL_KERNELS_FOLD_INL_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <hwy/highway.h>

#include <korrel/framework/kernels/partial_vector-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// A fold: map() is applied to every element (with the row's or column's centre), join() joins two, lanes() those of a
// vector.
struct Sum {
  static constexpr double start = 0;
  template <class D, class V>
  static HWY_INLINE V map(D, V v, V) {
    return v;
  }
  template <class D, class V>
  static HWY_INLINE V join(D, V a, V b) {
    return hn::Add(a, b);
  }
  template <class D, class V>
  static HWY_INLINE double lanes(D d, V v) {
    return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, v)));
  }
};
struct SquareSum : Sum {
  template <class D, class V>
  static HWY_INLINE V map(D, V v, V centre) {
    V difference = hn::Sub(v, centre);
    return hn::Mul(difference, difference);
  }
};
struct Prod {
  static constexpr double start = 1;
  template <class D, class V>
  static HWY_INLINE V map(D, V v, V) {
    return v;
  }
  template <class D, class V>
  static HWY_INLINE V join(D, V a, V b) {
    return hn::Mul(a, b);
  }
  template <class D, class V>
  static HWY_INLINE double lanes(D d, V v) {
    HWY_ALIGN hn::TFromD<D> each[hn::MaxLanes(D())];
    hn::Store(v, d, each);
    double product[2] = {1, 1};  // two chains take half the time
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) product[i % 2] *= static_cast<double>(each[i]);
    return product[0] * product[1];
  }
};
// A NaN, once met, stays: the machine's max drops one of its operands.
struct Max : Prod {
  static constexpr double start = -std::numeric_limits<double>::infinity();
  template <class D, class V>
  static HWY_INLINE V join(D, V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b);
  }
  template <class D, class V>
  static HWY_INLINE double lanes(D d, V v) {
    if (!hn::AllFalse(d, hn::IsNaN(v))) return NAN;
    return static_cast<double>(hn::GetLane(hn::MaxOfLanes(d, v)));
  }
};
struct Min : Prod {
  static constexpr double start = std::numeric_limits<double>::infinity();
  template <class D, class V>
  static HWY_INLINE V join(D, V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b);
  }
  template <class D, class V>
  static HWY_INLINE double lanes(D d, V v) {
    if (!hn::AllFalse(d, hn::IsNaN(v))) return NAN;
    return static_cast<double>(hn::GetLane(hn::MinOfLanes(d, v)));
  }
};

// The fold of n numbers.
template <class Op, class T>
HWY_NOINLINE double fold_block(const T* HWY_RESTRICT x, int64_t n, T centre) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto c = hn::Set(d, centre);
  const auto start = hn::Set(d, static_cast<T>(Op::start));
  if (n < lanes) {
    if constexpr (std::is_same_v<Op, Prod>) {
      double product = 1;
      for (int64_t i = 0; i < n; ++i) product *= static_cast<double>(x[i]);
      return product;
    }
    const auto there = hn::FirstN(d, static_cast<std::size_t>(n));
    return Op::lanes(d, hn::IfThenElse(there, Op::map(d, load_part(d, x, static_cast<std::size_t>(n)), c), start));
  }
  auto a0 = start, a1 = start, a2 = start, a3 = start, a4 = start, a5 = start, a6 = start, a7 = start;
  int64_t i = 0;
  for (; i + 8 * lanes <= n; i += 8 * lanes) {  // two loads a cycle, four cycles until a sum is there
    a0 = Op::join(d, a0, Op::map(d, hn::LoadU(d, x + i), c));
    a1 = Op::join(d, a1, Op::map(d, hn::LoadU(d, x + i + lanes), c));
    a2 = Op::join(d, a2, Op::map(d, hn::LoadU(d, x + i + 2 * lanes), c));
    a3 = Op::join(d, a3, Op::map(d, hn::LoadU(d, x + i + 3 * lanes), c));
    a4 = Op::join(d, a4, Op::map(d, hn::LoadU(d, x + i + 4 * lanes), c));
    a5 = Op::join(d, a5, Op::map(d, hn::LoadU(d, x + i + 5 * lanes), c));
    a6 = Op::join(d, a6, Op::map(d, hn::LoadU(d, x + i + 6 * lanes), c));
    a7 = Op::join(d, a7, Op::map(d, hn::LoadU(d, x + i + 7 * lanes), c));
  }
  for (; i + lanes <= n; i += lanes) a0 = Op::join(d, a0, Op::map(d, hn::LoadU(d, x + i), c));
  if (i < n) {  // the last vector once more, without the lanes that are in already
    const auto seen = hn::FirstN(d, static_cast<std::size_t>(lanes - (n - i)));
    a7 = Op::join(d, a7, hn::IfThenElse(seen, start, Op::map(d, hn::LoadU(d, x + n - lanes), c)));
  }
  a0 = Op::join(d, Op::join(d, a0, a1), Op::join(d, a2, a3));
  a4 = Op::join(d, Op::join(d, a4, a5), Op::join(d, a6, a7));
  return Op::lanes(d, Op::join(d, a0, a4));
}

// acc[k] = fold over `rows` rows of x[r * stride + k], k < columns. Eight rows at a time are joined as a tree, so
// that the running folds are read and written once for eight elements. acc has room for whole vectors.
template <class Op, class T>
HWY_NOINLINE void fold_chunk(const T* HWY_RESTRICT x, int64_t rows, int64_t stride, int64_t columns,
                             const T* HWY_RESTRICT centre, T* HWY_RESTRICT acc) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t k = 0; k < columns; ++k) acc[k] = static_cast<T>(Op::start);
  auto step = [&](int64_t k, int64_t r, auto load) HWY_ATTR {
    const auto c = centre ? load(centre + k) : hn::Zero(d);
    auto at = [&](int64_t i) HWY_ATTR { return Op::map(d, load(x + (r + i) * stride + k), c); };
    auto sum = hn::Load(d, acc + k);
    if (rows - r >= 8) {
      auto low = Op::join(d, Op::join(d, at(0), at(1)), Op::join(d, at(2), at(3)));
      auto high = Op::join(d, Op::join(d, at(4), at(5)), Op::join(d, at(6), at(7)));
      sum = Op::join(d, sum, Op::join(d, low, high));
    } else {
      for (int64_t i = 0; i < rows - r; ++i) sum = Op::join(d, sum, at(i));
    }
    hn::Store(sum, d, acc + k);
  };
  for (int64_t r = 0; r < rows; r += 8) {
    int64_t k = 0;
    for (; k + lanes <= columns; k += lanes) step(k, r, [&](const T* from) HWY_ATTR { return hn::LoadU(d, from); });
    const auto rest = static_cast<std::size_t>(columns - k);
    if (rest > 0) step(k, r, [&](const T* from) HWY_ATTR { return load_part(d, from, rest); });
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
