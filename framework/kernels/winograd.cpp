#include <korrel/framework/kernels/winograd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include <korrel/framework/base/buffer.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/winograd.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/transpose-inl.h>
#include <korrel/framework/kernels/winograd_tiles-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

void source_tiles(const TileGrid&, int64_t, int64_t, const float*, int64_t, float*) {}
void gradient_tiles(const TileGrid&, int64_t, int64_t, const float*, int64_t, float*) {}
void result_planes(const TileGrid&, int64_t, int64_t, const float*, const float*, int64_t, float*) {}
void filter_tiles(int64_t, const float*, int64_t, bool, int64_t, float*) {}
void filter_gradients(int64_t, const float*, int64_t, float*) {}
void transpose_tiles(const float*, int64_t, int64_t, int64_t, float*, int64_t) {}

#else

// f(tag) with vectors that fit a row of tiles.
template <class F>
HWY_INLINE void with_lanes(int64_t tiles, F f) {
  if (tiles > 8 || hn::Lanes(hn::ScalableTag<float>()) <= 4) {
    f(hn::ScalableTag<float>());
  } else if (tiles > 4) {
    f(hn::CappedTag<float, 8>());
  } else {
    f(hn::CappedTag<float, 4>());
  }
}

// Tile rows [begin, end) of one channel: to[xi * to_stride] and on, in order.
void source_tiles(const TileGrid& grid, int64_t begin, int64_t end, const float* channel, int64_t to_stride,
                  float* to) {
  with_lanes(grid.columns, [&](auto d) HWY_ATTR {
    grid.for_images(begin, end, [&](int64_t image, int64_t first, int64_t last, int64_t tile) HWY_ATTR {
      transform_source(d, grid, channel + image * grid.in_image, first, last, to_stride, to + tile);
    });
  });
}
void gradient_tiles(const TileGrid& grid, int64_t begin, int64_t end, const float* channel, int64_t to_stride,
                    float* to) {
  with_lanes(grid.columns, [&](auto d) HWY_ATTR {
    grid.for_images(begin, end, [&](int64_t image, int64_t first, int64_t last, int64_t tile) HWY_ATTR {
      transform_gradient(d, grid, channel + image * grid.out_image, first, last, to_stride, to + tile);
    });
  });
}
void result_planes(const TileGrid& grid, int64_t begin, int64_t end, const float* from, const float* bias,
                   int64_t from_stride, float* channel) {
  with_lanes(grid.columns, [&](auto d) HWY_ATTR {
    grid.for_images(begin, end, [&](int64_t image, int64_t first, int64_t last, int64_t tile) HWY_ATTR {
      transform_result(d, grid, from + tile, from_stride, bias, first, last, channel + image * grid.out_image);
    });
  });
}

// `count` filters, each 3x3 and `step` after the one before: to[xi * to_stride + filter]. `turned` by 180 degrees for
// the input gradient.
void filter_tiles(int64_t count, const float* w, int64_t step, bool turned, int64_t to_stride, float* to) {
  transform_filters(count, w, step, turned, to_stride, to);
}
void filter_gradients(int64_t count, const float* from, int64_t from_stride, float* gw) {
  transform_filter_gradients(count, from, from_stride, gw);
}

// to[tile * to_stride + c] = from[c * from_stride + tile].
void transpose_tiles(const float* from, int64_t from_stride, int64_t channels, int64_t tiles, float* to,
                     int64_t to_stride) {
  constexpr int64_t lanes = static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<float>()));
  for (int64_t tile = 0; tile < tiles; tile += lanes) {
    for (int64_t c = 0; c < channels; c += lanes) {
      transpose_block<true>(from + c * from_stride + tile, from_stride, channels - c < lanes ? channels - c : lanes,
                            tiles - tile < lanes ? tiles - tile : lanes, to + tile * to_stride + c, to_stride);
    }
  }
}

#endif

bool has_vectors() { return HWY_TARGET != HWY_SCALAR; }

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(source_tiles);
HWY_EXPORT(gradient_tiles);
HWY_EXPORT(result_planes);
HWY_EXPORT(filter_tiles);
HWY_EXPORT(filter_gradients);
HWY_EXPORT(transpose_tiles);
HWY_EXPORT(has_vectors);

std::atomic<bool> enabled{[] {
  const char* wish = std::getenv("KORREL_WINOGRAD");
  return wish == nullptr || std::strcmp(wish, "0") != 0;
}()};

constexpr int64_t kTransformGrain = 4096;  // tiles worth a thread

// Calls body(i) for each i < count on one of the threads: whichever is free takes the next.
template <class Body>
void for_each_on_threads(int64_t count, const Body& body) {
  std::atomic<int64_t> next{0};
  parallel_for(std::min<int64_t>(count, num_threads()), 1, [&](int64_t, int64_t) {
    for (int64_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) body(i);
  });
}

