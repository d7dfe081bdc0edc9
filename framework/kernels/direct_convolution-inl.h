// Convolution that reads rows of its source directly: for few channels, where packing panels would cost more than
// multiplying. The output pass and the input gradient are the same here: positions, a source and weights. A tile has
// some output channels and some vectors of positions; every step adds one channel and tap to all of it.
#if defined(KORREL_DIRECT_CONVOLUTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_DIRECT_CONVOLUTION_INL_H_
#undef KORREL_DIRECT_CONVOLUTION_INL_H_
#else
#define KORREL_DIRECT_CONVOLUTION_INL_H_
#endif

#include <cstdint>
#include <utility>

#include <hwy/highway.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/coming_rows.h>
#include <korrel/framework/kernels/image_lanes-inl.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/padded_planes.h>
#include <korrel/framework/kernels/position_gather-inl.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// to[j] = from[j] for j < count, in vectors: rows are shorter than what a call of memmove costs.
template <class T>
HWY_INLINE void copy_row(const T* HWY_RESTRICT from, int64_t count, T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    hn::StoreU(hn::LoadU(d, from + j), d, to + j);
    __asm__ volatile("" ::: "memory");  // no instruction: a loop with it stays a loop
  }
  if (j < count) store_first(load_first(from + j, count - j), count - j, to + j);
}

// to[j] = from[j * step] for j < count. Every second one is taken out of vectors; nothing beyond the last is read.
template <class T>
HWY_INLINE void copy_row(const T* HWY_RESTRICT from, int64_t step, int64_t count, T* HWY_RESTRICT to) {
  if (step == 1) return copy_row(from, count, to);
  int64_t j = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  for (; step == 2 && j < count; j += kLanes) {
    const int64_t there = 2 * (count - j) - 1;
    const T* HWY_RESTRICT own = from + 2 * j;
    if (there >= 2 * kLanes) {
      hn::StoreU(hn::ConcatEven(d, hn::LoadU(d, own + kLanes), hn::LoadU(d, own)), d, to + j);
    } else {
      const auto second = load_first(own + kLanes, smaller(larger(there - kLanes, 0), kLanes));
      store_first(hn::ConcatEven(d, second, load_first(own, smaller(there, kLanes))), smaller(count - j, kLanes),
                  to + j);
    }
  }
#endif
  for (; j < count; ++j) to[j] = from[j * step];
}

// Copies `channels` channels of one image (or group) for the positions row_begin <= row < row_end of a chunk. Padding
// is left alone if `zeros_there`: it is the same for all images.
template <class T>
void copy_padded(const PaddedPlanes& p, const Source& source, const T* HWY_RESTRICT from, int64_t channels,
                 int64_t row_begin, int64_t row_end, bool zeros_there, T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  Dims3 low = p.low, size = p.size;
  low[p.axis] += row_begin;
  size[p.axis] -= p.rows_per_chunk - (row_end - row_begin);
  for (int64_t i = 0; i < channels * source.phases; ++i, to += volume(p.size)) {
    const Dims3& phase = source.phase[i % source.phases];
    const T* HWY_RESTRICT channel = from + i / source.phases * volume(source.size) + phase[2];
    const int64_t s2 = source.stride[2];
    // The columns [left, right) of a row are inside.
    const int64_t width = source.size[2] > phase[2] ? ceil_div(source.size[2] - phase[2], s2) : 0;
    const int64_t left = smaller(larger(-low[2], 0), p.size[2]),
                  right = larger(smaller(width - low[2], p.size[2]), left);
    for (int64_t q0 = 0; q0 < size[0]; ++q0) {
      const int64_t i0 = (q0 + low[0]) * source.stride[0] + phase[0];
      const bool inside0 = q0 + low[0] >= 0 && i0 < source.size[0];
      for (int64_t q1 = 0; q1 < size[1]; ++q1) {
        T* HWY_RESTRICT row = to + (q0 * p.size[1] + q1) * p.size[2];
        const int64_t i1 = (q1 + low[1]) * source.stride[1] + phase[1];
        for (int64_t q2 = 0; !zeros_there && q2 < p.size[2]; q2 += kLanes) hn::StoreU(hn::Zero(d), d, row + q2);
        if (!inside0 || q1 + low[1] < 0 || i1 >= source.size[1]) continue;
        const T* HWY_RESTRICT source_row = channel + (i0 * source.size[1] + i1) * source.size[2] + low[2] * s2;
        copy_row(source_row + left * s2, s2, right - left, row + left);
      }
    }
  }
}

