#include <korrel/framework/kernels/reduction.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <korrel/framework/base/buffer.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/reduction.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/partial_vector-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// A fold: map() is applied to every element (with the row's or column's centre), join() joins two, lanes() those of a vector.
struct Sum {
  static constexpr double start = 0;
  template <class D, class V>
  static HWY_INLINE V map(D, V v, V) {
    return v;
  }
  template <class D, class V>
  static HWY_INLINE V join(D, V a, V b) {
    return hn::Add(a, b);
  }
  template <class D, class V>
  static HWY_INLINE double lanes(D d, V v) {
    return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, v)));
  }
};
struct SquareSum : Sum {
  template <class D, class V>
  static HWY_INLINE V map(D, V v, V centre) {
    V difference = hn::Sub(v, centre);
    return hn::Mul(difference, difference);
  }
};
struct Prod {
  static constexpr double start = 1;
  template <class D, class V>
  static HWY_INLINE V map(D, V v, V) {
    return v;
  }
  template <class D, class V>
  static HWY_INLINE V join(D, V a, V b) {
    return hn::Mul(a, b);
  }
  template <class D, class V>
  static HWY_INLINE double lanes(D d, V v) {
    HWY_ALIGN hn::TFromD<D> each[hn::MaxLanes(D())];
    hn::Store(v, d, each);
    double product = 1;
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) product *= static_cast<double>(each[i]);
    return product;
  }
};
// A NaN, once met, stays: the machine's max drops one of its operands.
struct Max : Prod {
  static constexpr double start = -std::numeric_limits<double>::infinity();
  template <class D, class V>
  static HWY_INLINE V join(D, V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b);
  }
  template <class D, class V>
  static HWY_INLINE double lanes(D d, V v) {
    if (!hn::AllFalse(d, hn::IsNaN(v))) return NAN;
    return static_cast<double>(hn::GetLane(hn::MaxOfLanes(d, v)));
  }
};
struct Min : Prod {
  static constexpr double start = std::numeric_limits<double>::infinity();
  template <class D, class V>
  static HWY_INLINE V join(D, V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b);
  }
  template <class D, class V>
  static HWY_INLINE double lanes(D d, V v) {
    if (!hn::AllFalse(d, hn::IsNaN(v))) return NAN;
    return static_cast<double>(hn::GetLane(hn::MinOfLanes(d, v)));
  }
};

// The fold of n numbers.
template <class Op, class T>
HWY_NOINLINE double fold_block(const T* HWY_RESTRICT x, int64_t n, T centre) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto c = hn::Set(d, centre);
  const auto start = hn::Set(d, static_cast<T>(Op::start));
  if (n < lanes) {
    const auto there = hn::FirstN(d, static_cast<std::size_t>(n));
    return Op::lanes(d, hn::IfThenElse(there, Op::map(d, load_part(d, x, static_cast<std::size_t>(n)), c), start));
  }
  auto a0 = start, a1 = start, a2 = start, a3 = start, a4 = start, a5 = start, a6 = start, a7 = start;
  int64_t i = 0;
  for (; i + 8 * lanes <= n; i += 8 * lanes) {  // two loads a cycle, four cycles until a sum is there
    a0 = Op::join(d, a0, Op::map(d, hn::LoadU(d, x + i), c));
    a1 = Op::join(d, a1, Op::map(d, hn::LoadU(d, x + i + lanes), c));
    a2 = Op::join(d, a2, Op::map(d, hn::LoadU(d, x + i + 2 * lanes), c));
    a3 = Op::join(d, a3, Op::map(d, hn::LoadU(d, x + i + 3 * lanes), c));
    a4 = Op::join(d, a4, Op::map(d, hn::LoadU(d, x + i + 4 * lanes), c));
    a5 = Op::join(d, a5, Op::map(d, hn::LoadU(d, x + i + 5 * lanes), c));
    a6 = Op::join(d, a6, Op::map(d, hn::LoadU(d, x + i + 6 * lanes), c));
    a7 = Op::join(d, a7, Op::map(d, hn::LoadU(d, x + i + 7 * lanes), c));
  }
  for (; i + lanes <= n; i += lanes) a0 = Op::join(d, a0, Op::map(d, hn::LoadU(d, x + i), c));
  if (i < n) {  // the last vector once more, without the lanes that are in already
    const auto seen = hn::FirstN(d, static_cast<std::size_t>(lanes - (n - i)));
    a7 = Op::join(d, a7, hn::IfThenElse(seen, start, Op::map(d, hn::LoadU(d, x + n - lanes), c)));
  }
  a0 = Op::join(d, Op::join(d, a0, a1), Op::join(d, a2, a3));
  a4 = Op::join(d, Op::join(d, a4, a5), Op::join(d, a6, a7));
  return Op::lanes(d, Op::join(d, a0, a4));
}

