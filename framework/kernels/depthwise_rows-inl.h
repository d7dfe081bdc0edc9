// The inner loops of depthwise convolutions, per SIMD target, for depthwise.cpp only. A vector is positions of one row;
// where it reaches over the plane's borders, loads are masked.
#if defined(KORREL_DEPTHWISE_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_DEPTHWISE_ROWS_INL_H_
#undef KORREL_DEPTHWISE_ROWS_INL_H_
#else
#define KORREL_DEPTHWISE_ROWS_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/depthwise_walk.h>
#include <korrel/framework/kernels/partial_vectors-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using FloatVector = hn::Vec<Floats>;
constexpr int64_t kFloats = static_cast<int64_t>(hn::MaxLanes(Floats()));

// Which lanes of the vectors that read a row are inside of it and belong to a result, as bits: [vector of results][tap
// of the row][vector that is read].
HWY_INLINE int64_t lane_masks(const PlaneWalk& p) { return (p.columns + kFloats - 1) / kFloats * p.width * p.step; }
HWY_INLINE void list_lane_masks(const PlaneWalk& p, uint64_t* to) {
  for (int64_t column = 0; column < p.columns; column += kFloats) {
    for (int64_t j = 0; j < p.width; ++j) {
      const int64_t first = column * p.step - p.left + j * p.dilation;
      for (int64_t part = 0; part < p.step; ++part, ++to) {
        *to = 0;
        for (int64_t lane = 0; lane < kFloats; ++lane) {
          const int64_t at = part * kFloats + lane, inside = first + at;
          if (0 <= inside && inside < p.from_columns && column + at / p.step < p.columns) *to |= uint64_t{1} << lane;
        }
      }
    }
  }
}

// Masks cost nothing where the target has such loads.
HWY_INLINE FloatVector load_lanes(const float* from, uint64_t lanes) {
#if HWY_TARGET != HWY_AVX3 && HWY_TARGET != HWY_AVX2
  if (lanes == (uint64_t{1} << kFloats) - 1) return hn::LoadU(Floats(), from);
#endif
  return masked_load(from, lanes);
}

// Unqualified: one-lane targets do not have these, and do not get here.
template <class D>
HWY_INLINE hn::Vec<D> even_lanes(D d, hn::Vec<D> high, hn::Vec<D> low) {
  return ConcatEven(d, high, low);
}
template <class D>
HWY_INLINE hn::Vec<D> odd_lanes(D d, hn::Vec<D> high, hn::Vec<D> low) {
  return ConcatOdd(d, high, low);
}

// Every kStep-th element from a place in a row on.
template <int kStep, class D>
HWY_INLINE FloatVector load_inside(D d, const float* from, const uint64_t* masks) {
  if constexpr (kStep == 2 && kFloats > 1) {
    return even_lanes(d, load_lanes(from + kFloats, masks[1]), load_lanes(from, masks[0]));
  } else {
    return load_lanes(from, masks[0]);
  }
}

// The rows that `count` results read, from result `row` on: zeros beyond the plane. And rows that are read soon, of
// which some are asked for at each vector of results: at once, they would only be waited for sooner.
struct RowsRead {
  const float* at[kMostRowsRead];
  const float* coming;
  int64_t coming_step;

  // Of the first as many rows as are new from `soon` on.
  HWY_INLINE RowsRead(const PlaneWalk& p, int64_t row, int64_t count, const float* plane, const float* zeros,
                      const float* soon)
      : coming(soon), coming_step(count * p.step * p.step * kFloats) {
    const int64_t first = row * p.step - p.up, read = (count - 1) * p.step + p.height;
    plane += first * p.from_columns;
    for (int64_t i = 0; i < read; ++i, plane += p.from_columns) {
      at[i] = 0 <= first + i && first + i < p.from_rows ? plane : zeros;
      __asm__ volatile("" ::: "memory");  // no instruction: the few rows are not worth vectors
    }
  }
};

HWY_INLINE void fetch(const float* from, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(from + i);
}

// The compiler keeps no more pointers than it has registers for: others would go to vector registers, and the way back
// takes a port that multiplies.
HWY_INLINE void reload_pointers() { __asm__ volatile("" ::: "memory"); }

