// Convolution whose lanes are channels of the result: for strides, for rows that do not fill vectors, and wherever
// packing a source of positions would take longer than transposing the result. The output pass and the input gradient
// are the same here: positions, a source and weights.
#if defined(KORREL_CHANNEL_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_CHANNEL_LANES_INL_H_
#undef KORREL_CHANNEL_LANES_INL_H_
#else
#define KORREL_CHANNEL_LANES_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/broadcast_tile-inl.h>
#include <korrel/framework/kernels/direct_convolution-inl.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// One panel of a group's weights: [depth][columns], the first `count` columns are rows of w, the others zero.
template <class T>
void pack_weight_vectors(const DirectProduct<T>& product, const T* HWY_RESTRICT w, int64_t count, int64_t columns,
                         T* HWY_RESTRICT to) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  const Gather& gather = product.gather;
  const int64_t taps = gather.tap_count, depth = product.channels * taps;
  if (product.w_row == depth && product.w_channel == taps) {  // the depth is contiguous: the output pass
    for (int64_t i = 0; i < depth; i += kLanes) {
      for (int64_t k = 0; k < columns; k += kLanes) {
        transpose_block(w + k * depth + i, depth, larger(smaller(kLanes, count - k), 0), smaller(kLanes, depth - i),
                        to + i * columns + k, columns);
      }
    }
    return;
  }
  for (int64_t c = 0; c < product.channels; ++c, to += taps * columns) {
    for (int64_t k = 0; k < columns; ++k) {
      const T* HWY_RESTRICT from = w + c * product.w_channel + k * product.w_row;
      for (int64_t t = 0; t < taps; ++t) to[t * columns + k] = k < count ? from[gather.taps[t].weight] : T{0};
    }
  }
}

// Parts are (images or a chunk of rows of one, group): each copies its source with padding into L2. The depth is worked
// off in blocks whose weights stay in L1; the sums, [position][row], are transposed into the result at the end.
template <class T>
void channel_product(const DirectProduct<T>& product, const Dims3& step) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  const Gather& gather = product.gather;
  const int64_t positions = volume(gather.grid), rows = product.rows;
  if (product.images * product.groups * rows * positions == 0) return;
  PaddedImages p = plan_padded_images(gather, step, product.images, product.channels, sizeof(T));
  list_distances(p, gather, step, scratch<int32_t>(Scratch::kDirect, distance_count(p)));

  const int64_t vectors = panel_vectors(rows, kLanes), columns = vectors * kLanes;
  const int64_t panels = ceil_div(rows, columns), width = panels * columns, depth = p.depth;
  T* weights = scratch<T>(Scratch::kWeights, product.groups * width * (depth + 1));
  T* starts = weights + product.groups * width * depth;
  for (int64_t i = 0; i < product.groups * width; ++i) {
    const int64_t group = i / width, row = i % width;
    starts[i] = product.bias == nullptr || row >= rows ? T{0} : product.bias[group * rows + row];
  }
  const auto pack = [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i / panels, row = i % panels * columns;
      pack_weight_vectors(product, product.w + group * product.w_group + row * product.w_row,
                          smaller(columns, rows - row), columns, weights + i * depth * columns);
    }
  };
  parallel_for(product.groups * panels, larger((1 << 17) / larger(depth * columns, 1), 1), pack);

  const int64_t image_blocks = ceil_div(product.images, p.images), source_volume = volume(product.source.size);
  const int64_t source_stride = product.groups * product.channels * source_volume;
  const int64_t target_stride = product.groups * rows * positions;
  const int64_t most_positions = p.images * p.rows_per_chunk * p.row_positions;
  const EvenCut blocks(depth, kBroadcastBytes / (columns * static_cast<int64_t>(sizeof(T))), 1);
  // What a part copies; with several groups, of its first image.
  const bool near = product.images * source_stride * static_cast<int64_t>(sizeof(T)) <= kNearBytes,
             results_near = product.images * target_stride * static_cast<int64_t>(sizeof(T)) <= kNearBytes;
  const auto part_rows = [&](int64_t part) {
    const int64_t image = part / p.chunks / product.groups * p.images, group = part / p.chunks % product.groups;
    const int64_t row_begin = part % p.chunks * p.rows_per_chunk * step[p.axis];
    return ComingRows(product.from + image * source_stride + group * product.channels * source_volume,
                      product.channels * (product.groups == 1 ? smaller(p.images, product.images - image) : 1),
                      product.source.size, p.axis, row_begin, row_begin + p.rows_per_chunk * step[p.axis]);
  };
  const int64_t tiles = blocks.count * panels * broadcast_tiles<T>(vectors, most_positions);
  const auto run = [&](int64_t begin, int64_t end) HWY_ATTR {
    T* padded = scratch<T>(Scratch::kPadded, p.images * p.image_stride + kLanes);
    T* sums = scratch<T>(Scratch::kImages, (most_positions + kSpareDistances) * width);
    for (int64_t part = begin; part < end; ++part) {
      const int64_t chunk = part % p.chunks, group = part / p.chunks % product.groups;
      const int64_t image = part / p.chunks / product.groups * p.images,
                    images = smaller(p.images, product.images - image);
      const int64_t row_begin = chunk * p.rows_per_chunk, row_end = smaller(row_begin + p.rows_per_chunk, p.rows);
      const int64_t image_positions = (row_end - row_begin) * p.row_positions;
      for (int64_t i = 0; i < images; ++i) {
        copy_padded_image(p, step, product.source.size,
                          product.from + (image + i) * source_stride + group * product.channels * source_volume,
                          row_begin, row_end, padded + i * p.image_stride);
      }
      ComingRows coming = near || part + 1 == end ? ComingRows() : part_rows(part + 1);
      ComingRows results(product.to + image * target_stride + group * rows * positions,
                         results_near          ? 0
                         : product.groups == 1 ? rows * images
                                               : rows,
                         gather.grid, p.axis, row_begin, row_end);
      const Coming both(&coming, &results, tiles);
      for (int64_t block = 0; block < blocks.count; ++block) {
        const int64_t first = blocks.begin(block), steps = blocks.end(block) - first;
        for (int64_t panel = 0; panel < panels; ++panel) {
          broadcast_product<T>(vectors, images * image_positions, steps, padded, p.distance + first, p.position,
                               weights + ((group * panels + panel) * depth + first) * columns,
                               block == 0 ? starts + group * width + panel * columns : nullptr, block > 0,
                               sums + panel * columns, width, both);
        }
      }
      for (int64_t i = 0; i < images; ++i) {
        const T* from = sums + i * image_positions * width;
        T* to = product.to + (image + i) * target_stride + group * rows * positions + row_begin * p.row_positions;
        for (int64_t row = 0; row < rows; row += kLanes) {
          for (int64_t j = 0; j < image_positions; j += kLanes) {
            transpose_block<true>(from + j * width + row, width, smaller(kLanes, image_positions - j),
                                  smaller(kLanes, rows - row), to + row * positions + j, positions);
          }
        }
      }
    }
  };
  parallel_for(image_blocks * product.groups * p.chunks,
               larger((1 << 18) / larger(most_positions * depth * rows, 1), 1), run);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_CHANNEL_LANES_INL_H_
