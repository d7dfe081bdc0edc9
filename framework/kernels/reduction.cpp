#include <korrel/framework/kernels/reduction.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <korrel/framework/base/buffer.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/reduction.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/fold-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// out[r] = the fold of the n numbers at x + r stride: consecutive rows overlap in time, which matters where they are
// short.
template <class Op, class T>
void fold_blocks(const T* x, int64_t rows, int64_t stride, int64_t n, const T* centre, double* out) {
  for (int64_t r = 0; r < rows; ++r) out[r] = fold_block<Op>(x + r * stride, n, centre ? centre[r] : T(0));
}
template <class T>
HWY_INLINE void any_blocks(Fold fold, const T* x, int64_t rows, int64_t stride, int64_t n, const T* centre,
                           double* out) {
  switch (fold) {
    case Fold::square_sum:
      return fold_blocks<SquareSum>(x, rows, stride, n, centre, out);
    case Fold::prod:
      return fold_blocks<Prod>(x, rows, stride, n, centre, out);
    case Fold::max:
      return fold_blocks<Max>(x, rows, stride, n, centre, out);
    case Fold::min:
      return fold_blocks<Min>(x, rows, stride, n, centre, out);
    default:
      return fold_blocks<Sum>(x, rows, stride, n, centre, out);
  }
}
void blocks_f32(Fold fold, const float* x, int64_t rows, int64_t stride, int64_t n, const float* centre, double* out) {
  any_blocks(fold, x, rows, stride, n, centre, out);
}
void blocks_f64(Fold fold, const double* x, int64_t rows, int64_t stride, int64_t n, const double* centre,
                double* out) {
  any_blocks(fold, x, rows, stride, n, centre, out);
}

template <class T>
HWY_INLINE void any_chunk(Fold fold, const T* x, int64_t rows, int64_t stride, int64_t columns, const T* centre,
                          T* acc) {
  switch (fold) {
    case Fold::square_sum:
      return fold_chunk<SquareSum>(x, rows, stride, columns, centre, acc);
    case Fold::prod:
      return fold_chunk<Prod>(x, rows, stride, columns, centre, acc);
    case Fold::max:
      return fold_chunk<Max>(x, rows, stride, columns, centre, acc);
    case Fold::min:
      return fold_chunk<Min>(x, rows, stride, columns, centre, acc);
    default:
      return fold_chunk<Sum>(x, rows, stride, columns, centre, acc);
  }
}
void chunk_f32(Fold fold, const float* x, int64_t rows, int64_t stride, int64_t columns, const float* centre,
               float* acc) {
  any_chunk(fold, x, rows, stride, columns, centre, acc);
}
void chunk_f64(Fold fold, const double* x, int64_t rows, int64_t stride, int64_t columns, const double* centre,
               double* acc) {
  any_chunk(fold, x, rows, stride, columns, centre, acc);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(blocks_f32);
HWY_EXPORT(blocks_f64);
HWY_EXPORT(chunk_f32);
HWY_EXPORT(chunk_f64);

// One thread's share is worth at least this many elements: some 10 us.
constexpr int64_t kGrain = 1 << 17;
constexpr int64_t kRowBlock = 8192;     // elements of a row that are folded in T
constexpr int64_t kColumnBlock = 1024;  // columns whose running folds stay in the first-level cache, 4 or 8 KB
constexpr int64_t kRowChunk = 512;      // rows that are folded in T

double first(Fold fold, double) {
  switch (fold) {
    case Fold::prod:
      return 1;
    case Fold::max:
      return -HUGE_VAL;
    case Fold::min:
      return HUGE_VAL;
    default:
      return 0;
  }
}
double join(Fold fold, double a, double b) {
  switch (fold) {
    case Fold::prod:
      return a * b;
    case Fold::max:
      return a > b || a != a ? a : b;
    case Fold::min:
      return a < b || a != a ? a : b;
    default:
      return a + b;
  }
}

template <class T>
using BlocksFunction = void (*)(Fold, const T*, int64_t, int64_t, int64_t, const T*, double*);

template <class T>
void rows_of(Fold fold, BlocksFunction<T> fold_blocks, int64_t rows, int64_t n, const T* x, const T* centre,
             double divisor, T* y) {
  constexpr int64_t kTogether = 64;  // rows
  const int64_t blocks = std::max<int64_t>(1, (n + kRowBlock - 1) / kRowBlock);
  auto part = [&](int64_t row, int64_t b, int64_t count, double* to) {
    fold_blocks(fold, x + row * n + b * kRowBlock, count, n, std::min(kRowBlock, n - b * kRowBlock),
                centre ? centre + row : nullptr, to);
  };
  if (blocks == 1 || rows >= 32) {
    parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
      const int64_t together = blocks == 1 ? kTogether : 1;
      double results[kTogether];
      for (int64_t row = begin; row < end; row += together) {
        const int64_t count = std::min(together, end - row);
        part(row, 0, count, results);
        for (int64_t b = 1; b < blocks; ++b) {
          double more;
          part(row, b, 1, &more);
          results[0] = join(fold, results[0], more);
        }
        if (divisor == 1)
          for (int64_t i = 0; i < count; ++i) y[row + i] = static_cast<T>(results[i]);
        else
          for (int64_t i = 0; i < count; ++i) y[row + i] = static_cast<T>(results[i] / divisor);
      }
    });
    return;
  }
  Buffer<double> parts(rows * blocks);
  parallel_for(rows * blocks, kGrain / kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) part(i / blocks, i % blocks, 1, &parts[i]);
  });
  for (int64_t row = 0; row < rows; ++row) {
    double result = parts[row * blocks];
    for (int64_t b = 1; b < blocks; ++b) result = join(fold, result, parts[row * blocks + b]);
    y[row] = static_cast<T>(result / divisor);
  }
}

