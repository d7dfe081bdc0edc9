#include <korrel/framework/kernels/strided_copy.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <korrel/framework/base/buffer.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/leaves_caches.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/strided_copy.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/interleave-inl.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// to[r * to_row + c] = from[r + c * from_column]. Blocks as large as a register file: with AVX-512 and f32 a block
// reads 16 whole cache lines and writes 16, so it does not matter that they may all fall into one set of the cache.
// 64 x 64 at a time, for the sake of the pages that are open.
template <class T>
void transpose(int64_t rows, int64_t columns, T* HWY_RESTRICT to, int64_t to_row, const T* HWY_RESTRICT from,
               int64_t from_column) {
  constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<T>())), kTile = 64;
  for (int64_t r0 = 0; r0 < rows; r0 += kTile)
    for (int64_t c0 = 0; c0 < columns; c0 += kTile)
      for (int64_t r = r0; r < std::min(rows, r0 + kTile); r += kLanes)
        for (int64_t c = c0; c < std::min(columns, c0 + kTile); c += kLanes) {
          const T* HWY_RESTRICT block = from + r + c * from_column;
          T* HWY_RESTRICT place = to + r * to_row + c;
          // The next tile, or for want of one what follows in this: no hardware prefetcher follows from page to page.
          const bool next_tile = c + kTile + kLanes <= columns;
          if (next_tile || r + 3 * kLanes <= rows) {
            const T* source = block + (next_tile ? kTile * from_column : 2 * kLanes);
            T* target = place + (next_tile ? kTile : 2 * kLanes * to_row);
            for (int64_t i = 0; i < kLanes; ++i) {
              __builtin_prefetch(source + i * from_column, 0, 2);
              __builtin_prefetch(target + i * to_row, 1, 2);
            }
          }
          transpose_block<true>(block, from_column, std::min(kLanes, columns - c), std::min(kLanes, rows - r), place,
                                to_row);
        }
}

// The same where `to` is large and its rows are whole cache lines from line to line: written past the caches, a line at
// a time, so that neither their sets nor the pages matter on that side. Then the source can be read 4 KiB in a row from
// as few columns as fill a line, which the hardware's prefetchers follow (1024x1024: 4.5 to 10 GB/s, 2048x2048: 3.4 to
// 10).
template <class T>
void transpose_past_caches(int64_t rows, int64_t columns, T* HWY_RESTRICT to, int64_t to_row,
                           const T* HWY_RESTRICT from, int64_t from_column) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(d)), kLine = 64 / sizeof(T), kRun = 4096 / sizeof(T);
  const int64_t whole_rows = rows / kLanes * kLanes;
  for (int64_t r0 = 0; r0 < whole_rows; r0 += kRun)
    for (int64_t c0 = 0; c0 < columns; c0 += kLine)
      for (int64_t r = r0; r < std::min(whole_rows, r0 + kRun); r += kLanes) {
        // Whole lines, one after the other: where a vector is half a line, its two halves must not be far apart.
        HWY_ALIGN T lines[kLanes * kLine];
        hn::Vec<decltype(d)> block[kLanes];
        for (int64_t c = 0; c < kLine; c += kLanes) {
#pragma GCC unroll 16
          for (int64_t i = 0; i < kLanes; ++i) block[i] = hn::LoadU(d, from + r + (c0 + c + i) * from_column);
          transpose_vectors<T>(block);
          if constexpr (kLanes < kLine) {
#pragma GCC unroll 16
            for (int64_t i = 0; i < kLanes; ++i) hn::Store(block[i], d, lines + i * kLine + c);
          }
        }
#pragma GCC unroll 16
        for (int64_t i = 0; i < kLanes; ++i) {
          T* place = to + (r + i) * to_row + c0;
          if constexpr (kLanes == kLine) {
            hn::Stream(block[i], d, place);
          } else {
            for (int64_t c = 0; c < kLine; c += kLanes) hn::Stream(hn::Load(d, lines + i * kLine + c), d, place + c);
          }
        }
      }
  hwy::FlushStream();
  if (whole_rows < rows)
    transpose(rows - whole_rows, columns, to + whole_rows * to_row, to_row, from + whole_rows, from_column);
}