// The filters of a correlation: the weights, or for the input gradient turned by 180 degrees with their channels
// exchanged.
struct Filters {
  const float* w;
  bool turned;
  int64_t results, channels;

  // Of the results [first, last): to[xi * to_stride + (result - first) * channels + channel].
  void transform(int64_t first, int64_t last, int64_t to_stride, float* to) const {
    if (!turned) {
      HWY_DYNAMIC_DISPATCH(filter_tiles)((last - first) * channels, w + first * channels * 9, 9, false, to_stride, to);
      return;
    }
    // The filters of a result lie far apart in memory, which gathers would wait for, often in the same lines of L1: 16
    // channels' of some results are copied together first, 19 KiB.
    constexpr int64_t kChannels = 16, kResults = 32, kStep = 9 * kResults + 16;
    float* near = scratch<float>(Scratch::kTiles, kChannels * kStep);
    for (int64_t k = first; k < last; k += kResults) {
      const int64_t taken = std::min(last - k, kResults);
      for (int64_t c = 0; c < channels; c += kChannels) {
        const int64_t together = std::min(channels - c, kChannels);
        for (int64_t i = 0; i < together; ++i) {
          std::memcpy(near + i * kStep, w + ((c + i) * results + k) * 9,
                      static_cast<size_t>(taken) * 9 * sizeof(float));
        }
        for (int64_t i = 0; i < taken; ++i) {
          HWY_DYNAMIC_DISPATCH(filter_tiles)
          (together, near + 9 * i, kStep, true, to_stride, to + (k - first + i) * channels + c);
        }
      }
    }
  }
};

// Channel c of the source in the tile rows [begin, end).
void transform_source(const TileGrid& grid, const float* source, int64_t c, int64_t begin, int64_t end, int64_t stride,
                      float* to) {
  HWY_DYNAMIC_DISPATCH(source_tiles)(grid, begin, end, source + c * grid.in_size(), stride, to);
}

struct Correlation {
  const TileGrid& grid;
  Filters filters;
  const float* source;
  const float* bias;
  float* to;

  // `products`: of the results from `first` on.
  void transform_results(int64_t first, int64_t last, int64_t begin, int64_t end, int64_t stride, int64_t pitch,
                         const float* products) const {
    for (int64_t k = first; k < last; ++k) {
      HWY_DYNAMIC_DISPATCH(result_planes)
      (grid, begin, end, products + (k - first) * pitch, bias == nullptr ? nullptr : bias + k, stride,
       to + k * grid.out_size());
    }
  }
};

void correlate_blocks(const Correlation& a) {
  const int64_t channels = a.filters.channels, results = a.filters.results;
  const TileBlocks blocks(a.grid, channels + results, 256);
  const int64_t pitch = blocks.pitch, filter_stride = matrix_stride(results, channels);
  Buffer<float> filters(16 * filter_stride);
  parallel_for(results, 1 + kTransformGrain / channels, [&](int64_t first, int64_t last) {
    a.filters.transform(first, last, filter_stride, filters.data() + first * channels);
  });
  const int64_t tile_stride = matrix_stride(channels, pitch), product_stride = matrix_stride(results, pitch);
  for_each_on_threads(blocks.count, [&](int64_t block) {
    const int64_t begin = blocks.begin(block), end = blocks.end(block);
    float* tiles = scratch<float>(Scratch::kSource, 16 * tile_stride);
    float* products = scratch<float>(Scratch::kTarget, 16 * product_stride);
    for (int64_t c = 0; c < channels; ++c)
      transform_source(a.grid, a.source, c, begin, end, tile_stride, tiles + c * pitch);
    matmul_into<float>(16, results, (end - begin) * a.grid.columns, channels, filters.data(),
                       {filter_stride, channels, 1}, tiles, {tile_stride, pitch, 1}, products,
                       {product_stride, pitch, 1});
    a.transform_results(0, results, begin, end, product_stride, pitch, products);
  });
}

void correlate_slices(const Correlation& a) {
  const int64_t channels = a.filters.channels, rows = a.grid.all_rows(), columns = rows * a.grid.columns;
  const int64_t pitch = tile_pitch(columns), tile_stride = matrix_stride(channels, pitch);
  Buffer<float> tiles(16 * tile_stride);
  parallel_for(channels, 1 + kTransformGrain / columns, [&](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c)
      transform_source(a.grid, a.source, c, 0, rows, tile_stride, tiles.data() + c * pitch);
  });
  const ChannelSlices slices(a.filters.results);
  const int64_t filter_stride = matrix_stride(slices.size, channels),
                product_stride = matrix_stride(slices.size, pitch);
  for_each_on_threads(slices.count, [&](int64_t slice) {
    const int64_t first = slices.begin(slice), last = slices.end(slice);
    float* filters = scratch<float>(Scratch::kWeights, 16 * filter_stride);
    float* products = scratch<float>(Scratch::kTarget, 16 * product_stride);
    a.filters.transform(first, last, filter_stride, filters);
    matmul_into<float>(16, last - first, columns, channels, filters, {filter_stride, channels, 1}, tiles.data(),
                       {tile_stride, pitch, 1}, products, {product_stride, pitch, 1});
    a.transform_results(first, last, 0, rows, product_stride, pitch, products);
  });
}