template <class T>
using ChunkFunction = void (*)(Fold, const T*, int64_t, int64_t, int64_t, const T*, T*);

template <class T>
void columns_of(Fold fold, ChunkFunction<T> fold_chunk, int64_t batch, int64_t rows, int64_t columns, const T* x,
                const T* centre, double divisor, T* y) {
  // Few columns would leave lanes idle: several rows are laid side by side and joined at the end.
  const int64_t side = columns < 64 ? std::max<int64_t>(1, std::min(64 / columns, rows / 2)) : 1;
  const int64_t width = side * columns, height = rows / side, rest = rows - height * side;
  const int64_t chunks = std::max<int64_t>(1, (height + kRowChunk - 1) / kRowChunk);
  const int64_t blocks = (width + kColumnBlock - 1) / kColumnBlock;
  const bool direct = chunks == 1 && side == 1;  // no parts to join
  Buffer<double> parts(direct ? 0 : batch * chunks * width);
  const int64_t work = std::max<int64_t>(1, std::min(height, kRowChunk) * std::min(width, kColumnBlock));
  parallel_for(batch * chunks * blocks, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
    alignas(64) T acc[kColumnBlock + 16];
    alignas(64) T centres[64];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / (chunks * blocks), chunk = i / blocks % chunks, k = i % blocks * kColumnBlock;
      const int64_t count = std::min(kColumnBlock, width - k), r = chunk * kRowChunk;
      const T* c = centre ? centre + b * columns + k : nullptr;
      if (centre && side > 1) {
        for (int64_t j = 0; j < width; ++j) centres[j] = centre[b * columns + j % columns];
        c = centres;
      }
      fold_chunk(fold, x + b * rows * columns + r * width + k, std::min(kRowChunk, height - r), width, count, c, acc);
      if (direct) {
        T* to = y + b * columns + k;
        for (int64_t j = 0; j < count; ++j) to[j] = static_cast<T>(static_cast<double>(acc[j]) / divisor);
      } else {
        double* to = &parts[(b * chunks + chunk) * width + k];
        for (int64_t j = 0; j < count; ++j) to[j] = static_cast<double>(acc[j]);
      }
    }
  });
  if (direct) return;
  alignas(64) T last[64 + 16];
  for (int64_t b = 0; b < batch; ++b) {
    if (rest > 0) {
      const T* c = centre ? centre + b * columns : nullptr;
      fold_chunk(fold, x + (b * rows + height * side) * columns, rest, columns, columns, c, last);
    }
    for (int64_t k = 0; k < columns; ++k) {
      double result = rest > 0 ? static_cast<double>(last[k]) : first(fold, 0);
      for (int64_t chunk = 0; chunk < chunks; ++chunk)
        for (int64_t j = k; j < width; j += columns)
          result = join(fold, result, parts[(b * chunks + chunk) * width + j]);
      y[b * columns + k] = static_cast<T>(result / divisor);
    }
  }
}

constexpr int64_t first(Fold fold, int64_t) {
  switch (fold) {
    case Fold::prod:
      return 1;
    case Fold::max:
      return std::numeric_limits<int64_t>::min();
    case Fold::min:
      return std::numeric_limits<int64_t>::max();
    default:
      return 0;
  }
}

