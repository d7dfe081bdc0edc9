// The register tile of convolutions whose lanes are channels: sums[m][...] (+)= sum over steps of a number that is read
// where it lies, at the sum of two distances, times vectors. Nothing is packed but the vectors. For the output, m is a
// position and a step is a pair of channel and tap; for the weight gradient it is the other way round.
#if defined(KORREL_BROADCAST_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_BROADCAST_TILE_INL_H_
#undef KORREL_BROADCAST_TILE_INL_H_
#else
#define KORREL_BROADCAST_TILE_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/kernels/coming_rows.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/padded_images.h>
#include <korrel/framework/kernels/partial_vectors-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// The vectors of one pass over a chunk stay in L1 (32 to 48 KiB) with some numbers while all rows pass by.
constexpr int64_t kBroadcastBytes = 32 << 10;

// Tiles that leave registers for it ask for what comes next while they multiply. Others leave it to the caller: higher
// ones, and those of 16 registers, whose steps are half as long.
constexpr bool asks_itself(int rows) { return HWY_TARGET == HWY_AVX3 && rows <= 8; }

// `vectors` has kVectors vectors per step. Sums begin at `start`, if it is not null, or add to what is there. Rows are
// kRuns runs of kWidth rows whose distances follow each other: one vector per step needs as many loads for distances as
// for numbers, and three loads a cycle are not enough for that (16 filters of 5x5: 1.3 times faster in runs).
template <class T, int kRuns, int kWidth, int kVectors>
HWY_NOINLINE void broadcast_tile(int64_t steps, const T* HWY_RESTRICT from, const int32_t* HWY_RESTRICT at,
                                 const int32_t* HWY_RESTRICT away, const T* HWY_RESTRICT vectors,
                                 const T* HWY_RESTRICT start, bool accumulate, T* HWY_RESTRICT to, int64_t to_stride,
                                 ComingRows::Stretch coming) {
  const hn::ScalableTag<T> d;
  constexpr int kLanes = Blocks<T>::kLanes;
  using V = hn::Vec<decltype(d)>;
  constexpr int kRows = kRuns * kWidth;
  V sum[kRows][kVectors];
  // 15 registers hold the addresses of 10 rows at most. The others' distances are left in memory: GCC would keep them
  // in vectors, and the way back takes a port that multiplies.
  constexpr int kNear = kRuns < 10 ? kRuns : 10;
  int64_t index[kNear];
  volatile int64_t far[kRuns];
#pragma GCC unroll 16
  for (int run = 0; run < kRuns; ++run) {
    if (run < kNear) {
      index[run] = away[run * kWidth];
    } else {
      far[run] = away[run * kWidth];
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[m][v] = start == nullptr ? hn::Zero(d) : hn::Load(d, start + v * kLanes);
  }
  for (int64_t s = 0; s < steps; ++s, vectors += kVectors * kLanes) {
    if constexpr (asks_itself(kRows)) {
      __builtin_prefetch(coming.begin, 0, 2);
      coming.begin += coming.step;
    }
    const T* base = from + at[s];
    asm("" : "+r"(base));  // else GCC adds at[s] to each row's distance
    V column[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) column[v] = hn::Load(d, vectors + v * kLanes);
#pragma GCC unroll 16
    for (int run = 0; run < kRuns; ++run) {
      const T* row = base + (run < kNear ? index[run < kNear ? run : 0] : far[run]);
      if constexpr (kWidth > 1) asm("" : "+r"(row));  // else GCC loads the distance for each row of the run
#pragma GCC unroll 16
      for (int j = 0; j < kWidth; ++j) {
        const V number = hn::Set(d, row[j]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          sum[run * kWidth + j][v] = hn::MulAdd(number, column[v], sum[run * kWidth + j][v]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      T* HWY_RESTRICT row = to + m * to_stride + v * kLanes;
      hn::Store(accumulate ? hn::Add(hn::Load(d, row), sum[m][v]) : sum[m][v], d, row);
    }
  }
}

// Rows of a tile: 24 sums of 32 registers, 12 of 16. Wide tiles load fewest numbers and their distances.
template <class T>
constexpr int broadcast_rows(int vectors) {
  const int sums = 2 * Blocks<T>::kRows;
  return vectors == 1 ? sums / 2 : sums / vectors;
}

// Runs of a tile, a run being `width` rows.
template <class T>
constexpr int broadcast_runs(int width, int vectors) {
  if (width == 1) return broadcast_rows<T>(vectors);
  const int sums = vectors > 1 ? 2 * Blocks<T>::kRows : HWY_TARGET == HWY_AVX3 ? 16 : 12;
  return sums / (vectors * width);
}

// What a product's tiles ask for, `bytes` each: first of the source, then of the other.
struct Coming {
  ComingRows *source = nullptr, *other = nullptr;
  int64_t bytes = 0;

  Coming() = default;
  Coming(ComingRows* source_, ComingRows* other_, int64_t tiles)
      : source(source_), other(other_), bytes((source_->bytes() + other_->bytes()) / tiles + 64) {}

  // For a tile of `rows` and `steps`.
  HWY_INLINE ComingRows::Stretch take(int rows, int64_t steps, const void* idle) const {
    ComingRows* left = source != nullptr && source->empty() ? other : source;
    if (left == nullptr || left->empty()) return {static_cast<const char*>(idle), 0};
    if (asks_itself(rows)) return left->take(bytes, bytes / steps + 1, idle);
    left->ask(bytes);
    return {};
  }
};

// All rows: tiles of whole and half height, the last of which may reach beyond `rows`, by less than kSpareDistances;
// there, too, `away` has entries and `to` has room.
template <class T, int kVectors, int kWidth = 1>
void broadcast_rows_of(int64_t rows, int64_t steps, const T* from, const int32_t* at, const int32_t* away,
                       const T* vectors, const T* start, bool accumulate, T* to, int64_t to_stride,
                       const Coming& coming) {
  constexpr int kHighRuns = broadcast_runs<T>(kWidth, kVectors), kLowRuns = (kHighRuns + 1) / 2;
  constexpr int kHigh = kHighRuns * kWidth, kLow = kLowRuns * kWidth;
  static_assert(kHigh - kLow <= kSpareDistances);
  for (int64_t row = 0; row < rows;) {
    const bool high = rows - row > kLow;
    (high ? &broadcast_tile<T, kHighRuns, kWidth, kVectors>
          : &broadcast_tile<T, kLowRuns, kWidth, kVectors>)(steps, from, at, away + row, vectors, start, accumulate,
                                                            to + row * to_stride, to_stride,
                                                            coming.take(high ? kHigh : kLow, steps, vectors));
    row += high ? kHigh : kLow;
  }
}

// How many tiles there are, about.
template <class T>
int64_t broadcast_tiles(int64_t width, int64_t rows) {
  return ceil_div(rows, broadcast_rows<T>(static_cast<int>(width)));
}

template <class T>
using BroadcastRows = void (*)(int64_t, int64_t, const T*, const int32_t*, const int32_t*, const T*, const T*, bool, T*,
                               int64_t, const Coming&);

// Of `width` vectors per step: panel_vectors().
template <class T>
BroadcastRows<T> broadcast_function(int64_t width) {
  return width == 4   ? &broadcast_rows_of<T, 4>
         : width == 3 ? &broadcast_rows_of<T, 3>
         : width == 2 ? &broadcast_rows_of<T, 2>
                      : &broadcast_rows_of<T, 1>;
}

template <class T>
void broadcast_product(int64_t width, int64_t rows, int64_t steps, const T* from, const int32_t* at,
                       const int32_t* away, const T* vectors, const T* start, bool accumulate, T* to, int64_t to_stride,
                       const Coming& coming = {}) {
  broadcast_function<T>(width)(rows, steps, from, at, away, vectors, start, accumulate, to, to_stride, coming);
}

// Copies the positions' rows row_begin <= row < row_end of `channels` channels of one image with the zeros around them.
// Up to a vector beyond the end is written.
template <class T>
void copy_padded_image(const PaddedImages& p, const Dims3& step, const Dims3& size, const T* HWY_RESTRICT from,
                       int64_t row_begin, int64_t row_end, T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  Dims3 low = p.low, used = p.size;
  low[p.axis] += row_begin * step[p.axis];
  used[p.axis] -= (p.rows_per_chunk - (row_end - row_begin)) * step[p.axis];
  const int64_t width = used[2], left = smaller(larger(-low[2], 0), width),
                right = larger(smaller(size[2] - low[2], width), left);
  for (int64_t c = 0; c < p.channels; ++c, to += p.channel_stride, from += volume(size)) {
    for (int64_t q0 = 0; q0 < used[0]; ++q0) {
      const int64_t i0 = q0 + low[0];
      for (int64_t q1 = 0; q1 < used[1]; ++q1) {
        const int64_t i1 = q1 + low[1];
        T* HWY_RESTRICT row = to + (q0 * p.size[1] + q1) * p.size[2];
        if (i0 < 0 || i0 >= size[0] || i1 < 0 || i1 >= size[1]) {
          for (int64_t q2 = 0; q2 < width; q2 += kLanes) hn::StoreU(hn::Zero(d), d, row + q2);
          continue;
        }
        const T* HWY_RESTRICT source = from + (i0 * size[1] + i1) * size[2] + low[2];
        for (int64_t q2 = 0; q2 < width; q2 += kLanes) {
          if (q2 >= left && q2 + kLanes <= right) {
            hn::StoreU(hn::LoadU(d, source + q2), d, row + q2);
          } else {
            const int64_t begin = larger(left - q2, 0), end = larger(smaller(right - q2, kLanes), begin);
            const uint64_t lanes = begin < kLanes ? (uint64_t{1} << end) - (uint64_t{1} << begin) : 0;
            hn::StoreU(masked_load(source + q2, lanes), d, row + q2);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_BROADCAST_TILE_INL_H_
