// Loads and stores of some lanes of a vector that touch no memory beyond them.
#if defined(KORREL_PARTIAL_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_PARTIAL_VECTORS_INL_H_
#undef KORREL_PARTIAL_VECTORS_INL_H_
#else
#define KORREL_PARTIAL_VECTORS_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// The lanes whose bits are set in `lanes`, zero in the others.
template <class T>
HWY_INLINE hn::Vec<hn::ScalableTag<T>> masked_load(const T* HWY_RESTRICT source, uint64_t lanes) {
  const hn::ScalableTag<T> d;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  // Lanes that are masked out are not touched, even beyond the end of an array.
  uint8_t bits[8];
  hwy::CopyBytes<8>(&lanes, bits);
  return hn::MaskedLoad(hn::LoadMaskBits(d, bits), d, source);
#else
  HWY_ALIGN T values[hn::MaxLanes(d)] = {};
  for (int i = 0; i < static_cast<int>(hn::MaxLanes(d)); ++i) {
    if (lanes >> i & 1) values[i] = source[i];
  }
  return hn::Load(d, values);
#endif
}

// The first `count` lanes from `from`, zero in the others; nothing beyond is touched.
template <class T>
HWY_INLINE hn::Vec<hn::ScalableTag<T>> load_first(const T* HWY_RESTRICT from, int64_t count) {
  const hn::ScalableTag<T> d;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(count)), d, from);
#else
  HWY_ALIGN T values[hn::MaxLanes(d)];
  for (int64_t i = 0; i < static_cast<int64_t>(hn::MaxLanes(d)); ++i) values[i] = i < count ? from[i] : T{0};
  return hn::Load(d, values);
#endif
}

// The first `count` lanes to `to`; nothing beyond is touched.
template <class T>
HWY_INLINE void store_first(hn::Vec<hn::ScalableTag<T>> vector, int64_t count, T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(d));
  if (count == kLanes) {
    hn::StoreU(vector, d, to);
  } else {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
    hn::BlendedStore(vector, hn::FirstN(d, static_cast<size_t>(count)), d, to);
#else
    HWY_ALIGN T values[kLanes];
    hn::Store(vector, d, values);
    for (int64_t i = 0; i < count; ++i) to[i] = values[i];
#endif
  }
}

// to[j] = from[j], or to[j] += from[j], for j < count.
template <class T>
HWY_INLINE void copy_or_add(const T* HWY_RESTRICT from, int64_t count, bool add, T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(d));
  for (; count >= kLanes; count -= kLanes, from += kLanes, to += kLanes) {
    hn::StoreU(add ? hn::Add(hn::LoadU(d, to), hn::LoadU(d, from)) : hn::LoadU(d, from), d, to);
  }
  if (count > 0) {
    const auto vector = load_first(from, count);
    store_first(add ? hn::Add(load_first(to, count), vector) : vector, count, to);
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_PARTIAL_VECTORS_INL_H_
