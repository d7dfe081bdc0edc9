// The matrix product with one or a few rows, which is about reading b once: b is not packed. Where b is contiguous
// along the depth, results are dot products; where along the columns, rows of b are added up.
#if defined(KORREL_FEW_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_FEW_ROWS_INL_H_
#undef KORREL_FEW_ROWS_INL_H_
#else
#define KORREL_FEW_ROWS_INL_H_
#endif

#include <cstdint>
#include <type_traits>
#include <utility>

#include <hwy/highway.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

constexpr int kFewRows = 4;

// Element [i, j] of a result starts from values[i * row + j * column], of which either row is 1 or column; from 0 if
// values is null.
template <class T>
struct FewRowsBias {
  const T* values;
  int64_t row, column;
  FewRowsBias at(int64_t i, int64_t j) const {
    return {values == nullptr ? nullptr : values + i * row + j * column, row, column};
  }
};

// c[m][j] = a[m] . b[j] + bias[m][j] for kRows x kColumns results; both contiguous along the depth.
template <class T, int kRows, int kColumns>
HWY_NOINLINE void dot_tile(int64_t depth, const T* HWY_RESTRICT a, int64_t a_stride, const T* HWY_RESTRICT b,
                           int64_t b_stride, const FewRowsBias<T>& bias, T* HWY_RESTRICT c, int64_t c_stride) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  using V = hn::Vec<decltype(d)>;
  V sum[kRows][kColumns];
#pragma GCC unroll 4
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) sum[m][j] = hn::Zero(d);
  }
  const auto step = [&](const auto& load) HWY_ATTR __attribute__((always_inline)) {
    V row[kRows];
#pragma GCC unroll 4
    for (int m = 0; m < kRows; ++m) row[m] = load(a + m * a_stride);
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) {
      const V column = load(b + j * b_stride);
#pragma GCC unroll 4
      for (int m = 0; m < kRows; ++m) sum[m][j] = hn::MulAdd(row[m], column, sum[m][j]);
    }
  };
  int64_t i = 0;
  for (; i + kLanes <= depth; i += kLanes) {
    step([&](const T* from) HWY_ATTR __attribute__((always_inline)) { return hn::LoadU(d, from + i); });
  }
  if (i < depth) {
    step([&](const T* from) HWY_ATTR __attribute__((always_inline)) { return load_first(from + i, depth - i); });
  }
#pragma GCC unroll 4
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j) {
      const T total = hn::GetLane(hn::SumOfLanes(d, sum[m][j]));
      c[m * c_stride + j] = bias.values != nullptr ? total + bias.values[m * bias.row + j * bias.column] : total;
    }
  }
}

// c[m] = start[m] + sum over d of a[m][d] b[d] for kVectors vectors of columns, the last of which has `last` of its
// lanes; start may be c itself.
template <class T, int kRows, int kVectors>
HWY_NOINLINE void axpy_tile(int64_t depth, const T* HWY_RESTRICT a, int64_t a_stride, int64_t a_step,
                            const T* HWY_RESTRICT b, int64_t b_step, int64_t last, const FewRowsBias<T>& start, T* c,
                            int64_t c_stride) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  using V = hn::Vec<decltype(d)>;
  V sum[kRows][kVectors];
  const auto load = [&](const T* from, int v) HWY_ATTR __attribute__((always_inline)) {
    return v + 1 == kVectors && last < kLanes ? load_first(from + v * kLanes, last) : hn::LoadU(d, from + v * kLanes);
  };
#pragma GCC unroll 4
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      sum[m][v] = start.values == nullptr ? hn::Zero(d)
                  : start.column == 0     ? hn::Set(d, start.values[m * start.row])
                                          : load(start.values + m * start.row, v);
    }
  }
  for (int64_t i = 0; i < depth; ++i, b += b_step) {
    V column[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) column[v] = load(b, v);
#pragma GCC unroll 4
    for (int m = 0; m < kRows; ++m) {
      const V row = hn::Set(d, a[m * a_stride + i * a_step]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[m][v] = hn::MulAdd(row, column[v], sum[m][v]);
    }
  }
#pragma GCC unroll 4
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      store_first(sum[m][v], v + 1 == kVectors ? last : kLanes, c + m * c_stride + v * kLanes);
    }
  }
}

