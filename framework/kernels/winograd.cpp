#include <korrel/framework/kernels/winograd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include <korrel/framework/base/buffer.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/winograd.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/winograd_tiles-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

void source_tiles(const TileGrid&, int64_t, int64_t, const float*, int64_t, float*) {}
void gradient_tiles(const TileGrid&, int64_t, int64_t, const float*, int64_t, float*) {}
void result_planes(const TileGrid&, int64_t, int64_t, const float*, const float*, int64_t, float*) {}
void filter_tiles(int64_t, int64_t, const float*, bool, int64_t, float*) {}
void filter_gradients(int64_t, int64_t, int64_t, const float*, float*) {}

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

// Filters [begin, end) of `count`, each 3x3: to[xi * count + filter]. `turned` by 180 degrees for the input gradient.
void filter_tiles(int64_t begin, int64_t end, const float* w, bool turned, int64_t count, float* to) {
  transform_filters(begin, end, w, turned, count, to);
}
void filter_gradients(int64_t begin, int64_t end, int64_t count, const float* from, float* gw) {
  transform_filter_gradients(begin, end, count, from, gw);
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
HWY_EXPORT(has_vectors);

std::atomic<bool> enabled{[] {
  const char* wish = std::getenv("KORREL_WINOGRAD");
  return wish == nullptr || std::strcmp(wish, "0") != 0;
}()};

// A block of tiles is transformed, multiplied and transformed back before the next one. `columns` of each of the 16
// matrices: what the transforms write should be in L2 when the products read it, but below 128 columns a product
// spends too much on reading its filters.
struct TileBlocks {
  int64_t rows;  // tile rows in a block
  int64_t columns;
  TileBlocks(const TileGrid& grid, int64_t channels, int64_t most) {
    const int64_t wanted = std::clamp<int64_t>((int64_t{3} << 19) / (64 * channels), 128, most);
    const int64_t blocks = std::max<int64_t>(1, (grid.all_rows() * grid.columns + wanted / 2) / wanted);
    rows = (grid.all_rows() + blocks - 1) / blocks;
    columns = (rows * grid.columns + kTileSlack - 1) / kTileSlack * kTileSlack + kTileSlack;
  }
};

constexpr int64_t transform_grain = 4096;  // tiles worth a thread

void transform_all_filters(int64_t count, const float* w, bool turned, float* to) {
  parallel_for(count, transform_grain, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(filter_tiles)(begin, end, w, turned, count, to);
  });
}

// `filters` are [16][results][channels] by these strides.
void correlate(const TileGrid& grid, int64_t channels, int64_t results, const float* source, const float* filters,
               MatrixStrides filter_strides, const float* bias, float* to) {
  const TileBlocks blocks(grid, channels + results, 512);
  const int64_t pitch = blocks.columns;
  Buffer<float> tiles(16 * channels * pitch), products(16 * results * pitch);
  for (int64_t begin = 0; begin < grid.all_rows(); begin += blocks.rows) {
    const int64_t end = std::min(begin + blocks.rows, grid.all_rows()), columns = (end - begin) * grid.columns;
    const int64_t grain = 1 + transform_grain / columns;
    parallel_for(channels, grain, [&](int64_t first, int64_t last) {
      for (int64_t c = first; c < last; ++c) HWY_DYNAMIC_DISPATCH(source_tiles)
      (grid, begin, end, source + c * grid.in_size(), channels * pitch, tiles.data() + c * pitch);
    });
    matmul_into(16, results, columns, channels, filters, filter_strides, static_cast<const float*>(tiles.data()),
                {channels * pitch, pitch, 1}, products.data(), {results * pitch, pitch, 1});
    parallel_for(results, grain, [&](int64_t first, int64_t last) {
      for (int64_t k = first; k < last; ++k) HWY_DYNAMIC_DISPATCH(result_planes)
      (grid, begin, end, products.data() + k * pitch, bias == nullptr ? nullptr : bias + k, results * pitch,
       to + k * grid.out_size());
    });
  }
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
  // Few channels: the transforms cost more than the products save. Few tiles: so do the filters' transforms.
  return g.c >= 32 && g.k >= 32 && tiles >= 64 && outputs >= 3 * tiles;
}

void winograd_output(const ConvGeometry& g, const float* x, const float* w, const float* bias, float* y) {
  const TileGrid grid({g.n, g.c, g.in[1], g.in[2]}, {g.k, g.out[1], g.out[2]}, g.padding[1], g.padding[2]);
  Buffer<float> filters(16 * g.k * g.c);
  transform_all_filters(g.k * g.c, w, false, filters.data());
  correlate(grid, g.c, g.k, x, filters.data(), {g.k * g.c, g.c, 1}, bias, y);
}

// A correlation of gy with the filters turned by 180 degrees, their two channels exchanged.
void winograd_input_gradient(const ConvGeometry& g, const float* gy, const float* w, const float* bias, float* gx) {
  const TileGrid grid({g.n, g.k, g.out[1], g.out[2]}, {g.c, g.in[1], g.in[2]}, 2 - g.padding[1], 2 - g.padding[2]);
  Buffer<float> filters(16 * g.k * g.c);
  transform_all_filters(g.k * g.c, w, true, filters.data());
  correlate(grid, g.k, g.c, gy, filters.data(), {g.k * g.c, 1, g.c}, bias, gx);
}

// F(3x3, 2x2): tiles of x as in the output pass, with tiles of 2x2 of gy as filters, summed over all tiles.
void winograd_weight_gradient(const ConvGeometry& g, const float* x, const float* gy, float* gw) {
  const TileGrid grid({g.n, g.c, g.in[1], g.in[2]}, {g.k, g.out[1], g.out[2]}, g.padding[1], g.padding[2]);
  const TileBlocks blocks(grid, g.c + g.k, 192);  // the sums of blocks are short: that halves the error
  const int64_t pitch = blocks.columns, count = g.k * g.c;
  Buffer<float> tiles(16 * g.c * pitch), gradients(16 * g.k * pitch), sums(16 * count), more(16 * count);
  for (int64_t begin = 0; begin < grid.all_rows(); begin += blocks.rows) {
    const int64_t end = std::min(begin + blocks.rows, grid.all_rows()), columns = (end - begin) * grid.columns;
    const int64_t grain = 1 + transform_grain / columns;
    parallel_for(g.c + g.k, grain, [&](int64_t first, int64_t last) {
      for (int64_t c = first; c < std::min(last, g.c); ++c) HWY_DYNAMIC_DISPATCH(source_tiles)
      (grid, begin, end, x + c * grid.in_size(), g.c * pitch, tiles.data() + c * pitch);
      for (int64_t k = std::max<int64_t>(0, first - g.c); k < last - g.c; ++k) HWY_DYNAMIC_DISPATCH(gradient_tiles)
      (grid, begin, end, gy + k * grid.out_size(), g.k * pitch, gradients.data() + k * pitch);
    });
    float* to = begin == 0 ? sums.data() : more.data();
    matmul_into(16, g.k, g.c, columns, static_cast<const float*>(gradients.data()), {g.k * pitch, pitch, 1},
                static_cast<const float*>(tiles.data()), {g.c * pitch, 1, pitch}, to, {count, g.c, 1});
    if (begin == 0) continue;
    parallel_for(16 * count, 32768, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) sums[i] += more[i];
    });
  }
  parallel_for(count, transform_grain, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(filter_gradients)(begin, end, count, sums.data(), gw);
  });
}

}  // namespace korrel::kernels
#endif