// The same where rows of `to` begin anywhere: through a tile in L2 (f32: 256 rows of 512 bytes), whose rows are written
// past the caches but for the lines at their ends (1000x1000: 4.6 to 8 GB/s).
template <class T>
void transpose_through_tiles(int64_t rows, int64_t columns, T* HWY_RESTRICT to, int64_t to_row,
                             const T* HWY_RESTRICT from, int64_t from_column) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(d)), kLine = 64 / sizeof(T), kTall = 1024 / sizeof(T),
                    kWide = 512 / sizeof(T);
  Buffer<T> tile(kTall * kWide);
  for (int64_t r0 = 0; r0 < rows; r0 += kTall)
    for (int64_t c0 = 0; c0 < columns; c0 += kWide) {
      const int64_t height = std::min(kTall, rows - r0), width = std::min(kWide, columns - c0);
      for (int64_t c = 0; c < width; c += kLanes)
        for (int64_t r = 0; r < height; r += kLanes)
          transpose_block<true>(from + r0 + r + (c0 + c) * from_column, from_column, std::min(kLanes, width - c),
                                std::min(kLanes, height - r), tile.data() + r * kWide + c, kWide);
      for (int64_t r = 0; r < height; ++r) {
        const T* row = tile.data() + r * kWide;
        T* place = to + (r0 + r) * to_row + c0;
        const int64_t off = static_cast<int64_t>(reinterpret_cast<uintptr_t>(place) / sizeof(T)) % kLine;
        const int64_t head = std::min(width, (kLine - off) % kLine);
        int64_t c = 0;
        for (; c < head; ++c) place[c] = row[c];
        for (; c + kLine <= width; c += kLine)
          for (int64_t i = c; i < c + kLine; i += kLanes) hn::Stream(hn::LoadU(d, row + i), d, place + i);
        for (; c < width; ++c) place[c] = row[c];
      }
    }
  hwy::FlushStream();
}

// A large `to`. Where its rows are short (24 to 200 elements) and no whole lines, tiles cost more than they save.
template <class T>
void transpose_large(int64_t rows, int64_t columns, T* to, int64_t to_row, const T* from, int64_t from_column) {
  constexpr int64_t kLine = 64 / sizeof(T);
  const bool whole_lines = reinterpret_cast<uintptr_t>(to) % 64 == 0 && columns % kLine == 0 && to_row % kLine == 0;
  const auto transposing = whole_lines      ? transpose_past_caches<T>
                           : columns >= 256 ? transpose_through_tiles<T>
                                            : transpose<T>;
  transposing(rows, columns, to, to_row, from, from_column);
}

void weave_u8(bool together, int64_t parts, int64_t n, uint8_t* to, const uint8_t* from, int64_t part) {
  weave(together, parts, n, to, from, part);
}
void weave_f32(bool together, int64_t parts, int64_t n, float* to, const float* from, int64_t part) {
  weave(together, parts, n, to, from, part);
}

void transpose_f32(int64_t rows, int64_t columns, float* to, int64_t to_row, const float* from, int64_t from_column) {
  transpose(rows, columns, to, to_row, from, from_column);
}
void transpose_f64(int64_t rows, int64_t columns, double* to, int64_t to_row, const double* from, int64_t from_column) {
  transpose(rows, columns, to, to_row, from, from_column);
}
void transpose_large_f32(int64_t rows, int64_t columns, float* to, int64_t to_row, const float* from,
                         int64_t from_column) {
  transpose_large(rows, columns, to, to_row, from, from_column);
}
void transpose_large_f64(int64_t rows, int64_t columns, double* to, int64_t to_row, const double* from,
                         int64_t from_column) {
  transpose_large(rows, columns, to, to_row, from, from_column);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(weave_u8);
HWY_EXPORT(weave_f32);
HWY_EXPORT(transpose_f32);
HWY_EXPORT(transpose_f64);
HWY_EXPORT(transpose_large_f32);
HWY_EXPORT(transpose_large_f64);

constexpr int64_t kGrainBytes = 65536;  // worth a thread

struct Plan {
  Shape shape;
  Strides to, from;
  int rank() const { return shape.rank(); }
};

// Drops dimensions of size 1, orders the rest so that writing goes through memory, and joins neighbours that are one
// run.
Plan simplify(const Shape& shape, const Strides& to, const Strides& from) {
  int order[Dims::max_rank], count = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    int place = count++;
    for (; place > 0 && std::abs(to[order[place - 1]]) < std::abs(to[i]); --place) order[place] = order[place - 1];
    order[place] = i;
  }
  Plan plan;
  for (int j = 0; j < count; ++j) {
    int i = order[j];
    if (plan.rank() > 0 && plan.to.back() == to[i] * shape[i] && plan.from.back() == from[i] * shape[i]) {
      plan.shape.back() *= shape[i];
      plan.to.back() = to[i];
      plan.from.back() = from[i];
    } else {
      plan.shape.push_back(shape[i]);
      plan.to.push_back(to[i]);
      plan.from.push_back(from[i]);
    }
  }
  if (plan.rank() == 0) plan = {{1}, {1}, {1}};
  return plan;
}

