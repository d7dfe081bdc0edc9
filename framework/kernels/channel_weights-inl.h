// The weight gradient whose lanes are output channels and whose source is read where it lies: gy is transposed once per
// chunk of positions, x is not packed.
#if defined(KORREL_CHANNEL_WEIGHTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_CHANNEL_WEIGHTS_INL_H_
#undef KORREL_CHANNEL_WEIGHTS_INL_H_
#else
#define KORREL_CHANNEL_WEIGHTS_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/broadcast_tile-inl.h>
#include <korrel/framework/kernels/convolution_cost.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// gw[k * gw_stride + row] = the sum of `count` matrices [row][stride] that are sum_stride apart; the first is used up.
template <class T>
void add_weight_sums(T* sums, int64_t count, int64_t sum_stride, int64_t rows, int64_t filters, int64_t stride, T* gw,
                     int64_t gw_stride) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  const auto add = [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin * kLanes; row < smaller(end * kLanes, rows); row += kLanes) {
      const int64_t own_rows = smaller(kLanes, rows - row);
      T* own = sums + row * stride;
      for (int64_t i = 1; i < count; ++i) copy_or_add(own + i * sum_stride, own_rows * stride, true, own);
      for (int64_t k = 0; k < filters; k += kLanes) {
        transpose_block<true>(own + k, stride, own_rows, smaller(kLanes, filters - k), gw + k * gw_stride + row,
                              gw_stride);
      }
    }
  };
  parallel_for(ceil_div(rows, kLanes), larger(16384 / larger(stride * kLanes * count, 1), 1), add);
}

// The product that takes the rows of a single vector in runs.
template <class T>
BroadcastRows<T> weight_product(const ConvGeometry& g, int64_t panel) {
  if constexpr (sizeof(T) == 4) {
    if (panel == 1 && weight_run(g) == 3) return &broadcast_rows_of<T, 1, 3>;
    if (panel == 1 && weight_run(g) == 5) return &broadcast_rows_of<T, 1, 5>;
  }
  return broadcast_function<T>(panel);
}

// to[column] += the sum over `count` rows of `columns`.
template <class T>
void add_rows(const T* HWY_RESTRICT rows, int64_t count, int64_t columns, T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  for (int64_t column = 0; column < columns; column += Blocks<T>::kLanes) {
    const T* HWY_RESTRICT from = rows + column;
    auto even = hn::Load(d, to + column), odd = hn::Zero(d);
    int64_t i = 0;
    for (; i + 1 < count; i += 2) {
      even = hn::Add(even, hn::Load(d, from + i * columns));
      odd = hn::Add(odd, hn::Load(d, from + (i + 1) * columns));
    }
    if (i < count) even = hn::Add(even, hn::Load(d, from + i * columns));
    hn::Store(hn::Add(even, odd), d, to + column);
  }
}

