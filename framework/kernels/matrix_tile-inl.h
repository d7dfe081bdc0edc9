// The register tile under every matrix product and convolution: c[rows, columns] (+)= a[rows, depth] b[depth, columns],
// with all of c in registers, and the table of tile and block sizes. Compiled per SIMD target; included by
// matrix_product-inl.h.
#if defined(KORREL_MATRIX_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_MATRIX_TILE_INL_H_
#undef KORREL_MATRIX_TILE_INL_H_
#else
#define KORREL_MATRIX_TILE_INL_H_
#endif

#include <cstdint>
#include <utility>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Sizes in elements, per target. Two FMAs per cycle with a latency of 4 want at least 8 accumulators; a row of the tile
// costs one broadcast load for kVectors FMAs, a depth step kVectors loads, against 2 loads per cycle: 12x2 (AVX-512, 32
// registers) and 6x2 (16 registers) keep both units full with registers to spare.
template <class T>
struct Blocks {
  static constexpr int kLanes = static_cast<int>(hn::MaxLanes(hn::ScalableTag<T>()));
  static constexpr int kVectors = 2;
  static constexpr int kColumns = kVectors * kLanes;
#if HWY_TARGET == HWY_AVX3
  static constexpr int kRows = 12;
#else
  static constexpr int kRows = 6;
#endif
  // A packed panel of columns, kDepth x kColumns, is 88 KiB in AVX-512 and 44 KiB in AVX2: it comes from L2 at the 11
  // bytes a cycle that the tile reads of it (as fast as from L1), while all panels of rows pass by. Deeper means fewer
  // updates of c, which cost 10 % at a depth of 256.
  static constexpr int64_t kDepth = 2816 / sizeof(T);
  // The packed rows, kRowBlock x kDepth, are at most 627 KiB: they stay in L2 (1 to 2 MiB) while all columns pass by.
  static constexpr int64_t kRowBlock = 228;
  // Panels of columns that are kept packed for further blocks of rows: at most 11 MiB, of L3.
  static constexpr int64_t kPanelBlock = 128;
};

// Rows are packed in pieces of this depth, [depth / 16][rows][16]: most sources are contiguous along the depth, so
// packing is copying whole cache lines, and the tile broadcasts from `rows` lines at constant distances.
constexpr int64_t kPiece = 16;

// Where the tile's rows are: element d of row m at from[m * row + d % kPiece * step + d / kPiece * piece].
template <class T>
struct TileRows {
  const T* from;
  int64_t row, step, piece;
};

// Memory that will be read soon, asked for while a tile works: `bytes` of it, in whole lines, every kPiece steps.
struct Ahead {
  const char* begin;
  int64_t bytes;
};

// Where the tile's result goes: vector v of row m at column[v] + m * row_stride.
template <class T>
struct TileTarget {
  T* column[Blocks<T>::kVectors];
  int64_t row_stride;
  bool accumulate;        // add to what is there, else overwrite it
  const T* row_start;     // the sum of row m starts from row_start[m] (a bias); or null
  const T* column_start;  // the sum of column j starts from column_start[j]; or null
  Ahead ahead;            // fetched into L2
};

// One tile. `b` has the columns of a depth step contiguous, b_step apart from the next step's.
template <class T, int kRows, int kVectors>
HWY_NOINLINE void multiply_tile(int64_t depth, const TileRows<T>& rows, const T* HWY_RESTRICT b, int64_t b_step,
                                const TileTarget<T>& c) {
  const hn::ScalableTag<T> d;
  constexpr int kLanes = Blocks<T>::kLanes;
  using V = hn::Vec<decltype(d)>;
  V sum[kRows][kVectors];
#pragma GCC unroll 32
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sum[m][v] = c.row_start != nullptr      ? hn::Set(d, c.row_start[m])
                  : c.column_start != nullptr ? hn::LoadU(d, c.column_start + v * kLanes)
                                              : hn::Zero(d);
    }
  }
  // One pointer for four rows, at distances 0, 1, 2 and 3 of it: so all addresses fit the general registers.
  static_assert(kRows <= 12);
  const int64_t row = rows.row, row3 = 3 * row, a_step = rows.step;
  const T *HWY_RESTRICT a0 = rows.from, *HWY_RESTRICT a4 = a0 + 4 * row, *HWY_RESTRICT a8 = a4 + 4 * row;
  const auto advance = [&](int64_t by) HWY_ATTR __attribute__((always_inline)) {
    a0 += by;
    a4 += by;
    a8 += by;
    asm("" : "+r"(a0), "+r"(a4), "+r"(a8));  // else GCC takes one pointer and twelve distances, and a loop for step 1
  };
  const auto step = [&]() HWY_ATTR __attribute__((always_inline)) {
    V columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::LoadU(d, b + v * kLanes);
    b += b_step;
#pragma GCC unroll 32
    for (int m = 0; m < kRows; ++m) {
      const T* HWY_RESTRICT at = m < 4 ? a0 : m < 8 ? a4 : a8;
      const V element = hn::Set(d, m % 4 == 3 ? at[row3] : at[m % 4 * row]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[m][v] = hn::MulAdd(element, columns[v], sum[m][v]);
    }
    advance(a_step);
  };
  const char* ahead = c.ahead.begin;
  for (; depth >= kPiece; depth -= kPiece, advance(rows.piece - kPiece * a_step)) {
    for (const char* end = ahead + c.ahead.bytes; ahead < end; ahead += 64) __builtin_prefetch(ahead, 0, 2);
    // The rows of c are fetched one by one before the end, the last of them some 300 cycles ahead.
    if (const int64_t m = depth / kPiece - 2; m >= 0 && m < kRows) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) __builtin_prefetch(c.column[v] + m * c.row_stride);
      __builtin_prefetch(c.column[kVectors - 1] + m * c.row_stride + kLanes - 1);  // the vectors may straddle lines
    }
    for (int64_t i = 0; i < kPiece; ++i) step();
  }
  for (int64_t i = 0; i < depth; ++i) step();

  const int64_t c_row = c.row_stride;  // not read again after each store
  const bool accumulate = c.accumulate;
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    T* HWY_RESTRICT to = c.column[v];
#pragma GCC unroll 32
    for (int m = 0; m < kRows; ++m, to += c_row) {
      hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, to), sum[m][v]) : sum[m][v], d, to);
    }
  }
}

template <class T>
using TileFunction = void (*)(int64_t, const TileRows<T>&, const T*, int64_t, const TileTarget<T>&);

template <class T, int kVectors, int... kRowsMinusOne>
constexpr TileFunction<T> pick_tile(int rows, std::integer_sequence<int, kRowsMinusOne...>) {
  constexpr TileFunction<T> kTiles[] = {&multiply_tile<T, kRowsMinusOne + 1, kVectors>...};
  return kTiles[rows - 1];
}

// The tile of `rows` <= kRows rows and 1 or 2 vectors of columns: every height exists, so that 64 rows run as
// 11+11+11+11+10+10 and not as 12+12+12+12+12+4.
template <class T>
TileFunction<T> tile_function(int rows, int vectors) {
  const std::make_integer_sequence<int, Blocks<T>::kRows> heights;
  return vectors == 1 ? pick_tile<T, 1>(rows, heights) : pick_tile<T, 2>(rows, heights);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_MATRIX_TILE_INL_H_