template <class T>
void copy_row(int64_t n, T* to, int64_t to_stride, const T* from, int64_t from_stride) {
  if (to_stride == 1 && from_stride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
  } else if (to_stride == 1 && from_stride == 0) {
    std::fill_n(to, n, *from);
  } else if (to_stride == 1 && from_stride == -1) {
    for (int64_t i = 0; i < n; ++i) to[i] = from[-i];
  } else if (to_stride == 1) {
    for (int64_t i = 0; i < n; ++i) to[i] = from[i * from_stride];
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * to_stride] = from[i * from_stride];
  }
}

template <class T, int kWidth>
void copy_narrow_rows(int64_t rows, T* to, int64_t to_row, int64_t to_stride, const T* from, int64_t from_row,
                      int64_t from_stride) {
  for (int64_t r = 0; r < rows; ++r, to += to_row, from += from_row) {
    T row[kWidth];
    for (int i = 0; i < kWidth; ++i) row[i] = from[i * from_stride];
    for (int i = 0; i < kWidth; ++i) to[i * to_stride] = row[i];
  }
}

// Rows of a few elements, whose number the compiler knows: a loop or a call for each costs more than they do.
template <class T>
void copy_rows(int64_t rows, int64_t columns, T* to, int64_t to_row, int64_t to_column, const T* from, int64_t from_row,
               int64_t from_column) {
  using Narrow = void (*)(int64_t, T*, int64_t, int64_t, const T*, int64_t, int64_t);
  constexpr Narrow narrow[] = {copy_narrow_rows<T, 1>, copy_narrow_rows<T, 2>, copy_narrow_rows<T, 3>,
                               copy_narrow_rows<T, 4>, copy_narrow_rows<T, 5>, copy_narrow_rows<T, 6>,
                               copy_narrow_rows<T, 7>, copy_narrow_rows<T, 8>};
  if (columns <= 8) return narrow[columns - 1](rows, to, to_row, to_column, from, from_row, from_column);
  for (int64_t r = 0; r < rows; ++r) copy_row(columns, to + r * to_row, to_column, from + r * from_row, from_column);
}

// rows x columns where writing runs along columns and reading along rows, the general case: in squares through a
// buffer, so that a cache line of either side is touched once, also where the strides put all of them into one set of
// the cache.
template <class T>
void copy_crossing(int64_t rows, int64_t columns, T* to, int64_t to_row, int64_t to_column, const T* from,
                   int64_t from_row, int64_t from_column) {
  constexpr int64_t tile = 16;
  T square[tile][tile];
  for (int64_t r0 = 0; r0 < rows; r0 += tile) {
    int64_t height = std::min(rows - r0, tile);
    for (int64_t c0 = 0; c0 < columns; c0 += tile) {
      int64_t width = std::min(columns - c0, tile);
      const T* corner = from + r0 * from_row + c0 * from_column;
      for (int64_t c = 0; c < width; ++c)
        for (int64_t r = 0; r < height; ++r) square[r][c] = corner[r * from_row + c * from_column];
      for (int64_t r = 0; r < height; ++r)
        copy_row(width, to + (r0 + r) * to_row + c0 * to_column, to_column, square[r], 1);
    }
  }
}

// `large`: the whole copy's result leaves the caches before it is read.
template <class T>
void copy_transposed(int64_t rows, int64_t columns, T* to, int64_t to_row, int64_t to_column, const T* from,
                     int64_t from_row, int64_t from_column, bool large) {
  // Two to four dense parts, woven together or taken apart.
  const bool weaves = columns >= 2 && columns <= 4 && to_row == columns && rows >= 16;
  const bool parts = rows >= 2 && rows <= 4 && from_column == rows && columns >= 16;
  if constexpr (sizeof(T) <= 4) {
    if (to_column == 1 && from_row == 1 && (weaves || parts)) {
      const int64_t count = weaves ? columns : rows, n = weaves ? rows : columns, part = weaves ? from_column : to_row;
      if constexpr (sizeof(T) == 4) HWY_DYNAMIC_DISPATCH(weave_f32)
      (weaves, count, n, reinterpret_cast<float*>(to), reinterpret_cast<const float*>(from), part);
      else HWY_DYNAMIC_DISPATCH(weave_u8)(weaves, count, n, to, from, part);
      return;
    }
  }
  if constexpr (sizeof(T) >= 4) {
    if (to_column == 1 && from_row == 1) {
      const bool through_memory = large && rows >= 32;
      if constexpr (sizeof(T) == 4) {
        const auto transpose =
            through_memory ? HWY_DYNAMIC_DISPATCH(transpose_large_f32) : HWY_DYNAMIC_DISPATCH(transpose_f32);
        transpose(rows, columns, reinterpret_cast<float*>(to), to_row, reinterpret_cast<const float*>(from),
                  from_column);
      } else {
        const auto transpose =
            through_memory ? HWY_DYNAMIC_DISPATCH(transpose_large_f64) : HWY_DYNAMIC_DISPATCH(transpose_f64);
        transpose(rows, columns, reinterpret_cast<double*>(to), to_row, reinterpret_cast<const double*>(from),
                  from_column);
      }
      return;
    }
  }
  copy_crossing(rows, columns, to, to_row, to_column, from, from_row, from_column);
}

