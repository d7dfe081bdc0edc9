#include <korrel/framework/kernels/copy.h>

#include <algorithm>
#include <cstring>

#include <korrel/framework/base/parallel.h>

namespace korrel::kernels {
namespace {

constexpr int64_t grain = 32768;  // elements worth a thread
constexpr int64_t tile = 32;      // of a transposition: 32 cache lines read and 32 written stay in L1

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

// to [rows, columns] dense from a matrix whose columns are dense (or nearly) in memory: in tiles, so that each cache
// line of either side is fetched once.
template <class To, class From>
void transpose(To* to, const From* from, int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride,
               int64_t first, int64_t last) {
  for (int64_t i0 = first; i0 < last; i0 += tile)
    for (int64_t j0 = 0; j0 < columns; j0 += tile)
      for (int64_t i = i0; i < std::min(i0 + tile, last); ++i)
        for (int64_t j = j0; j < std::min(j0 + tile, columns); ++j)
          to[i * columns + j] = convert<To>(from[i * row_stride + j * column_stride]);
  (void)rows;
}

template <class To, class From>
void copy_as(To* to, const From* from, const Loop& loop) {
  int64_t n = 1;
  for (int d = 0; d < loop.rank; ++d) n *= loop.sizes[d];
  int last = loop.rank - 1;
  int64_t columns = loop.sizes[last], step = loop.strides[last];
  if (loop.rank == 1) {
    return parallel_for(n, grain, [&](int64_t begin, int64_t end) { row(to + begin, from + begin * step, step, end - begin); });
  }
  if (std::abs(step) >= 8 && std::abs(loop.strides[last - 1]) < std::abs(step) && loop.strides[last - 1] != 0) {
    int64_t rows = loop.sizes[last - 1], planes = n / (rows * columns);
    int64_t strips = (rows + tile - 1) / tile;  // a thread takes whole strips of a plane
    return parallel_for(planes * strips, std::max<int64_t>(1, grain / (tile * columns)), [&](int64_t begin, int64_t end) {
      for (int64_t s = begin; s < end; ++s) {
        int64_t plane = s / strips, first = s % strips * tile;
        transpose(to + plane * rows * columns, from + loop.offset(plane, last - 1), rows, columns, loop.strides[last - 1],
                  step, first, std::min(first + tile, rows));
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