// acc[k] = fold over `rows` rows of x[r * stride + k], k < columns. Eight rows at a time are joined as a tree, so
// that the running folds are read and written once for eight elements. acc has room for whole vectors.
template <class Op, class T>
HWY_NOINLINE void fold_chunk(const T* HWY_RESTRICT x, int64_t rows, int64_t stride, int64_t columns, const T* HWY_RESTRICT centre,
                T* HWY_RESTRICT acc) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t k = 0; k < columns; ++k) acc[k] = static_cast<T>(Op::start);
  auto step = [&](int64_t k, int64_t r, auto load) HWY_ATTR {
    const auto c = centre ? load(centre + k) : hn::Zero(d);
    auto at = [&](int64_t i) HWY_ATTR { return Op::map(d, load(x + (r + i) * stride + k), c); };
    auto sum = hn::Load(d, acc + k);
    if (rows - r >= 8) {
      auto low = Op::join(d, Op::join(d, at(0), at(1)), Op::join(d, at(2), at(3)));
      auto high = Op::join(d, Op::join(d, at(4), at(5)), Op::join(d, at(6), at(7)));
      sum = Op::join(d, sum, Op::join(d, low, high));
    } else {
      for (int64_t i = 0; i < rows - r; ++i) sum = Op::join(d, sum, at(i));
    }
    hn::Store(sum, d, acc + k);
  };
  for (int64_t r = 0; r < rows; r += 8) {
    int64_t k = 0;
    for (; k + lanes <= columns; k += lanes) step(k, r, [&](const T* from) HWY_ATTR { return hn::LoadU(d, from); });
    const auto rest = static_cast<std::size_t>(columns - k);
    if (rest > 0) step(k, r, [&](const T* from) HWY_ATTR { return load_part(d, from, rest); });
  }
}

template <class T>
HWY_INLINE double any_block(Fold fold, const T* x, int64_t n, T centre) {
  switch (fold) {
    case Fold::square_sum: return fold_block<SquareSum>(x, n, centre);
    case Fold::prod: return fold_block<Prod>(x, n, centre);
    case Fold::max: return fold_block<Max>(x, n, centre);
    case Fold::min: return fold_block<Min>(x, n, centre);
    default: return fold_block<Sum>(x, n, centre);
  }
}
double block_f32(Fold fold, const float* x, int64_t n, float centre) { return any_block(fold, x, n, centre); }
double block_f64(Fold fold, const double* x, int64_t n, double centre) { return any_block(fold, x, n, centre); }

