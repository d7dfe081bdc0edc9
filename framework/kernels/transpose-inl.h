// Transposes small blocks in registers: what packing needs where the source does not lie in the panel's direction.
#if defined(KORREL_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_TRANSPOSE_INL_H_
#undef KORREL_TRANSPOSE_INL_H_
#else
#define KORREL_TRANSPOSE_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/kernels/partial_vectors-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// rows[i] lane j <-> rows[j] lane i, for as many vectors as a vector has lanes: exchanges lanes at distance 1, 2, 4,
// ...
template <class T, class V>
HWY_INLINE void transpose_vectors(V* HWY_RESTRICT rows) {
#if HWY_TARGET == HWY_SCALAR
  (void)rows;
#else
  const hn::ScalableTag<T> d;
  constexpr int kLanes = static_cast<int>(hn::MaxLanes(d));
  constexpr int kBlock = 16 / sizeof(T);  // lanes of a 128-bit block
  if constexpr (kBlock == 4) {
    const hn::Repartition<double, decltype(d)> d64;
    V pairs[kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i += 4) {
      pairs[i] = hn::InterleaveLower(d, rows[i], rows[i + 1]);
      pairs[i + 1] = hn::InterleaveUpper(d, rows[i], rows[i + 1]);
      pairs[i + 2] = hn::InterleaveLower(d, rows[i + 2], rows[i + 3]);
      pairs[i + 3] = hn::InterleaveUpper(d, rows[i + 2], rows[i + 3]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i += 4) {
      const auto a = hn::BitCast(d64, pairs[i]), b = hn::BitCast(d64, pairs[i + 1]), c = hn::BitCast(d64, pairs[i + 2]),
                 e = hn::BitCast(d64, pairs[i + 3]);
      rows[i] = hn::BitCast(d, hn::InterleaveLower(d64, a, c));
      rows[i + 1] = hn::BitCast(d, hn::InterleaveUpper(d64, a, c));
      rows[i + 2] = hn::BitCast(d, hn::InterleaveLower(d64, b, e));
      rows[i + 3] = hn::BitCast(d, hn::InterleaveUpper(d64, b, e));
    }
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i += 2) {
      const V a = rows[i], b = rows[i + 1];
      rows[i] = hn::InterleaveLower(d, a, b);
      rows[i + 1] = hn::InterleaveUpper(d, a, b);
    }
  }
#if HWY_TARGET == HWY_AVX3
  static_assert(kLanes == 4 * kBlock);
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; i += 2 * kBlock) {
#pragma GCC unroll 16
    for (int j = i; j < i + kBlock; ++j) {
      const V a = rows[j], b = rows[j + kBlock];
      rows[j] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(b), a);
      rows[j + kBlock] = hn::OddEvenBlocks(b, hn::SwapAdjacentBlocks(a));
    }
  }
#endif
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
#pragma GCC unroll 16
  for (int j = 0; j < kLanes / 2; ++j) {
    const V a = rows[j], b = rows[j + kLanes / 2];
    rows[j] = hn::ConcatLowerLower(d, b, a);
    rows[j + kLanes / 2] = hn::ConcatUpperUpper(d, b, a);
  }
#endif
#endif
}

// to[c * to_stride + r] = from[r * from_stride + c] for r < rows and c < columns, both at most the lanes of a vector.
// Writes whole vectors, zero for r >= rows, unless kExact.
template <bool kExact = false, class T>
HWY_INLINE void transpose_block(const T* HWY_RESTRICT from, int64_t from_stride, int64_t rows, int64_t columns,
                                T* HWY_RESTRICT to, int64_t to_stride) {
  const hn::ScalableTag<T> d;
  constexpr int kLanes = static_cast<int>(hn::MaxLanes(d));
  hn::Vec<decltype(d)> block[kLanes];  // indexed by constants only, so that it stays in registers
  if (rows == kLanes && columns == kLanes) {
#pragma GCC unroll 16
    for (int r = 0; r < kLanes; ++r) block[r] = hn::LoadU(d, from + r * from_stride);
    transpose_vectors<T>(block);
#pragma GCC unroll 16
    for (int c = 0; c < kLanes; ++c) hn::StoreU(block[c], d, to + c * to_stride);
  } else {  // a panel of rows has 12 of 16 lanes
#pragma GCC unroll 16
    for (int r = 0; r < kLanes; ++r) block[r] = r < rows ? load_first(from + r * from_stride, columns) : hn::Zero(d);
    transpose_vectors<T>(block);
#pragma GCC unroll 16
    for (int c = 0; c < kLanes; ++c) {
      if (c >= columns) break;
      if constexpr (kExact) {
        store_first(block[c], rows, to + c * to_stride);
      } else {
        hn::StoreU(block[c], d, to + c * to_stride);
      }
    }
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_TRANSPOSE_INL_H_
