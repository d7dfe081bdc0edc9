// Two to four dense parts woven into one run and taken apart again, for one SIMD target: the channels of images. For
// strided_copy.cpp.
#if defined(KORREL_INTERLEAVE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_INTERLEAVE_INL_H_
#undef KORREL_INTERLEAVE_INL_H_
#else
#define KORREL_INTERLEAVE_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// to[i * kParts + c] = from[c * part + i]: channels that come together, as in NCHW to NHWC of images.
template <int kParts, class T>
void interleave_parts(int64_t n, T* HWY_RESTRICT to, const T* HWY_RESTRICT from, int64_t part) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto a = hn::LoadU(d, from + i), b = hn::LoadU(d, from + part + i);
    if constexpr (kParts == 2) {
      hn::StoreInterleaved2(a, b, d, to + i * kParts);
    } else {
      const auto c = hn::LoadU(d, from + 2 * part + i);
      if constexpr (kParts == 3)
        hn::StoreInterleaved3(a, b, c, d, to + i * kParts);
      else
        hn::StoreInterleaved4(a, b, c, hn::LoadU(d, from + 3 * part + i), d, to + i * kParts);
    }
  }
  for (; i < n; ++i)
    for (int c = 0; c < kParts; ++c) to[i * kParts + c] = from[c * part + i];
}
// to[c * part + i] = from[i * kParts + c], the way back.
template <int kParts, class T>
void separate_parts(int64_t n, T* HWY_RESTRICT to, const T* HWY_RESTRICT from, int64_t part) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> v[4];
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    if constexpr (kParts == 2)
      hn::LoadInterleaved2(d, from + i * kParts, v[0], v[1]);
    else if constexpr (kParts == 3)
      hn::LoadInterleaved3(d, from + i * kParts, v[0], v[1], v[2]);
    else
      hn::LoadInterleaved4(d, from + i * kParts, v[0], v[1], v[2], v[3]);
#pragma GCC unroll 4
    for (int c = 0; c < kParts; ++c) hn::StoreU(v[c], d, to + c * part + i);
  }
  for (; i < n; ++i)
    for (int c = 0; c < kParts; ++c) to[c * part + i] = from[i * kParts + c];
}
// `together`: weaves; else takes apart.
template <class T>
void weave(bool together, int64_t parts, int64_t n, T* to, const T* from, int64_t part) {
  using Function = void (*)(int64_t, T*, const T*, int64_t);
  constexpr Function functions[2][3] = {{separate_parts<2, T>, separate_parts<3, T>, separate_parts<4, T>},
                                        {interleave_parts<2, T>, interleave_parts<3, T>, interleave_parts<4, T>}};
  functions[together][parts - 2](n, to, from, part);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_INTERLEAVE_INL_H_