// One tile: kRows output channels of kVectors units. w: [depth][kRows]. Of the depth it adds up some steps of each line
// and skips what follows, up to the next line; all in one line if not kLines. Each step asks for a bit of what comes
// next.
template <class T, int kRows, int kVectors, bool kLines>
HWY_NOINLINE void direct_tile(int64_t lines, int64_t steps, int64_t skipped, const T* HWY_RESTRICT w,
                              const int32_t* HWY_RESTRICT distance, const T* const* HWY_RESTRICT from, const T* bias,
                              T* const* to, int64_t to_offset, int64_t row_stride, int64_t lanes,
                              ComingRows::Stretch coming) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  V sum[kRows][kVectors];
  const T* base[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) base[v] = from[v];
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sum[m][v] = bias != nullptr ? hn::Set(d, bias[m]) : hn::Zero(d);
  }
  for (int64_t line = 0; line < (kLines ? lines : 1); ++line, w += skipped * kRows, distance += skipped) {
    for (const int32_t* end = distance + steps; distance < end; ++distance, w += kRows, coming.begin += coming.step) {
      __builtin_prefetch(coming.begin, 0, 2);
      const int64_t at = *distance;
      V x[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) x[v] = hn::LoadU(d, base[v] + at);
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m) {
        const V weight = hn::Set(d, w[m]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[m][v] = hn::MulAdd(weight, x[v], sum[m][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) store_first(sum[m][v], lanes, to[v] + to_offset + m * row_stride);
  }
}

template <class T>
using DirectTile = void (*)(int64_t, int64_t, int64_t, const T*, const int32_t*, const T* const*, const T*, T* const*,
                            int64_t, int64_t, int64_t, ComingRows::Stretch);

// The shapes of tiles: 8 or more sums to keep both FMA units busy, at most 24 of 32 registers (12 of 16).
#if HWY_TARGET == HWY_AVX3
constexpr int kRowsOf4Vectors = 6, kRowsOf2Vectors = 12;
#else
constexpr int kRowsOf4Vectors = 3, kRowsOf2Vectors = 6;
#endif
constexpr int kMostVectors = 8;

// A chunk's copy stays in L2 (1 to 2 MiB) while all of its rows are worked on.
constexpr int64_t kDirectChunkBytes = 192 << 10;

template <class T, int kVectors, bool kLines, int... kRowsMinusOne>
DirectTile<T> pick_direct_tile(int rows, std::integer_sequence<int, kRowsMinusOne...>) {
  constexpr DirectTile<T> kTiles[] = {&direct_tile<T, kRowsMinusOne + 1, kVectors, kLines>...};
  return kTiles[rows - 1];
}

template <class T>
DirectTile<T> direct_tile_function(int rows, int vectors, bool lines) {
  if (vectors == 8) return &direct_tile<T, 1, 8, false>;
  if (vectors == 2) return pick_direct_tile<T, 2, false>(rows, std::make_integer_sequence<int, kRowsOf2Vectors>());
  constexpr std::make_integer_sequence<int, kRowsOf4Vectors> kRows;
  if (sizeof(T) == 4 && lines) return pick_direct_tile<T, 4, sizeof(T) == 4>(rows, kRows);
  return pick_direct_tile<T, 4, false>(rows, kRows);
}

template <class T>
struct DirectProduct {
  const Gather& gather;
  const Source& source;
  int64_t images, groups;
  int64_t rows, channels;  // per group: of the result, of the source
  const T* from;
  const T* w;  // of group 0, row 0, channel 0
  int64_t w_group, w_row, w_channel;
  const T* bias;  // [groups * rows] or null
  T* to;
};

// Parts are (image, group, chunk of rows): each copies its source with padding into L2, then goes over its positions.
// With image_lanes, an image is a block of as many as a vector has lanes, and an element is a vector: `wide` elements.
template <class T>
void direct_product(const DirectProduct<T>& product, bool image_lanes) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  const int64_t wide = image_lanes ? kLanes : 1, lanes = image_lanes ? 1 : kLanes;
  const Gather& gather = product.gather;
  const int64_t positions = volume(gather.grid), source_volume = volume(product.source.size);
  if (product.images * product.groups * product.rows * positions == 0) return;
  const PaddedPlanes p =
      plan_padded_planes(gather, product.source, product.channels, lanes, wide * static_cast<int64_t>(sizeof(T)), 0,
                         image_lanes ? 2 * kDirectChunkBytes : kDirectChunkBytes, image_lanes,
                         scratch<char>(Scratch::kDirect, padded_planes_bytes(gather, product.channels, lanes)));
  for (int64_t i = 0; i < p.depth; ++i) p.distance[i] *= static_cast<int32_t>(wide);
  const int64_t chunk_units = p.rows_per_chunk * p.units_per_row;
  // Four vectors share each weight that is broadcast; two leave room for so many rows that few tiles read the source
  // again.
  const int vectors = product.rows == 1 && chunk_units >= 8                     ? 8
                      : product.rows <= 3 * kRowsOf4Vectors && chunk_units >= 4 ? 4
                                                                                : 2;
  const int most_rows = vectors == 8 ? 1 : vectors == 4 ? kRowsOf4Vectors : kRowsOf2Vectors;
  const bool can_skip = sizeof(T) == 4 && vectors == 4;
  const EvenCut tiles(product.rows, most_rows, 1);

  T* HWY_RESTRICT weights = scratch<T>(Scratch::kWeights, product.groups * product.rows * p.depth);
  for (int64_t group = 0; group < product.groups; ++group) {
    for (int64_t tile = 0; tile < tiles.count; ++tile) {
      const int64_t rows = tiles.end(tile) - tiles.begin(tile);
      T* HWY_RESTRICT to = weights + (group * product.rows + tiles.begin(tile)) * p.depth;
      for (int64_t i = 0; i < p.depth; ++i) {
        const T* HWY_RESTRICT w = product.w + group * product.w_group + tiles.begin(tile) * product.w_row +
                                  p.channel[i] * product.w_channel + gather.taps[p.tap[i]].weight;
        for (int64_t m = 0; m < rows; ++m) to[i * rows + m] = w[m * product.w_row];
      }
    }
  }

  const int64_t image_blocks = ceil_div(product.images, wide);
  const int64_t source_stride = product.groups * product.channels * source_volume;
  const int64_t target_stride = product.groups * product.rows * positions;
  // What a part copies; with several groups, of its first image.
  const bool near = product.images * source_stride * static_cast<int64_t>(sizeof(T)) <= kNearBytes;
  const auto part_rows = [&](int64_t part) {
    const int64_t image = part / p.chunks / product.groups * wide, group = part / p.chunks % product.groups;
    const int64_t row_begin = part % p.chunks * p.rows_per_chunk, step = product.source.stride[p.axis];
    return ComingRows(product.from + image * source_stride + group * product.channels * source_volume,
                      product.channels * (product.groups == 1 ? smaller(wide, product.images - image) : 1),
                      product.source.size, p.axis, row_begin * step, (row_begin + p.rows_per_chunk) * step);
  };
  const auto run = [&](int64_t begin, int64_t end) HWY_ATTR {
    T* padded = scratch<T>(Scratch::kPadded, product.channels * p.channel_stride * wide);
    T* side_by_side = image_lanes ? scratch<T>(Scratch::kImages, product.rows * chunk_units * wide) : nullptr;
    for (int64_t part = begin; part < end; ++part) {
      const int64_t chunk = part % p.chunks, group = part / p.chunks % product.groups;
      const int64_t image = part / p.chunks / product.groups * wide, images = smaller(wide, product.images - image);
      const int64_t row_begin = chunk * p.rows_per_chunk, row_end = smaller(row_begin + p.rows_per_chunk, p.rows);
      const int64_t unit_begin = row_begin * p.units_per_row, unit_end = row_end * p.units_per_row;
      const T* from_channel = product.from + image * source_stride + group * product.channels * source_volume;
      const bool zeros_there = p.chunks == 1 && part > begin;
      T* to = product.to + image * target_stride + group * product.rows * positions;
      if (image_lanes) {
        copy_padded_images(p, product.source, from_channel, source_stride, images, product.channels, row_begin, row_end,
                           zeros_there, padded);
      } else {
        copy_padded(p, product.source, from_channel, product.channels, row_begin, row_end, zeros_there, padded);
      }
      const T* source = padded - row_begin * p.row_stride * wide;
      T* tile_target = image_lanes ? side_by_side - unit_begin * wide : to;
      const int64_t row_stride = image_lanes ? (unit_end - unit_begin) * wide : positions;
      const T* bias = product.bias == nullptr ? nullptr : product.bias + group * product.rows;
      ComingRows coming = near || part + 1 == end ? ComingRows() : part_rows(part + 1);
      const int64_t tile_bytes =
          coming.bytes() / (ceil_div(unit_end - unit_begin, vectors) * tiles.count) / 64 * 64 + 128;
      const int64_t ask_step = tile_bytes / larger(p.depth, 1) + 1;
      for (int64_t first = unit_begin; first < unit_end; first += vectors) {
        const T* from[kMostVectors];
        T* target[kMostVectors];
        int32_t depth_begin = INT32_MAX, depth_end = 0, skip_begin = INT32_MAX, skip_end = INT32_MAX;
        for (int v = 0; v < vectors; ++v) {
          const Unit& unit = p.unit[smaller(first + v, unit_end - 1)];  // beyond the end the last one is done again
          from[v] = source + unit.from * wide;
          target[v] = tile_target + unit.to * wide;
          depth_begin = unit.depth_begin < depth_begin ? unit.depth_begin : depth_begin;
          depth_end = unit.depth_end > depth_end ? unit.depth_end : depth_end;
          skip_begin = unit.skip_begin < skip_begin ? unit.skip_begin : skip_begin;
          skip_end = unit.skip_end < skip_end ? unit.skip_end : skip_end;
        }
        if (depth_begin > depth_end) depth_begin = depth_end = 0;
        int64_t lines = 1, steps = depth_end - depth_begin, skipped = 0;
        if (can_skip && steps > 0 && skip_begin + skip_end > 0) {
          lines = steps / p.line_depth;
          skipped = skip_begin + skip_end;
          steps = p.line_depth - skipped;
          depth_begin += skip_begin;
        }
        for (int64_t tile = 0; tile < tiles.count; ++tile) {
          const int64_t row = tiles.begin(tile), rows = tiles.end(tile) - row;
          direct_tile_function<T>(static_cast<int>(rows), vectors, lines > 1)(
              lines, steps, skipped, weights + (group * product.rows + row) * p.depth + depth_begin * rows,
              p.distance + depth_begin, from, bias == nullptr ? nullptr : bias + row, target, row * row_stride,
              row_stride, image_lanes ? kLanes : p.unit_lanes, coming.take(tile_bytes, ask_step, weights));
        }
      }
      // All rows of the result follow each other if a part is whole images: no block of a transpose is cut short.
      const int64_t runs = !image_lanes ? 0 : p.chunks == 1 ? 1 : product.rows;
      for (int64_t row = 0; row < runs; ++row) {
        lanes_to_images(side_by_side + row * row_stride, images,
                        (unit_end - unit_begin) * (runs == 1 ? product.rows : 1), to + row * positions + unit_begin,
                        target_stride);
      }
    }
  };
  const int64_t work = ceil_div(product.rows * p.depth * positions, p.chunks) * wide;
  parallel_for(image_blocks * product.groups * p.chunks, larger((1 << 18) / larger(work, 1), 1), run);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_DIRECT_CONVOLUTION_INL_H_