template <class T>
struct FewRows {
  int64_t rows, columns, depth;
  const T* a;
  int64_t a_row, a_depth;
  const T* b;
  int64_t b_depth, b_column;
  FewRowsBias<T> bias;
  T* c;  // [rows, columns], rows c_row apart
  int64_t c_row;

  bool dots() const { return b_depth == 1 && a_depth == 1; }
};

// At most 8 columns for one row and 4 for more: 8 sums or more, to keep both FMA units busy.
template <class T, int kRows>
void dot_columns(const FewRows<T>& p, int64_t row, int64_t begin, int64_t end) {
  constexpr int kColumns = kRows == 1 ? 8 : 4;
  const T* a = p.a + row * p.a_row;
  for (int64_t j = begin; j < end;) {
    const FewRowsBias<T> bias = p.bias.at(row, j);
    const T* b = p.b + j * p.b_column;
    T* c = p.c + row * p.c_row + j;
    if (end - j >= kColumns) {
      dot_tile<T, kRows, kColumns>(p.depth, a, p.a_row, b, p.b_column, bias, c, p.c_row);
      j += kColumns;
    } else {
      dot_tile<T, kRows, 1>(p.depth, a, p.a_row, b, p.b_column, bias, c, p.c_row);
      ++j;
    }
  }
}

// Products of this depth, with a result that stays in L2, are rows of b added up, too, whatever the number of rows:
// four rows of b or thirty-two stay in L1 while all rows pass by, nothing is packed, and all lines of the result are
// written in order (256x256 over 4: 11.7 to 7.8 us; over 16: 20 to 17). With 16 registers the sums do not all stay in
// them.
template <class T>
constexpr int64_t kShallow = Blocks<T>::kRows == 12 ? 32 : 8;

// 8 vectors for one row, 4 for more; b is read in strips of half a KiB or a quarter. Where its rows are a page or more
// apart, 16 rows in their whole length before the next: each strip would else be in a page of its own (4096 x 4096: 3
// times faster).
template <class T, int kRows>
void axpy_columns(const FewRows<T>& p, int64_t row, int64_t begin, int64_t end) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  constexpr int kVectors = kRows == 1 ? 8 : 4;
  const bool far_apart = p.b_depth * static_cast<int64_t>(sizeof(T)) >= 4096;
  const int64_t once = far_apart && p.depth > kShallow<T> ? 16 : larger(p.depth, 1);
  for (int64_t at = 0; at == 0 || at < p.depth; at += once) {
    const int64_t depth = smaller(once, p.depth - at);
    const T* a = p.a + row * p.a_row + at * p.a_depth;
    const T* b = p.b + at * p.b_depth;
    T* c = p.c + row * p.c_row;
    const FewRowsBias<T> start = at == 0 ? p.bias.at(row, 0) : FewRowsBias<T>{c, p.c_row, 1};
    int64_t j = begin;
    const auto tile = [&](auto vectors, int64_t last) HWY_ATTR {
      axpy_tile<T, kRows, vectors>(depth, a, p.a_row, p.a_depth, b + j, p.b_depth, last, start.at(0, j), c + j,
                                   p.c_row);
      j += (vectors - 1) * kLanes + last;
    };
    while (j < end) {
      const int64_t left = end - j;
      if (left >= kVectors * kLanes) {
        tile(std::integral_constant<int, kVectors>(), kLanes);
      } else if (once >= p.depth && left > 2 * kLanes && end - begin >= kVectors * kLanes) {
        j = end - kVectors * kLanes;  // back into what is there: the same bits again, and no slow tiles
      } else if (left >= 4 * kLanes) {
        tile(std::integral_constant<int, 4>(), kLanes);
      } else if (left >= 2 * kLanes) {
        tile(std::integral_constant<int, 2>(), kLanes);
      } else {
        tile(std::integral_constant<int, 1>(), smaller(kLanes, left));
      }
    }
  }
}