template <int kHeight>
HWY_INLINE void load_weights(const PlaneWalk& p, const float* from, FloatVector* weights) {
#pragma GCC unroll 8
  for (int i = 0; i < kHeight; ++i) weights[i] = hn::Set(Floats(), from[i * p.w_row]);
}

// What the r-th row that is read gives to those results that it is a tap of.
template <int kHeight, int kStep>
HWY_INLINE void add_row(int r, FloatVector x, const FloatVector* weights, FloatVector* sum) {
#pragma GCC unroll 8
  for (int m = 0; m < kWalkRows; ++m) {
    if (0 <= r - m * kStep && r - m * kStep < kHeight) sum[m] = hn::MulAdd(weights[r - m * kStep], x, sum[m]);
  }
}

// kWalkRows rows of results, of which the first `count` are stored, `pitch` apart from `to` on. w: the filter.
template <int kHeight, int kStep>
HWY_NOINLINE void walk_rows(const PlaneWalk& p, const uint64_t* masks, const RowsRead& rows, const float* w, float bias,
                            int64_t count, float* to, int64_t pitch) {
  const Floats d;
  constexpr int kRead = (kWalkRows - 1) * kStep + kHeight;
  for (int64_t column = 0; column < p.columns; column += kFloats) {
    fetch(rows.coming + column / kFloats * rows.coming_step, rows.coming_step);
    FloatVector sum[kWalkRows];
#pragma GCC unroll 8
    for (int m = 0; m < kWalkRows; ++m) sum[m] = hn::Set(d, bias);
    int64_t first = column * kStep - p.left, j = 0;
    const float* weight = w;
    if constexpr (kStep == 2 && kFloats > 1) {  // two taps of a row are the even and the odd elements of what is read
      for (; p.dilation == 1 && j + 2 <= p.width; j += 2, first += 2, weight += 2 * p.w_column, masks += 4) {
        reload_pointers();
        FloatVector even[kHeight], odd[kHeight];
        load_weights<kHeight>(p, weight, even);
        load_weights<kHeight>(p, weight + p.w_column, odd);
#pragma GCC unroll 24
        for (int r = 0; r < kRead; ++r) {
          const FloatVector low = load_lanes(rows.at[r] + first, masks[0]),
                            high = load_lanes(rows.at[r] + first + kFloats, masks[1]);
          add_row<kHeight, kStep>(r, even_lanes(d, high, low), even, sum);
          add_row<kHeight, kStep>(r, odd_lanes(d, high, low), odd, sum);
        }
      }
    }
    for (; j < p.width; ++j, first += p.dilation, weight += p.w_column, masks += kStep) {
      reload_pointers();
      FloatVector weights[kHeight];
      load_weights<kHeight>(p, weight, weights);
#pragma GCC unroll 24
      for (int r = 0; r < kRead; ++r) {
        add_row<kHeight, kStep>(r, load_inside<kStep>(d, rows.at[r] + first, masks), weights, sum);
      }
    }
    const int64_t valid = std::min(kFloats, p.columns - column);
#pragma GCC unroll 8
    for (int m = 0; m < kWalkRows; ++m) {
      if (m < count) store_first(sum[m], valid, to + m * pitch + column);
    }
  }
}

