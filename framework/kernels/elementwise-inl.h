// Row functions from functors, for one SIMD target. An op's source defines a functor per op,
//   struct Add {
//     auto operator()(auto d, auto a, auto b) const { return hn::Add(a, b); }          // vectors of f32 and f64
//     template <class T> static T plain(T a, T b) { return a + b; }                    // where it exists: i64, u8,
//     bool
//   };
//   void add_rows(const kernels::Row& row) { kernels::map2<Add>(row); }
// and exports it with HWY_EXPORT(add_rows). A functor with numbers of its own is constructed from row.params; one that
// says `static constexpr bool through_f64 = true` sees f32 as f64. The tail of a row runs through the same vector
// arithmetic as its body: same bits wherever a row begins or ends.
#if defined(KORREL_KERNELS_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_KERNELS_ELEMENTWISE_INL_H_
#undef KORREL_KERNELS_ELEMENTWISE_INL_H_
#else
#define KORREL_KERNELS_ELEMENTWISE_INL_H_
#endif

#include <type_traits>

#include <korrel/framework/kernels/elementwise.h>

#include <hwy/highway.h>

#include <korrel/framework/kernels/partial_vector-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class F>
HWY_INLINE F functor_of(const Row& row) {
  if constexpr (std::is_constructible_v<F, const double*>)
    return F(row.params);
  else
    return F();
}

// How elements of type T travel between memory and the vectors that are computed with.
template <class T>
struct Direct {
  static constexpr hn::ScalableTag<T> d{};
  static HWY_INLINE auto load(const T* p) { return hn::LoadU(d, p); }
  static HWY_INLINE auto load(const T* p, std::size_t n) { return load_part(d, p, n); }
  static HWY_INLINE auto set(T value) { return hn::Set(d, value); }
  static HWY_INLINE void store(auto v, T* p) { hn::StoreU(v, d, p); }
  static HWY_INLINE void store(auto v, T* p, std::size_t n) { store_part(v, d, p, n); }
};
// f32 in memory, f64 in the vectors: for functions where speed matters less than every last digit.
struct Widened {
  static constexpr hn::ScalableTag<double> d{};
  static constexpr hn::Rebind<float, hn::ScalableTag<double>> memory{};
  static HWY_INLINE auto load(const float* p) { return hn::PromoteTo(d, hn::LoadU(memory, p)); }
  static HWY_INLINE auto load(const float* p, std::size_t n) { return hn::PromoteTo(d, load_part(memory, p, n)); }
  static HWY_INLINE auto set(float value) { return hn::Set(d, static_cast<double>(value)); }
  static HWY_INLINE void store(auto v, float* p) { hn::StoreU(narrowed(v), memory, p); }
  static HWY_INLINE void store(auto v, float* p, std::size_t n) { store_part(narrowed(v), memory, p, n); }

 private:
  static HWY_INLINE auto narrowed(auto v) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR  // whose DemoteTo makes the largest number of an infinity
    HWY_ALIGN double wide[hn::MaxLanes(d)];
    HWY_ALIGN float narrow[hn::MaxLanes(d)];
    hn::Store(v, d, wide);
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) narrow[i] = static_cast<float>(wide[i]);
    return hn::Load(memory, narrow);
#else
    return hn::DemoteTo(memory, v);
#endif
  }
};
template <class F, class T>
using LanesOf = std::conditional_t < std::is_same_v<T, float>&& requires {
  F::through_f64;
}
, Widened, Direct < T >> ;

template <class F, class T>
HWY_INLINE void simd1(const Row& row) {
  using L = LanesOf<F, T>;
  const std::size_t lanes = hn::Lanes(L::d), n = static_cast<std::size_t>(row.n);
  const F f = functor_of<F>(row);
  const T* x = static_cast<const T*>(row.in[0]);
  T* y = static_cast<T*>(row.out);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) L::store(f(L::d, L::load(x + i)), y + i);
  if (i < n) L::store(f(L::d, L::load(x + i, n - i)), y + i, n - i);
}

// A and B: whether that input is one element for the row.
template <class F, class T, bool A, bool B>
HWY_INLINE void simd2(const Row& row) {
  using L = LanesOf<F, T>;
  const std::size_t lanes = hn::Lanes(L::d), n = static_cast<std::size_t>(row.n);
  const F f = functor_of<F>(row);
  const T* a = static_cast<const T*>(row.in[0]);
  const T* b = static_cast<const T*>(row.in[1]);
  T* y = static_cast<T*>(row.out);
  const auto one = L::set(A ? *a : *b);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    auto va = one, vb = one;
    if constexpr (!A) va = L::load(a + i);
    if constexpr (!B) vb = L::load(b + i);
    L::store(f(L::d, va, vb), y + i);
  }
  if (i < n) {
    auto va = one, vb = one;
    if constexpr (!A) va = L::load(a + i, n - i);
    if constexpr (!B) vb = L::load(b + i, n - i);
    L::store(f(L::d, va, vb), y + i, n - i);
  }
}

template <class F, class T>
HWY_INLINE void simd3(const Row& row) {
  using L = LanesOf<F, T>;
  const std::size_t lanes = hn::Lanes(L::d), n = static_cast<std::size_t>(row.n);
  const F f = functor_of<F>(row);
  const T* a = static_cast<const T*>(row.in[0]);
  const T* b = static_cast<const T*>(row.in[1]);
  const T* c = static_cast<const T*>(row.in[2]);
  T* y = static_cast<T*>(row.out);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) L::store(f(L::d, L::load(a + i), L::load(b + i), L::load(c + i)), y + i);
  if (i < n) {
    const std::size_t m = n - i;
    L::store(f(L::d, L::load(a + i, m), L::load(b + i, m), L::load(c + i, m)), y + i, m);
  }
}