template <class T, int kRows = kFewRows>
void few_rows_at(const FewRows<T>& p, int64_t row, int64_t begin, int64_t end) {
  if (p.rows - row >= kRows) {
    p.dots() ? dot_columns<T, kRows>(p, row, begin, end) : axpy_columns<T, kRows>(p, row, begin, end);
  } else if constexpr (kRows > 1) {
    few_rows_at<T, kRows - 1>(p, row, begin, end);
  }
}

// Whether few_rows() may be asked: rows in tiles of kFewRows are still fewer passes over b than packing it costs.
// Adding up the lanes of a dot product costs as much as 16 steps for each row (8x4096 over 10: 80 us, packed 16).
// Few columns leave most of a panel empty (16x10 over 4096: 41 us; dot products 23). Up to eight rows read a b that
// comes from beyond L2 faster in order, twice, than a panel's width out of each row (8x1024 over 1024: 672 to 440 us);
// with 32 registers eight rows are as fast from L2 (8x256 over 256: 12.7 to 11.3).
template <class T>
bool is_few_rows(const FewRows<T>& p) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  if (p.dots() && p.rows <= 2 * kFewRows && (p.rows == 1 || p.depth >= 16 * p.rows)) return true;
  if (p.dots() && p.columns > 1 && p.columns <= 12 && p.depth >= 128) return true;
  if (p.b_column != 1) return false;
  if (p.rows <= kFewRows) return true;
  const bool far = p.depth * p.columns * static_cast<int64_t>(sizeof(T)) > 1 << 20;
  if (p.rows <= 2 * kFewRows && (far || (p.rows == 2 * kFewRows && Blocks<T>::kRows == 12))) return true;
  const int64_t bytes = p.rows * p.columns * static_cast<int64_t>(sizeof(T));
  const int64_t most = p.columns < 4 * kLanes ? 4 : p.columns % kLanes != 0 ? 16 : 32;  // loads that straddle lines
  return p.depth <= smaller(most, kShallow<T>) && bytes <= 2 << 20;
}

// For all matrices of a batch, which are a_batch, b_batch and c_batch apart. Threads share the rows, in groups, and the
// columns, in blocks of whole tiles: the bits of a result do not depend on where the cuts are.
template <class T>
void few_rows(const FewRows<T>& p, int64_t batch, int64_t a_batch, int64_t b_batch, int64_t c_batch) {
  constexpr int64_t kBlock = 8 * Blocks<T>::kLanes, kGroup = 8 * kFewRows;
  const int64_t blocks = ceil_div(p.columns, kBlock), groups = ceil_div(p.rows, kGroup);
  const auto run = [&](int64_t begin, int64_t end) HWY_ATTR {
    while (begin < end) {
      const int64_t i = begin / (blocks * groups), group = begin / blocks % groups;
      const int64_t first = begin % blocks, last = smaller(first + end - begin, blocks);
      FewRows<T> one = p;
      one.a += i * a_batch;
      one.b += i * b_batch;
      one.c += i * c_batch;
      one.rows = smaller((group + 1) * kGroup, p.rows);
      for (int64_t row = group * kGroup; row < one.rows; row += kFewRows) {
        few_rows_at(one, row, first * kBlock, smaller(last * kBlock, p.columns));
      }
      begin += last - first;
    }
  };
  const int64_t work = smaller(p.rows, kGroup) * p.depth * kBlock;
  parallel_for(batch * groups * blocks, ceil_div(1 << 18, larger(work, 1)), run);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_FEW_ROWS_INL_H_