// Sums and products wrap around, as they do in PyTorch; signed overflow would be undefined.
constexpr int64_t join(Fold fold, int64_t a, int64_t b) {
  switch (fold) {
    case Fold::prod:
      return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    case Fold::max:
      return std::max(a, b);
    case Fold::min:
      return std::min(a, b);
    default:
      return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
}

template <Fold kFold>
void i64_rows(int64_t rows, int64_t n, const int64_t* x, int64_t* y) {
  for (int64_t row = 0; row < rows; ++row, x += n) {
    int64_t parts[8], i = 0;  // two vectors of them are too few to keep up with L2
    std::fill(parts, parts + 8, first(kFold, int64_t{0}));
    for (; i + 8 <= n; i += 8)
      for (int64_t j = 0; j < 8; ++j) parts[j] = join(kFold, parts[j], x[i + j]);
    for (; i < n; ++i) parts[0] = join(kFold, parts[0], x[i]);
    for (int64_t j = 1; j < 8; ++j) parts[0] = join(kFold, parts[0], parts[j]);
    y[row] = parts[0];
  }
}
template <Fold kFold>
void i64_columns(int64_t batch, int64_t rows, int64_t columns, const int64_t* x, int64_t* __restrict y) {
  for (int64_t b = 0; b < batch; ++b, y += columns) {
    std::fill(y, y + columns, first(kFold, int64_t{0}));
    for (int64_t r = 0; r < rows; ++r, x += columns)
      for (int64_t k = 0; k < columns; ++k) y[k] = join(kFold, y[k], x[k]);
  }
}

constexpr int64_t kByteRows = 4096;  // whose sums fit 32 bits with room to spare

}  // namespace

void sum_bytes_in_rows(int64_t rows, int64_t n, const uint8_t* x, int64_t* y) {
  parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const uint8_t* from = x + row * n;
      int64_t sum = 0, i = 0;
      while (i + 8 <= n) {  // eight bytes at a time, in lanes of 16 bits that hold 128 pairs
        uint64_t lanes = 0;
        for (const int64_t end_of_words = std::min(n - n % 8, i + 8 * 128); i < end_of_words; i += 8) {
          uint64_t word;
          std::memcpy(&word, from + i, 8);
          lanes += (word & 0x00ff00ff00ff00ff) + (word >> 8 & 0x00ff00ff00ff00ff);
        }
        for (; lanes != 0; lanes >>= 16) sum += static_cast<int64_t>(lanes & 0xffff);
      }
      for (; i < n; ++i) sum += from[i];
      y[row] = sum;
    }
  });
}

void sum_bytes_in_columns(int64_t batch, int64_t rows, int64_t columns, const uint8_t* x, int64_t* y) {
  const int64_t blocks = (columns + kColumnBlock - 1) / kColumnBlock;
  const int64_t work = std::max<int64_t>(1, rows * std::min(columns, kColumnBlock));
  parallel_for(batch * blocks, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
    uint32_t parts[kColumnBlock];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / blocks, k = i % blocks * kColumnBlock, count = std::min(kColumnBlock, columns - k);
      int64_t* to = y + b * columns + k;
      std::fill(to, to + count, int64_t{0});
      for (int64_t r0 = 0; r0 < rows; r0 += kByteRows) {
        std::fill(parts, parts + count, 0);
        for (int64_t r = r0; r < std::min(rows, r0 + kByteRows); ++r) {
          const uint8_t* from = x + (b * rows + r) * columns + k;
          for (int64_t j = 0; j < count; ++j) parts[j] += from[j];
        }
        for (int64_t j = 0; j < count; ++j) to[j] += parts[j];
      }
    }
  });
}

template <>
void fold_rows(Fold fold, int64_t rows, int64_t n, const int64_t* x, const int64_t*, double, int64_t* y) {
  (fold == Fold::prod  ? &i64_rows<Fold::prod>
   : fold == Fold::max ? &i64_rows<Fold::max>
   : fold == Fold::min ? &i64_rows<Fold::min>
                       : &i64_rows<Fold::sum>)(rows, n, x, y);
}
template <>
void fold_columns(Fold fold, int64_t batch, int64_t rows, int64_t columns, const int64_t* x, const int64_t*, double,
                  int64_t* y) {
  (fold == Fold::prod  ? &i64_columns<Fold::prod>
   : fold == Fold::max ? &i64_columns<Fold::max>
   : fold == Fold::min ? &i64_columns<Fold::min>
                       : &i64_columns<Fold::sum>)(batch, rows, columns, x, y);
}

template <>
void fold_rows(Fold fold, int64_t rows, int64_t n, const float* x, const float* centre, double divisor, float* y) {
  ensure_target();
  rows_of(fold, HWY_DYNAMIC_DISPATCH(blocks_f32), rows, n, x, centre, divisor, y);
}
template <>
void fold_rows(Fold fold, int64_t rows, int64_t n, const double* x, const double* centre, double divisor, double* y) {
  ensure_target();
  rows_of(fold, HWY_DYNAMIC_DISPATCH(blocks_f64), rows, n, x, centre, divisor, y);
}
template <>
void fold_columns(Fold fold, int64_t batch, int64_t rows, int64_t columns, const float* x, const float* centre,
                  double divisor, float* y) {
  ensure_target();
  columns_of(fold, HWY_DYNAMIC_DISPATCH(chunk_f32), batch, rows, columns, x, centre, divisor, y);
}
template <>
void fold_columns(Fold fold, int64_t batch, int64_t rows, int64_t columns, const double* x, const double* centre,
                  double divisor, double* y) {
  ensure_target();
  columns_of(fold, HWY_DYNAMIC_DISPATCH(chunk_f64), batch, rows, columns, x, centre, divisor, y);
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