template <class T>
void copy(const Plan& plan, T* to, const T* from) {
  int inner = plan.rank() - 1;
  // The dimension that `from` runs along, when it is not the innermost one.
  int crossing = -1;
  if (std::abs(plan.from[inner]) > 1)
    for (int i = 0; i < inner; ++i)
      if (std::abs(plan.from[i]) == 1) crossing = i;
  if (inner == 0) {
    parallel_for(plan.shape[0], 1 + kGrainBytes / static_cast<int64_t>(sizeof(T)), [&](int64_t begin, int64_t end) {
      copy_row(end - begin, to + begin * plan.to[0], plan.to[0], from + begin * plan.from[0], plan.from[0]);
    });
    return;
  }
  // Blocks of two dimensions are copied by a loop of their own. They are independent, and so are parts of their rows;
  // transposed blocks are divided only if there is one.
  const int second = crossing >= 0 ? crossing : inner - 1;
  Dims outer;
  int64_t blocks = 1;
  for (int i = 0; i < inner; ++i) {
    if (i == second) continue;
    outer.push_back(i);
    blocks *= plan.shape[i];
  }
  const int64_t rows = plan.shape[second], columns = plan.shape[inner];
  const int64_t row_bytes = columns * static_cast<int64_t>(sizeof(T)), block_bytes = rows * row_bytes;
  const bool large = blocks * block_bytes >= kTransposeLeavesCaches;
  auto copy_part = [&](int64_t row, int64_t count, T* part, const T* source) {
    part += row * plan.to[second];
    source += row * plan.from[second];
    if (crossing >= 0)
      copy_transposed(count, columns, part, plan.to[second], plan.to[inner], source, plan.from[second],
                      plan.from[inner], large);
    else
      copy_rows(count, columns, part, plan.to[second], plan.to[inner], source, plan.from[second], plan.from[inner]);
  };
  if (blocks == 1) {
    parallel_for(rows, 1 + kGrainBytes / row_bytes,
                 [&](int64_t begin, int64_t end) { copy_part(begin, end - begin, to, from); });
    return;
  }
  const int64_t part_rows = crossing >= 0 ? rows : std::min(rows, 1 + kGrainBytes / row_bytes);
  const int64_t parts = (rows + part_rows - 1) / part_rows;
  parallel_for(blocks * parts, 1 + kGrainBytes / (part_rows * row_bytes), [&](int64_t begin, int64_t end) {
    Dims index = outer;
    T* block = to;
    const T* source = from;
    for (int64_t j = outer.rank() - 1, rest = begin / parts; j >= 0; --j) {
      int dim = static_cast<int>(outer[static_cast<int>(j)]);
      int64_t at = index[static_cast<int>(j)] = rest % plan.shape[dim];
      rest /= plan.shape[dim];
      block += at * plan.to[dim];
      source += at * plan.from[dim];
    }
    for (int64_t i = begin, part = begin % parts; i < end; ++i) {
      copy_part(part * part_rows, std::min(part_rows, rows - part * part_rows), block, source);
      if (++part < parts) continue;
      part = 0;
      for (int j = outer.rank() - 1; j >= 0; --j) {
        int dim = static_cast<int>(outer[j]);
        block += plan.to[dim];
        source += plan.from[dim];
        if (++index[j] < plan.shape[dim]) break;
        block -= plan.to[dim] * plan.shape[dim];
        source -= plan.from[dim] * plan.shape[dim];
        index[j] = 0;
      }
    }
  });
}

}  // namespace

void strided_copy(const Shape& shape, std::size_t item, void* to, const Strides& to_strides, const void* from,
                  const Strides& from_strides) {
  if (shape.numel() == 0) return;
  ensure_target();
  Plan plan = simplify(shape, to_strides, from_strides);
  switch (item) {
    case 1:
      return copy(plan, static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from));
    case 4:
      return copy(plan, static_cast<uint32_t*>(to), static_cast<const uint32_t*>(from));
    default:
      return copy(plan, static_cast<uint64_t*>(to), static_cast<const uint64_t*>(from));
  }
}

}  // namespace korrel::kernels
#endif
