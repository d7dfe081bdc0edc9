// What the normalisations share, for one SIMD target: loops over a run of numbers with parameters per run or per
// element, and the sums behind mean, variance and gradient. For batch_norm.cpp and row_norm.cpp.
#if defined(KORREL_KERNELS_NORMALIZATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_KERNELS_NORMALIZATION_INL_H_
#undef KORREL_KERNELS_NORMALIZATION_INL_H_
#else
#define KORREL_KERNELS_NORMALIZATION_INL_H_
#endif

#include <algorithm>

#include <korrel/framework/kernels/fold-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

constexpr int64_t kBlock = 8192;  // elements that are summed in T

// A parameter of every element of a run: the same for all, or each its own.
template <class T>
struct Same {
  T value;
  HWY_INLINE auto at(int64_t) const { return hn::Set(hn::ScalableTag<T>(), value); }
  HWY_INLINE auto at(int64_t, std::size_t) const { return at(0); }
};
template <class T>
struct Each {
  const T* values;
  HWY_INLINE auto at(int64_t i) const { return hn::LoadU(hn::ScalableTag<T>(), values + i); }
  HWY_INLINE auto at(int64_t i, std::size_t n) const { return load_part(hn::ScalableTag<T>(), values + i, n); }
};

// Calls f(load, store, offset) for the vectors of a run of n numbers, the last one perhaps a part; load(p) reads a
// vector at p + offset, or what is there of it, with zeros for the rest.
template <class T, class F>
HWY_INLINE void for_each_vector(int64_t n, F f) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    f([&](const auto& from) HWY_ATTR { return from.at(i); }, [&](auto v, T* to) HWY_ATTR { hn::StoreU(v, d, to + i); });
  if (const auto rest = static_cast<std::size_t>(n - i); rest > 0)
    f([&](const auto& from) HWY_ATTR { return from.at(i, rest); },
      [&](auto v, T* to) HWY_ATTR { store_part(v, d, to + i, rest); });
}

template <class Op, class T>
double fold_run(const T* x, int64_t n, T centre) {
  double total = 0;
  for (int64_t i = 0; i < n; i += kBlock) total += fold_block<Op>(x + i, std::min(kBlock, n - i), centre);
  return total;
}

// sum(g w) and sum(g w (x - mean)) of a run; g and w are parameters of its elements, g zero beyond its end.
struct Products {
  double first = 0, second = 0;
};
template <class T, class Gradient, class Weight>
Products products(int64_t n, const T* x, Gradient gy, T mean, Weight weight) {
  const hn::ScalableTag<T> d;
  const auto centre = hn::Set(d, mean);
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Products total;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(n, begin + kBlock);
    auto f0 = hn::Zero(d), f1 = f0, s0 = f0, s1 = f0;
    int64_t i = begin;
    for (; i + 2 * lanes <= end; i += 2 * lanes) {
      const auto g0 = hn::Mul(gy.at(i), weight.at(i)), g1 = hn::Mul(gy.at(i + lanes), weight.at(i + lanes));
      f0 = hn::Add(f0, g0);
      f1 = hn::Add(f1, g1);
      s0 = hn::MulAdd(g0, hn::Sub(hn::LoadU(d, x + i), centre), s0);
      s1 = hn::MulAdd(g1, hn::Sub(hn::LoadU(d, x + i + lanes), centre), s1);
    }
    for (; i < end; i += lanes) {
      const auto count = static_cast<std::size_t>(std::min(lanes, end - i));
      const auto g = hn::Mul(gy.at(i, count), weight.at(i, count));
      f0 = hn::Add(f0, g);
      s0 = hn::MulAdd(g, hn::Sub(load_part(d, x + i, count), centre), s0);
    }
    total.first += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(f0, f1))));
    total.second += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(s0, s1))));
  }
  return total;
}

// One thread's share is worth at least this many elements: some 10 us.
constexpr int64_t kGrain = 32768;

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