template <class T>
HWY_INLINE void any_chunk(Fold fold, const T* x, int64_t rows, int64_t stride, int64_t columns, const T* centre, T* acc) {
  switch (fold) {
    case Fold::square_sum: return fold_chunk<SquareSum>(x, rows, stride, columns, centre, acc);
    case Fold::prod: return fold_chunk<Prod>(x, rows, stride, columns, centre, acc);
    case Fold::max: return fold_chunk<Max>(x, rows, stride, columns, centre, acc);
    case Fold::min: return fold_chunk<Min>(x, rows, stride, columns, centre, acc);
    default: return fold_chunk<Sum>(x, rows, stride, columns, centre, acc);
  }
}
void chunk_f32(Fold fold, const float* x, int64_t rows, int64_t stride, int64_t columns, const float* centre, float* acc) {
  any_chunk(fold, x, rows, stride, columns, centre, acc);
}
void chunk_f64(Fold fold, const double* x, int64_t rows, int64_t stride, int64_t columns, const double* centre, double* acc) {
  any_chunk(fold, x, rows, stride, columns, centre, acc);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(block_f32);
HWY_EXPORT(block_f64);
HWY_EXPORT(chunk_f32);
HWY_EXPORT(chunk_f64);

// One thread's share is worth at least this many elements: some 10 us.
constexpr int64_t kGrain = 1 << 17;
constexpr int64_t kRowBlock = 8192;     // elements of a row that are folded in T
constexpr int64_t kColumnBlock = 1024;  // columns whose running folds stay in the first-level cache, 4 or 8 KB
constexpr int64_t kRowChunk = 512;      // rows that are folded in T

double first(Fold fold, double) {
  switch (fold) {
    case Fold::prod: return 1;
    case Fold::max: return -HUGE_VAL;
    case Fold::min: return HUGE_VAL;
    default: return 0;
  }
}
double join(Fold fold, double a, double b) {
  switch (fold) {
    case Fold::prod: return a * b;
    case Fold::max: return a > b || a != a ? a : b;
    case Fold::min: return a < b || a != a ? a : b;
    default: return a + b;
  }
}

template <class T>
void rows_of(Fold fold, double (*block)(Fold, const T*, int64_t, T), int64_t rows, int64_t n, const T* x, const T* centre,
             double divisor, T* y) {
  const int64_t blocks = std::max<int64_t>(1, (n + kRowBlock - 1) / kRowBlock);
  auto part = [&](int64_t row, int64_t b) {
    return block(fold, x + row * n + b * kRowBlock, std::min(kRowBlock, n - b * kRowBlock), centre ? centre[row] : T(0));
  };
  if (blocks == 1 || rows >= 32) {
    parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        double result = part(row, 0);
        for (int64_t b = 1; b < blocks; ++b) result = join(fold, result, part(row, b));
        y[row] = static_cast<T>(result / divisor);
      }
    });
    return;
  }
  Buffer<double> parts(rows * blocks);
  parallel_for(rows * blocks, kGrain / kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) parts[i] = part(i / blocks, i % blocks);
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
        for (int64_t j = k; j < width; j += columns) result = join(fold, result, parts[(b * chunks + chunk) * width + j]);
      y[b * columns + k] = static_cast<T>(result / divisor);
    }
  }
}

int64_t first(Fold fold, int64_t) {
  switch (fold) {
    case Fold::prod: return 1;
    case Fold::max: return std::numeric_limits<int64_t>::min();
    case Fold::min: return std::numeric_limits<int64_t>::max();
    default: return 0;
  }
}

// Sums and products wrap around, as they do in PyTorch; signed overflow would be undefined.
int64_t join(Fold fold, int64_t a, int64_t b) {
  switch (fold) {
    case Fold::prod: return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    case Fold::max: return std::max(a, b);
    case Fold::min: return std::min(a, b);
    default: return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
}

}  // namespace

template <>
void fold_rows(Fold fold, int64_t rows, int64_t n, const int64_t* x, const int64_t*, double, int64_t* y) {
  for (int64_t row = 0; row < rows; ++row) {
    y[row] = first(fold, int64_t{0});
    for (int64_t i = 0; i < n; ++i) y[row] = join(fold, y[row], x[row * n + i]);
  }
}
template <>
void fold_columns(Fold fold, int64_t batch, int64_t rows, int64_t columns, const int64_t* x, const int64_t*, double, int64_t* y) {
  for (int64_t b = 0; b < batch; ++b, y += columns) {
    std::fill(y, y + columns, first(fold, int64_t{0}));
    for (int64_t r = 0; r < rows; ++r, x += columns)
      for (int64_t k = 0; k < columns; ++k) y[k] = join(fold, y[k], x[k]);
  }
}

template <>
void fold_rows(Fold fold, int64_t rows, int64_t n, const float* x, const float* centre, double divisor, float* y) {
  ensure_target();
  rows_of(fold, HWY_DYNAMIC_DISPATCH(block_f32), rows, n, x, centre, divisor, y);
}
template <>
void fold_rows(Fold fold, int64_t rows, int64_t n, const double* x, const double* centre, double divisor, double* y) {
  ensure_target();
  rows_of(fold, HWY_DYNAMIC_DISPATCH(block_f64), rows, n, x, centre, divisor, y);
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