// sums[j][i] of vectors += kCount rows of results (those `ahead` are asked for) times what tap (i, j) reads. An
// infinity that no result reads meets none of the zeros behind the results.
template <int kHeight, int kStep, int kCount>
HWY_NOINLINE void add_rows(const PlaneWalk& p, const uint64_t* masks, const RowsRead& rows,
                           const float* HWY_RESTRICT result, int64_t ahead, float* HWY_RESTRICT sums) {
  const Floats d;
  for (int64_t column = 0; column < p.columns; column += kFloats) {
    const int64_t valid = std::min(kFloats, p.columns - column);
    fetch(rows.coming + column / kFloats * rows.coming_step, rows.coming_step);
    fetch(result + ahead + column * kCount, kFloats * kCount);
    FloatVector y[kCount];
#pragma GCC unroll 8
    for (int m = 0; m < kCount; ++m) {
      const float* from = result + m * p.columns + column;
      y[m] = valid == kFloats ? hn::LoadU(d, from) : load_first(from, valid);
    }
    int64_t first = column * kStep - p.left;
    float* own = sums;
    for (int64_t j = 0; j < p.width; ++j, first += p.dilation, own += kHeight * kFloats, masks += kStep) {
      reload_pointers();
      FloatVector sum[kHeight];
#pragma GCC unroll 8
      for (int i = 0; i < kHeight; ++i) sum[i] = hn::Load(d, own + i * kFloats);
#pragma GCC unroll 24
      for (int r = 0; r < (kCount - 1) * kStep + kHeight; ++r) {
        const FloatVector x = load_inside<kStep>(d, rows.at[r] + first, masks);
#pragma GCC unroll 8
        for (int m = 0; m < kCount; ++m) {
          if (0 <= r - m * kStep && r - m * kStep < kHeight) {
            sum[r - m * kStep] = hn::MulAdd(x, y[m], sum[r - m * kStep]);
          }
        }
      }
#pragma GCC unroll 8
      for (int i = 0; i < kHeight; ++i) hn::Store(sum[i], d, own + i * kFloats);
    }
  }
}

// to[2 j] = even[j], to[2 j + 1] = odd[j], `size` in all. Reads whole vectors, writes nothing beyond.
HWY_INLINE void weave_row(const float* HWY_RESTRICT even, const float* HWY_RESTRICT odd, int64_t size,
                          float* HWY_RESTRICT to) {
  const Floats d;
  for (int64_t j = 0; 2 * j < size; j += kFloats) {
    const int64_t left = size - 2 * j;
    if (left >= 2 * kFloats) {
      hn::StoreInterleaved2(hn::Load(d, even + j), hn::Load(d, odd + j), d, to + 2 * j);
      continue;
    }
    HWY_ALIGN float both[2 * kFloats];
    hn::StoreInterleaved2(hn::Load(d, even + j), hn::Load(d, odd + j), d, both);
    store_first(hn::Load(d, both), std::min(left, kFloats), to + 2 * j);
    if (left > kFloats) store_first(hn::Load(d, both + kFloats), left - kFloats, to + 2 * j + kFloats);
  }
}

// Results that follow each other in memory, collected in L1 and written past the caches in whole lines, whatever the
// sizes of their rows and planes: 8 lines and more at a time, since in long bursts reading waits (64: a sixth slower).
class ResultLines {
 public:
  // `collected` has room for kPiece and the largest put(), and begins a line. Without it results go where they belong.
  ResultLines(float* to, float* collected) : to_(to), collected_(collected) {
    if (collected == nullptr) return;
    before_ = filled_ = static_cast<int64_t>(reinterpret_cast<uintptr_t>(to) % (kLine * sizeof(float)) / sizeof(float));
    to_ -= before_;
  }
  static constexpr int64_t kLine = 16, kPiece = 128;

  // Where the next results belong.
  float* next() const { return collected_ == nullptr ? to_ : collected_ + filled_; }
  void put(int64_t count) {
    if (collected_ == nullptr) {
      to_ += count;
      return;
    }
    filled_ += count;
    if (filled_ >= kPiece) write_lines();
  }
  void finish() {
    if (collected_ == nullptr) return;
    write_lines();
    for (int64_t i = before_; i < filled_; ++i) to_[i] = collected_[i];
    hwy::FlushStream();
  }

 private:
  void write_lines() {
    const Floats d;
    const int64_t whole = filled_ / kLine * kLine;
    if (whole == 0) return;
    int64_t i = 0;
    if (before_ > 0) {  // the rest of this line is not ours
      for (i = before_; i < kLine; ++i) to_[i] = collected_[i];
      before_ = 0;
    }
    for (; i < whole; i += kFloats) hn::Stream(hn::Load(d, collected_ + i), d, to_ + i);
    for (i = whole; i < filled_; ++i) collected_[i - whole] = collected_[i];
    to_ += whole;
    filled_ -= whole;
  }

  float *to_, *collected_;
  int64_t before_ = 0, filled_ = 0;
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_DEPTHWISE_ROWS_INL_H_