void correlate(const Correlation& a) {
  if (slices_pay(a.grid, a.filters.channels, a.filters.results))
    correlate_slices(a);
  else
    correlate_blocks(a);
}

struct WeightGradient {
  const TileGrid& grid;
  int64_t channels, filters;
  const float* x;
  const float* gy;
  float* gw;

  // `tiles`: of the filters from `first` on.
  void transform_gradients(int64_t first, int64_t last, int64_t begin, int64_t end, int64_t stride, int64_t pitch,
                           float* tiles) const {
    for (int64_t k = first; k < last; ++k) {
      HWY_DYNAMIC_DISPATCH(gradient_tiles)
      (grid, begin, end, gy + k * grid.out_size(), stride, tiles + (k - first) * pitch);
    }
  }
};

// The sums of blocks are short: that halves the error.
constexpr int64_t kMostTilesInSum = 192;

void add_to(const float* HWY_RESTRICT from, int64_t count, float* HWY_RESTRICT to) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

// Up to 8 groups of blocks have sums of their own, 32 MiB together; their number depends on the sizes only.
void gradient_by_blocks(const WeightGradient& a) {
  const int64_t channels = a.channels, filters = a.filters;
  const TileBlocks blocks(a.grid, channels + filters, kMostTilesInSum);
  const int64_t pitch = blocks.pitch, count = filters * channels, sum_stride = matrix_stride(filters, channels);
  const int64_t tile_stride = matrix_stride(channels, pitch), gradient_stride = matrix_stride(filters, pitch);
  const int64_t fitting = std::clamp<int64_t>((int64_t{8} << 20) / (16 * sum_stride), 2, 8);
  const int64_t groups = std::min(blocks.count < 8 ? blocks.count : blocks.count / 2, fitting);
  Buffer<float> sums(groups * 16 * sum_stride);
  for_each_on_threads(groups, [&](int64_t group) {
    float* tiles = scratch<float>(Scratch::kSource, 16 * tile_stride);
    float* gradients = scratch<float>(Scratch::kWeights, 16 * gradient_stride);
    float* more = scratch<float>(Scratch::kTarget, 16 * sum_stride);
    float* sum = sums.data() + group * 16 * sum_stride;
    const int64_t first = blocks.count * group / groups, last = blocks.count * (group + 1) / groups;
    for (int64_t block = first; block < last; ++block) {
      const int64_t begin = blocks.begin(block), end = blocks.end(block);
      for (int64_t c = 0; c < channels; ++c)
        transform_source(a.grid, a.x, c, begin, end, tile_stride, tiles + c * pitch);
      a.transform_gradients(0, filters, begin, end, gradient_stride, pitch, gradients);
      matmul_into<float>(16, filters, channels, (end - begin) * a.grid.columns, gradients, {gradient_stride, pitch, 1},
                         tiles, {tile_stride, 1, pitch}, block == first ? sum : more, {sum_stride, channels, 1});
      if (block > first) add_to(more, 16 * sum_stride, sum);
    }
  });
  parallel_for(count, kTransformGrain / groups, [&](int64_t begin, int64_t end) {
    for (int64_t group = 1; group < groups; ++group) {
      for (int64_t xi = 0; xi < 16; ++xi) {
        const int64_t at = xi * sum_stride + begin;
        add_to(sums.data() + group * 16 * sum_stride + at, end - begin, sums.data() + at);
      }
    }
    HWY_DYNAMIC_DISPATCH(filter_gradients)(end - begin, sums.data() + begin, sum_stride, a.gw + begin * 9);
  });
}