// Parts are (block of chunks, group, some input channels). Blocks add up on their own, perhaps on several threads;
// their number depends on the geometry only. Channels are parted only to have work for all threads: that does not
// change any sum. Sums are [channel and tap][filter]. gb, of zeros, becomes the sums of gy unless it is null.
template <class T>
void channel_weight_gradient(const ConvGeometry& g, const Gather& gather, const T* x, const T* gy, T* gw, T* gb) {
  if (g.k * g.c * gather.tap_count == 0) return;
  if (g.n * volume(g.out) == 0) {
    for (int64_t i = 0; i < g.k * (g.c / g.groups) * gather.tap_count; ++i) gw[i] = 0;
    return;
  }
  constexpr int64_t kLanes = Blocks<T>::kLanes, kMostSumBytes = 4 << 20;
  const int64_t channels = g.c / g.groups, filters = g.k / g.groups, taps = gather.tap_count;
  const int64_t positions = volume(g.out), source_volume = volume(g.in);
  const int64_t panel = panel_vectors(filters, kLanes), columns = panel * kLanes;
  const int64_t width = ceil_div(filters, columns) * columns;
  const BroadcastRows<T> product = weight_product<T>(g, panel);
  PaddedImages p = plan_padded_images(gather, g.stride, g.n, channels, sizeof(T));
  const int64_t segments = ceil_div(g.n, p.images) * p.chunks, work = filters * channels * taps * positions * g.n;
  const int64_t most_blocks = larger(smaller(smaller(work >> 22, 16), kMostSumBytes / static_cast<int64_t>(sizeof(T)) /
                                                                          (g.groups * width * channels * taps)),
                                     1);
  const EvenCut blocks(segments, larger(ceil_div(segments, most_blocks), 1), 1);
  const int64_t busy = larger(smaller(work >> 18, num_threads()), 1);  // threads that have enough to do
  const EvenCut channel_parts(channels, larger(ceil_div(channels * blocks.count * g.groups, busy), 1), 1);
  p.channels = channel_parts.piece;
  p.image_stride = p.channels * p.channel_stride;
  p.depth = p.channels * taps;
  list_distances(p, gather, g.stride, scratch<int32_t>(Scratch::kDirect, distance_count(p)));

  const int64_t part_size = (p.depth + kSpareDistances) * width, parts = g.groups * channel_parts.count;
  const int64_t most_positions = p.images * p.rows_per_chunk * p.row_positions;
  const int64_t group_biases = gb == nullptr ? 0 : width;
  T* sums = scratch<T>(Scratch::kTarget, blocks.count * (parts * part_size + g.groups * group_biases));
  T* bias_sums = sums + blocks.count * parts * part_size;  // [block, group][width]
  for (int64_t i = 0; i < blocks.count * g.groups * group_biases; ++i) bias_sums[i] = 0;
  const bool x_near = g.n * g.c * source_volume * static_cast<int64_t>(sizeof(T)) <= kNearBytes,
             gy_near = g.n * g.k * positions * static_cast<int64_t>(sizeof(T)) <= kNearBytes;
  // Whole images without padding are read in place (256x6x14x14 -> 16 5x5: 8 % of the time).
  const bool in_place =
      g.groups == 1 && channel_parts.count == 1 && p.chunks == 1 && p.low == Dims3{0, 0, 0} && p.size == g.in;
  const auto run = [&](int64_t begin, int64_t end) HWY_ATTR {
    T* padded = in_place ? nullptr : scratch<T>(Scratch::kPadded, p.images * p.image_stride + kLanes);
    T* vectors = scratch<T>(Scratch::kColumns, (most_positions + kLanes) * width);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / parts, group = i % parts / channel_parts.count, part = i % channel_parts.count;
      const int64_t channel = channel_parts.begin(part);
      PaddedImages own = p;
      own.channels = channel_parts.end(part) - channel;
      for (int64_t segment = blocks.begin(block); segment < blocks.end(block); ++segment) {
        const int64_t image = segment / p.chunks * p.images, images = smaller(p.images, g.n - image);
        const int64_t row_begin = segment % p.chunks * p.rows_per_chunk,
                      row_end = smaller(row_begin + p.rows_per_chunk, p.rows);
        const int64_t image_positions = (row_end - row_begin) * p.row_positions, count = images * image_positions;
        for (int64_t j = 0; j < images; ++j) {
          if (!in_place)
            copy_padded_image(own, g.stride, g.in, x + ((image + j) * g.c + group * channels + channel) * source_volume,
                              row_begin, row_end, padded + j * p.image_stride);
          const T* from = gy + ((image + j) * g.k + group * filters) * positions + row_begin * p.row_positions;
          for (int64_t k = 0; k < width; k += kLanes) {
            T* to = vectors + (k / columns * count + j * image_positions) * columns + k % columns;
            for (int64_t at = 0; at < image_positions; at += kLanes) {
              transpose_block(from + k * positions + at, positions, larger(smaller(kLanes, filters - k), 0),
                              smaller(kLanes, image_positions - at), to + at * columns, columns);
            }
          }
        }
        for (int64_t k = 0; k < group_biases && part == 0; k += columns) {
          add_rows(vectors + k * count, count, columns, bias_sums + (block * g.groups + group) * width + k);
        }
        // The next segment's; with several groups, of its first image.
        const int64_t next = smaller(segment + 1, segments - 1), next_image = next / p.chunks * p.images;
        const int64_t next_row = next % p.chunks * p.rows_per_chunk,
                      next_images = g.groups == 1 ? smaller(p.images, g.n - next_image) : 1;
        ComingRows coming_x(x + (next_image * g.c + group * channels + channel) * source_volume,
                            x_near                     ? 0
                            : channel_parts.count == 1 ? own.channels * next_images
                                                       : own.channels,
                            g.in, p.axis, next_row * g.stride[p.axis],
                            (next_row + p.rows_per_chunk) * g.stride[p.axis]);
        ComingRows coming_gy(gy + (next_image * g.k + group * filters) * positions, gy_near ? 0 : filters * next_images,
                             g.out, p.axis, next_row, next_row + p.rows_per_chunk);
        const EvenCut steps(count, kBroadcastBytes / (columns * static_cast<int64_t>(sizeof(T))), 1);
        const int64_t tiles = steps.count * (width / columns) * broadcast_tiles<T>(panel, own.channels * taps);
        const Coming coming(&coming_x, &coming_gy, tiles);
        for (int64_t step = 0; step < steps.count; ++step) {
          const int64_t first = steps.begin(step);
          for (int64_t k = 0; k < width; k += columns) {
            product(own.channels * taps, steps.end(step) - first, in_place ? x + image * p.image_stride : padded,
                    p.position + first, p.distance, vectors + k * count + first * columns, nullptr,
                    segment > blocks.begin(block) || step > 0, sums + i * part_size + k, width, coming);
          }
        }
      }
    }
  };
  parallel_for(blocks.count * parts, larger((1 << 18) / larger(work / (blocks.count * parts), 1), 1), run);
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t group = i / channel_parts.count, channel = channel_parts.begin(i % channel_parts.count);
    const int64_t rows = (channel_parts.end(i % channel_parts.count) - channel) * taps;
    add_weight_sums(sums + i * part_size, blocks.count, parts * part_size, rows, filters, width,
                    gw + group * filters * channels * taps + channel * taps, channels * taps);
  }
  for (int64_t k = 0; gb != nullptr && k < g.k; ++k) {
    const T* from = bias_sums + k / filters * width + k % filters;
    for (int64_t block = 0; block < blocks.count; ++block) gb[k] += from[block * g.groups * width];
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_CHANNEL_WEIGHTS_INL_H_
