#include <korrel/framework/kernels/copy.h>

#include <algorithm>
#include <cstring>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/copy.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// to[i][j] = from[j][i] for the whole blocks of 4 x 4 in height x width: half the time of element by element.
void transpose_blocks(uint32_t* to, int64_t to_stride, const uint32_t* from, int64_t from_stride, int64_t height,
                      int64_t width) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t i = 0; i < height / 4 * 4; ++i)
    for (int64_t j = 0; j < width / 4 * 4; ++j) to[i * to_stride + j] = from[j * from_stride + i];
#else
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::FixedTag<uint32_t, 4> d;
  const hn::FixedTag<uint64_t, 2> wide;
  for (int64_t i = 0; i + 4 <= height; i += 4) {
    for (int64_t j = 0; j + 4 <= width; j += 4) {
      const uint32_t* in = from + j * from_stride + i;
      const auto a = hn::LoadU(d, in), b = hn::LoadU(d, in + from_stride);
      const auto c = hn::LoadU(d, in + 2 * from_stride), e = hn::LoadU(d, in + 3 * from_stride);
      const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(d, a, b)),
                 ab_high = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
      const auto ce_low = hn::BitCast(wide, hn::InterleaveLower(d, c, e)),
                 ce_high = hn::BitCast(wide, hn::InterleaveUpper(d, c, e));
      uint32_t* out = to + i * to_stride + j;
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_low, ce_low)), d, out);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_low, ce_low)), d, out + to_stride);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab_high, ce_high)), d, out + 2 * to_stride);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab_high, ce_high)), d, out + 3 * to_stride);
    }
  }
#endif
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(transpose_blocks);

constexpr int64_t grain = 32768;  // elements worth a thread
constexpr int64_t tile = 64;      // of a transposition: runs of several cache lines on either side (1.05 ms against 1.4
                                  // with 16, 1024 x 1024 f32)

struct Loop {
  Loop(const Shape& shape, const Strides& given) {
    for (int d = 0; d < shape.rank(); ++d) {
      if (shape[d] == 1) continue;
      if (rank > 0 && strides[rank - 1] == given[d] * shape[d]) {
        sizes[rank - 1] *= shape[d];
        strides[rank - 1] = given[d];
      } else {
        sizes[rank] = shape[d];
        strides[rank++] = given[d];
      }
    }
    if (rank == 0) {
      sizes[0] = strides[0] = 1;
      rank = 1;
    }
  }
  // Where element `flat` of the leading `count` dimensions lies.
  int64_t offset(int64_t flat, int count) const {
    int64_t offset = 0;
    for (int d = count - 1; d >= 0; --d) {
      offset += flat % sizes[d] * strides[d];
      flat /= sizes[d];
    }
    return offset;
  }

  int rank = 0;
  int64_t sizes[Dims::max_rank], strides[Dims::max_rank];
};

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, bool>)
    return value != From(0);
  else
    return static_cast<To>(value);
}

template <class To, class From>
void row(To* to, const From* from, int64_t stride, int64_t n) {
  if (stride == 1) {
    if constexpr (std::is_same_v<To, From>) {
      std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(To));
    } else {
      for (int64_t i = 0; i < n; ++i) to[i] = convert<To>(from[i]);
    }
  } else if (stride == 0) {
    std::fill_n(to, n, convert<To>(*from));
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = convert<To>(from[i * stride]);
  }
}

// to [.., columns] dense, rows first..last, from a matrix whose columns are dense (or nearly) in memory. Tile by tile
// through a buffer: read in runs, written in runs; rows a power of two apart would evict one another from the cache.
template <class To, class From>
void transpose(To* to, const From* from, int64_t columns, int64_t row_stride, int64_t column_stride, int64_t first,
               int64_t last) {
  alignas(64) From buffer[tile][tile + 64 / sizeof(From)];
  int64_t height = last - first;
  for (int64_t j0 = 0; j0 < columns; j0 += tile) {
    int64_t width = std::min(tile, columns - j0);
    for (int64_t j = 0; j < width; ++j) {
      const From* line = from + first * row_stride + (j0 + j) * column_stride;
      if (row_stride == 1)
        std::copy_n(line, height, buffer[j]);
      else
        for (int64_t i = 0; i < height; ++i) buffer[j][i] = line[i * row_stride];
    }
    To* corner = to + first * columns + j0;
    int64_t done_i = 0, done_j = 0;
    if constexpr (std::is_same_v<To, uint32_t> && std::is_same_v<From, uint32_t>) {
      HWY_DYNAMIC_DISPATCH(transpose_blocks)
      (corner, columns, buffer[0], sizeof(buffer[0]) / sizeof(From), height, width);
      done_i = height / 4 * 4;
      done_j = width / 4 * 4;
    }
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = i < done_i ? done_j : 0; j < width; ++j) corner[i * columns + j] = convert<To>(buffer[j][i]);
  }
}

template <class To, class From>
void copy_as(To* to, const From* from, const Loop& loop) {
  int64_t n = 1;
  for (int d = 0; d < loop.rank; ++d) n *= loop.sizes[d];
  int last = loop.rank - 1;
  int64_t columns = loop.sizes[last], step = loop.strides[last];
  if (loop.rank == 1) {
    return parallel_for(n, grain,
                        [&](int64_t begin, int64_t end) { row(to + begin, from + begin * step, step, end - begin); });
  }
  if (std::abs(step) >= 8 && std::abs(loop.strides[last - 1]) < std::abs(step) && loop.strides[last - 1] != 0) {
    int64_t rows = loop.sizes[last - 1], planes = n / (rows * columns);
    int64_t strips = (rows + tile - 1) / tile;  // a thread takes whole strips of a plane
    return parallel_for(planes * strips, std::max<int64_t>(1, grain / (tile * columns)),
                        [&](int64_t begin, int64_t end) {
                          for (int64_t s = begin; s < end; ++s) {
                            int64_t plane = s / strips, first = s % strips * tile;
                            transpose(to + plane * rows * columns, from + loop.offset(plane, last - 1), columns,
                                      loop.strides[last - 1], step, first, std::min(first + tile, rows));
                          }
                        });
  }
  parallel_for(n / columns, std::max<int64_t>(1, grain / columns), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) row(to + r * columns, from + loop.offset(r, last), step, columns);
  });
}

}  // namespace

void copy(DType to_dtype, void* to, DType from_dtype, const void* from, const Shape& shape, const Strides& strides) {
  for (int64_t size : shape)
    if (size == 0) return;
  ensure_target();
  Loop loop(shape, strides);
  if (to_dtype == from_dtype) {  // only the width matters: three types serve all
    if (size_of(to_dtype) == 4) return copy_as(static_cast<uint32_t*>(to), static_cast<const uint32_t*>(from), loop);
    if (size_of(to_dtype) == 8) return copy_as(static_cast<uint64_t*>(to), static_cast<const uint64_t*>(from), loop);
    return copy_as(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), loop);
  }
  visit(to_dtype, [&]<class To>() {
    visit(from_dtype, [&]<class From>() {
      if constexpr (!std::is_same_v<To, From>) copy_as(static_cast<To*>(to), static_cast<const From*>(from), loop);
    });
  });
}

}  // namespace korrel::kernels
#endif