void gradient_by_slices(const WeightGradient& a) {
  const int64_t channels = a.channels, rows = a.grid.all_rows(), columns = rows * a.grid.columns;
  const int64_t pitch = tile_pitch(columns), tile_stride = matrix_stride(columns, channels);
  // Each slice reads them as the right side of a product, row by row: they are transposed here, once, 16 channels a
  // time.
  constexpr int64_t kChannels = 16;
  const int64_t own_stride = matrix_stride(kChannels, pitch);
  Buffer<float> tiles(16 * tile_stride);
  parallel_for((channels + kChannels - 1) / kChannels, 1 + kTransformGrain / (kChannels * columns),
               [&](int64_t first, int64_t last) {
                 float* own = scratch<float>(Scratch::kSource, 16 * own_stride);
                 for (int64_t c = first * kChannels; c < std::min(last * kChannels, channels); c += kChannels) {
                   const int64_t together = std::min(channels - c, kChannels);
                   for (int64_t i = 0; i < together; ++i)
                     transform_source(a.grid, a.x, c + i, 0, rows, own_stride, own + i * pitch);
                   for (int64_t xi = 0; xi < 16; ++xi) {
                     HWY_DYNAMIC_DISPATCH(transpose_tiles)
                     (own + xi * own_stride, pitch, together, columns, tiles.data() + xi * tile_stride + c, channels);
                   }
                 }
               });
  const ChannelSlices slices(a.filters);
  const int64_t gradient_stride = matrix_stride(slices.size, pitch), sum_stride = matrix_stride(slices.size, channels);
  for_each_on_threads(slices.count, [&](int64_t slice) {
    const int64_t first = slices.begin(slice), last = slices.end(slice);
    float* gradients = scratch<float>(Scratch::kWeights, 16 * gradient_stride);
    float* sum = scratch<float>(Scratch::kTarget, 32 * sum_stride);
    float* more = sum + 16 * sum_stride;
    a.transform_gradients(first, last, 0, rows, gradient_stride, pitch, gradients);
    for (int64_t begin = 0; begin < columns; begin += kMostTilesInSum) {
      matmul_into<float>(16, last - first, channels, std::min(kMostTilesInSum, columns - begin), gradients + begin,
                         {gradient_stride, pitch, 1}, tiles.data() + begin * channels, {tile_stride, channels, 1},
                         begin == 0 ? sum : more, {sum_stride, channels, 1});
      if (begin > 0) add_to(more, 16 * sum_stride, sum);
    }
    HWY_DYNAMIC_DISPATCH(filter_gradients)((last - first) * channels, sum, sum_stride, a.gw + first * channels * 9);
  });
}

}  // namespace

bool winograd_enabled() { return enabled.load(std::memory_order_relaxed); }
void set_winograd(bool wish) { enabled.store(wish, std::memory_order_relaxed); }

bool winograd_pays(const ConvGeometry& g) {
  using Dims3 = std::array<int64_t, 3>;
  if (!winograd_enabled() || g.groups != 1 || g.kernel != Dims3{1, 3, 3} || g.stride != Dims3{1, 1, 1} ||
      g.dilation[1] != 1 || g.dilation[2] != 1 || g.in[0] != 1 || g.padding[0] != 0 || g.padding[1] > 2 ||
      g.padding[2] > 2)
    return false;
  if (!HWY_DYNAMIC_DISPATCH(has_vectors)()) return false;
  const int64_t tiles = g.n * ((g.out[1] + 1) / 2) * ((g.out[2] + 1) / 2), outputs = g.n * g.out[1] * g.out[2];
  // Few channels: the transforms cost more than the products save (24 to 24 are level, 24 to 48 a fifth faster). Few
  // tiles: so do the filters' transforms.
  return g.c >= 24 && g.k >= 24 && g.c * g.k >= 1024 && tiles >= 64 && outputs >= 3 * tiles;
}

// Its products are small: with 24 to 48 channels it took 1.1 to 1.6 times as long.
bool winograd_weights_pay(const ConvGeometry& g) { return g.c >= 32 && g.k >= 32 && winograd_pays(g); }

void winograd_output(const ConvGeometry& g, const float* x, const float* w, const float* bias, float* y) {
  const TileGrid grid({g.n, g.c, g.in[1], g.in[2]}, {g.k, g.out[1], g.out[2]}, g.padding[1], g.padding[2]);
  correlate({grid, {w, false, g.k, g.c}, x, bias, y});
}

void winograd_input_gradient(const ConvGeometry& g, const float* gy, const float* w, const float* bias, float* gx) {
  const TileGrid grid({g.n, g.k, g.out[1], g.out[2]}, {g.c, g.in[1], g.in[2]}, 2 - g.padding[1], 2 - g.padding[2]);
  correlate({grid, {w, true, g.c, g.k}, gy, bias, gx});
}

// F(3x3, 2x2): tiles of x as in the output pass, with tiles of 2x2 of gy as filters, summed over all tiles.
void winograd_weight_gradient(const ConvGeometry& g, const float* x, const float* gy, float* gw) {
  const TileGrid grid({g.n, g.c, g.in[1], g.in[2]}, {g.k, g.out[1], g.out[2]}, g.padding[1], g.padding[2]);
  const WeightGradient gradient{grid, g.c, g.k, x, gy, gw};
  if (slices_pay(grid, g.c, g.k))
    gradient_by_slices(gradient);
  else
    gradient_by_blocks(gradient);
}

}  // namespace korrel::kernels
#endif
