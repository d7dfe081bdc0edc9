// Row functions from functors, for one SIMD target. An op's source defines a functor per op,
//   struct Add {
//     auto operator()(auto d, auto a, auto b) const { return hn::Add(a, b); }          // vectors of f32 and f64
//     template <class T> static T plain(T a, T b) { return a + b; }                    // where it exists: i64, u8, bool
//   };
//   void add_rows(const kernels::Row& row) { kernels::map2<Add>(row); }
// and exports it with HWY_EXPORT(add_rows). A functor with numbers of its own is constructed from row.params.
// The tail of a row runs through the same vector arithmetic as its body: same bits wherever a row begins or ends.
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

template <class F, class T>
HWY_INLINE void simd1(const Row& row) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d), n = static_cast<std::size_t>(row.n);
  const F f = functor_of<F>(row);
  const T* x = static_cast<const T*>(row.in[0]);
  T* y = static_cast<T*>(row.out);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, hn::LoadU(d, x + i)), d, y + i);
  if (i < n) store_part(f(d, load_part(d, x + i, n - i)), d, y + i, n - i);
}

// A and B: whether that input is one element for the row.
template <class F, class T, bool A, bool B>
HWY_INLINE void simd2(const Row& row) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d), n = static_cast<std::size_t>(row.n);
  const F f = functor_of<F>(row);
  const T* a = static_cast<const T*>(row.in[0]);
  const T* b = static_cast<const T*>(row.in[1]);
  T* y = static_cast<T*>(row.out);
  const auto one = hn::Set(d, A ? *a : *b);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    auto va = one, vb = one;
    if constexpr (!A) va = hn::LoadU(d, a + i);
    if constexpr (!B) vb = hn::LoadU(d, b + i);
    hn::StoreU(f(d, va, vb), d, y + i);
  }
  if (i < n) {
    auto va = one, vb = one;
    if constexpr (!A) va = load_part(d, a + i, n - i);
    if constexpr (!B) vb = load_part(d, b + i, n - i);
    store_part(f(d, va, vb), d, y + i, n - i);
  }
}

template <class F, class T>
HWY_INLINE void simd3(const Row& row) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d), n = static_cast<std::size_t>(row.n);
  const F f = functor_of<F>(row);
  const T* a = static_cast<const T*>(row.in[0]);
  const T* b = static_cast<const T*>(row.in[1]);
  const T* c = static_cast<const T*>(row.in[2]);
  T* y = static_cast<T*>(row.out);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    hn::StoreU(f(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i), hn::LoadU(d, c + i)), d, y + i);
  if (i < n) {
    std::size_t m = n - i;
    store_part(f(d, load_part(d, a + i, m), load_part(d, b + i, m), load_part(d, c + i, m)), d, y + i, m);
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
inline constexpr bool has_plain1 = requires(const F f, T x) { f.plain(x); };
template <class F, class T>
inline constexpr bool has_plain2 = requires(const F f, T x) { f.plain(x, x); };

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
  row.dtype == f32 ? simd3<F, float>(row) : simd3<F, double>(row);
}

// The result is bool, whatever the inputs are.
template <class F>
HWY_INLINE void predicate1(const Row& row) {
  switch (row.dtype) {
    case f32: return plain1<F, float, bool>(row);
    case f64: return plain1<F, double, bool>(row);
    case i64: return plain1<F, int64_t, bool>(row);
    case u8: return plain1<F, uint8_t, bool>(row);
    case boolean: return plain1<F, bool, bool>(row);
  }
}
template <class F>
HWY_INLINE void predicate2(const Row& row) {
  switch (row.dtype) {
    case f32: return plain2<F, float, bool>(row);
    case f64: return plain2<F, double, bool>(row);
    case i64: return plain2<F, int64_t, bool>(row);
    case u8: return plain2<F, uint8_t, bool>(row);
    case boolean: return plain2<F, bool, bool>(row);
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