// One input through F::plain, element by element; R is the result's type.
template <class F, class T, class R = T>
HWY_INLINE void plain1(const Row& row) {
  const F f = functor_of<F>(row);
  const T* x = static_cast<const T*>(row.in[0]);
  R* y = static_cast<R*>(row.out);
  for (int64_t i = 0; i < row.n; ++i) y[i] = f.plain(x[i]);
}
template <class F, class T, class R = T>
HWY_INLINE void plain2(const Row& row) {
  const F f = functor_of<F>(row);
  const T* a = static_cast<const T*>(row.in[0]);
  const T* b = static_cast<const T*>(row.in[1]);
  R* y = static_cast<R*>(row.out);
  if (row.broadcast == 1) {
    const T one = *a;
    for (int64_t i = 0; i < row.n; ++i) y[i] = f.plain(one, b[i]);
  } else if (row.broadcast == 2) {
    const T one = *b;
    for (int64_t i = 0; i < row.n; ++i) y[i] = f.plain(a[i], one);
  } else {
    for (int64_t i = 0; i < row.n; ++i) y[i] = f.plain(a[i], b[i]);
  }
}

template <class F, class T>
HWY_INLINE void plain3(const Row& row) {
  const F f = functor_of<F>(row);
  const T* a = static_cast<const T*>(row.in[0]);
  const T* b = static_cast<const T*>(row.in[1]);
  const T* c = static_cast<const T*>(row.in[2]);
  T* y = static_cast<T*>(row.out);
  for (int64_t i = 0; i < row.n; ++i) y[i] = f.plain(a[i], b[i], c[i]);
}

template <class F, class T>
inline constexpr bool has_plain1 = requires(const F f, T x) {
  f.plain(x);
};
template <class F, class T>
inline constexpr bool has_plain2 = requires(const F f, T x) {
  f.plain(x, x);
};
template <class F, class T>
inline constexpr bool has_plain3 = requires(const F f, T x) {
  f.plain(x, x, x);
};

template <class F>
HWY_INLINE void map1(const Row& row) {
  if (row.dtype == f32) return simd1<F, float>(row);
  if (row.dtype == f64) return simd1<F, double>(row);
  if constexpr (has_plain1<F, int64_t>) {
    if (row.dtype == i64) return plain1<F, int64_t>(row);
    if (row.dtype == u8) return plain1<F, uint8_t>(row);
    return plain1<F, bool>(row);
  }
}

template <class F, class T>
HWY_INLINE void simd2(const Row& row) {
  if (row.broadcast == 0) return simd2<F, T, false, false>(row);
  if (row.broadcast == 1) return simd2<F, T, true, false>(row);
  return simd2<F, T, false, true>(row);
}
template <class F>
HWY_INLINE void map2(const Row& row) {
  if (row.dtype == f32) return simd2<F, float>(row);
  if (row.dtype == f64) return simd2<F, double>(row);
  if constexpr (has_plain2<F, int64_t>) {
    if (row.dtype == i64) return plain2<F, int64_t>(row);
    if (row.dtype == u8) return plain2<F, uint8_t>(row);
    return plain2<F, bool>(row);
  }
}

template <class F>
HWY_INLINE void map3(const Row& row) {
  if (row.dtype == f32) return simd3<F, float>(row);
  if (row.dtype == f64) return simd3<F, double>(row);
  if constexpr (has_plain3<F, int64_t>) {
    if (row.dtype == i64) return plain3<F, int64_t>(row);
    if (row.dtype == u8) return plain3<F, uint8_t>(row);
    return plain3<F, bool>(row);
  }
}

// Floating functions that the C library computes, element by element.
template <class F>
HWY_INLINE void scalar1(const Row& row) {
  row.dtype == f32 ? plain1<F, float>(row) : plain1<F, double>(row);
}
template <class F>
HWY_INLINE void scalar2(const Row& row) {
  switch (row.dtype) {
    case f32:
      return plain2<F, float>(row);
    case f64:
      return plain2<F, double>(row);
    default:
      break;
  }
  if constexpr (has_plain2<F, int64_t>) {
    if (row.dtype == i64) return plain2<F, int64_t>(row);
    if (row.dtype == u8) return plain2<F, uint8_t>(row);
  }
}

// The result is bool, whatever the inputs are.
template <class F>
HWY_INLINE void predicate1(const Row& row) {
  switch (row.dtype) {
    case f32:
      return plain1<F, float, bool>(row);
    case f64:
      return plain1<F, double, bool>(row);
    case i64:
      return plain1<F, int64_t, bool>(row);
    case u8:
      return plain1<F, uint8_t, bool>(row);
    case boolean:
      return plain1<F, bool, bool>(row);
  }
}
template <class F>
HWY_INLINE void predicate2(const Row& row) {
  switch (row.dtype) {
    case f32:
      return plain2<F, float, bool>(row);
    case f64:
      return plain2<F, double, bool>(row);
    case i64:
      return plain2<F, int64_t, bool>(row);
    case u8:
      return plain2<F, uint8_t, bool>(row);
    case boolean:
      return plain2<F, bool, bool>(row);
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
