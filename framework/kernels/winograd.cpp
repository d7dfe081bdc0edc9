#include <korrel/framework/kernels/winograd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include <korrel/framework/base/buffer.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/convolution_cost.h>
#include <korrel/framework/kernels/convolution_plan.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/winograd_grid.h>
#include <korrel/framework/kernels/winograd_pieces.h>
#include <korrel/framework/kernels/winograd_transforms.h>

namespace korrel::kernels {
namespace {

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
  Dims3 kernel;
  KernelPieces pieces{kernel};

  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t depth() const { return pieces.count() * channels; }

  // How a matrix of `count` results lies: [result][depth], or turned [depth][result], which is how w lies in memory.
  MatrixStrides strides(int64_t count, int64_t batch) const {
    return turned ? MatrixStrides{batch, 1, count} : MatrixStrides{batch, depth(), 1};
  }

  // The results [first, last) of `count`, from the matrix's result `place` on.
  void transform(int64_t first, int64_t last, int64_t place, int64_t count, int64_t to_stride, float* to) const {
    if (!turned && pieces.count() == 1)
      return transform_piece(pieces[0], (last - first) * channels, w + first * channels * taps(), to_stride,
                             to + place * channels);
    for (int64_t k = first; !turned && k < last; ++k)
      for (int64_t p = 0; p < pieces.count(); ++p)
        transform_piece(pieces[p], channels, w + k * channels * taps(), to_stride,
                        to + (place + k - first) * depth() + p * channels);
    for (int64_t c = 0; turned && c < channels; ++c) {
      const float* own = w + (c * results + first) * taps();
      for (int64_t i = 0; i < (last - first) * taps(); i += 16) __builtin_prefetch(own + 2 * results * taps() + i);
      for (int64_t p = 0; p < pieces.count(); ++p)
        transform_piece(pieces[p], last - first, own, to_stride, to + (p * channels + c) * count + place);
    }
  }

 private:
  void transform_piece(const KernelPiece& piece, int64_t count, const float* first, int64_t to_stride,
                       float* to) const {
    const int64_t tap = (piece.plane * kernel[1] + piece.row) * kernel[2] + piece.column;
    filter_tiles(count, first + (turned ? taps() - 1 - tap : tap),
                 {taps(), turned ? -kernel[2] : kernel[2], turned ? -1 : 1, piece.height, piece.width}, to_stride, to);
  }
};

// Row i of the source's tiles: a piece's of a channel, in the tile rows [begin, end).
void transform_source(const TileGrid& grid, const KernelPieces& pieces, int64_t channels, const float* source,
                      int64_t i, int64_t begin, int64_t end, int64_t stride, float* to) {
  source_tiles(grid, pieces[i / channels], begin, end, source + i % channels * grid.in_size(), stride, to);
}

struct Correlation {
  const TileGrid& grid;
  Filters filters;
  const float* source;
  const float* bias;
  float* to;

  // products = filters * tiles, the matrices' strides being `filter_stride` and so on.
  void multiply(int64_t results, int64_t columns, const float* transformed, int64_t filter_stride, const float* tiles,
                int64_t tile_stride, float* products, int64_t product_stride, int64_t pitch) const {
    const int64_t channels = filters.channels;
    const MatrixStrides strides = filters.strides(results, filter_stride);
    filters.pieces.for_products([&](const TileProducts& p) {
      const int64_t begin = p.begin * channels;
      matmul_into<float>(p.count, results, columns, p.end * channels - begin,
                         transformed + p.first * filter_stride + begin * strides.col,
                         {p.step * filter_stride, strides.row, strides.col},
                         tiles + p.first * tile_stride + begin * pitch, {p.step * tile_stride, pitch, 1},
                         products + p.first * product_stride, {p.step * product_stride, pitch, 1});
    });
  }

  // `products`: of the results from `first` on.
  void transform_results(int64_t first, int64_t last, int64_t begin, int64_t end, int64_t stride, int64_t pitch,
                         const float* products) const {
    for (int64_t k = first; k < last; ++k) {
      result_planes(grid, begin, end, products + (k - first) * pitch, bias == nullptr ? nullptr : bias + k, stride,
                    to + k * grid.out_size());
    }
  }
};

void correlate_blocks(const Correlation& a) {
  const int64_t depth = a.filters.depth(), results = a.filters.results;
  const TileBlocks blocks(a.grid, depth + results, 256);
  const int64_t pitch = blocks.pitch, filter_stride = matrix_stride(results, depth);
  Buffer<float> filters(16 * filter_stride);
  parallel_for(results, 1 + kTransformGrain / depth, [&](int64_t first, int64_t last) {
    a.filters.transform(first, last, first, results, filter_stride, filters.data());
  });
  const int64_t tile_stride = matrix_stride(depth, pitch), product_stride = matrix_stride(results, pitch);
  for_each_on_threads(blocks.count, [&](int64_t block) {
    const int64_t begin = blocks.begin(block), end = blocks.end(block);
    float* tiles = scratch<float>(Scratch::kSource, 16 * tile_stride);
    float* products = scratch<float>(Scratch::kTarget, 16 * product_stride);
    for (int64_t i = 0; i < depth; ++i)
      transform_source(a.grid, a.filters.pieces, a.filters.channels, a.source, i, begin, end, tile_stride,
                       tiles + i * pitch);
    a.multiply(results, (end - begin) * a.grid.columns, filters.data(), filter_stride, tiles, tile_stride, products,
               product_stride, pitch);
    a.transform_results(0, results, begin, end, product_stride, pitch, products);
  });
}

void correlate_slices(const Correlation& a) {
  const int64_t depth = a.filters.depth(), rows = a.grid.all_rows(), columns = rows * a.grid.columns;
  const int64_t pitch = tile_pitch(columns), tile_stride = matrix_stride(depth, pitch);
  Buffer<float> tiles(16 * tile_stride);
  parallel_for(depth, 1 + kTransformGrain / columns, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      transform_source(a.grid, a.filters.pieces, a.filters.channels, a.source, i, 0, rows, tile_stride,
                       tiles.data() + i * pitch);
  });
  const ChannelSlices slices(a.filters.results);
  const int64_t filter_stride = matrix_stride(slices.size, depth), product_stride = matrix_stride(slices.size, pitch);
  for_each_on_threads(slices.count, [&](int64_t slice) {
    const int64_t first = slices.begin(slice), last = slices.end(slice);
    float* filters = scratch<float>(Scratch::kWeights, 16 * filter_stride);
    float* products = scratch<float>(Scratch::kTarget, 16 * product_stride);
    a.filters.transform(first, last, 0, last - first, filter_stride, filters);
    a.multiply(last - first, columns, filters, filter_stride, tiles.data(), tile_stride, products, product_stride,
               pitch);
    a.transform_results(first, last, 0, rows, product_stride, pitch, products);
  });
}

void correlate(const Correlation& a) {
  if (slices_pay(a.grid, a.filters.depth(), a.filters.results))
    correlate_slices(a);
  else
    correlate_blocks(a);
}

struct WeightGradient {
  const TileGrid& grid;
  int64_t channels, filters;
  Dims3 kernel;
  const float* x;
  const float* gy;
  float* gw;
  KernelPieces pieces{kernel};

  int64_t depth() const { return pieces.count() * channels; }

  // `tiles`: of the filters from `first` on.
  void transform_gradients(int64_t first, int64_t last, int64_t begin, int64_t end, int64_t stride, int64_t pitch,
                           float* tiles) const {
    for (int64_t k = first; k < last; ++k) {
      gradient_tiles(grid, begin, end, gy + k * grid.out_size(), stride, tiles + (k - first) * pitch);
    }
  }

  // sum[filter][depth] = gradients[filter][tile] * tiles, whose strides are of a matrix, of `depth` and of a tile.
  void multiply(int64_t own_filters, int64_t columns, const float* gradients, MatrixStrides gradient_strides,
                const float* tiles, MatrixStrides strides, float* sum, int64_t sum_stride) const {
    pieces.for_products([&](const TileProducts& p) {
      const int64_t begin = p.begin * channels, count = p.end * channels - begin;
      if (count == 0) return;
      matmul_into<float>(p.count, own_filters, count, columns, gradients + p.first * gradient_strides.batch,
                         {p.step * gradient_strides.batch, gradient_strides.row, gradient_strides.col},
                         tiles + p.first * strides.batch + begin * strides.col,
                         {p.step * strides.batch, strides.row, strides.col}, sum + p.first * sum_stride + begin,
                         {p.step * sum_stride, depth(), 1});
    });
  }

  // Units are pairs of filter and piece: [begin, end) of them from sums[xi * stride] on.
  void store(int64_t begin, int64_t end, const float* sums, int64_t stride) const {
    const int64_t taps = kernel[0] * kernel[1] * kernel[2];
    const auto store_piece = [&](const KernelPiece& piece, int64_t filter, int64_t count) {
      filter_gradients(
          count, sums, stride, {taps, kernel[2], 1, piece.height, piece.width},
          gw + filter * channels * taps + (piece.plane * kernel[1] + piece.row) * kernel[2] + piece.column);
    };
    if (pieces.count() == 1) return store_piece(pieces[0], begin, (end - begin) * channels);
    for (int64_t i = begin; i < end; ++i, sums += channels)
      store_piece(pieces[i % pieces.count()], i / pieces.count(), channels);
  }
};

// The sums of blocks are short: that halves the error.
constexpr int64_t kMostTilesInSum = 192;

void add_to(const float* __restrict from, int64_t count, float* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

// Up to 8 groups of blocks have sums of their own, 32 MiB together; their number depends on the sizes only.
void gradient_by_blocks(const WeightGradient& a) {
  const int64_t depth = a.depth(), filters = a.filters;
  const TileBlocks blocks(a.grid, depth + filters, kMostTilesInSum);
  const int64_t pitch = blocks.pitch, sum_stride = matrix_stride(filters, depth);
  const int64_t tile_stride = matrix_stride(depth, pitch), gradient_stride = matrix_stride(filters, pitch);
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
      for (int64_t i = 0; i < depth; ++i)
        transform_source(a.grid, a.pieces, a.channels, a.x, i, begin, end, tile_stride, tiles + i * pitch);
      a.transform_gradients(0, filters, begin, end, gradient_stride, pitch, gradients);
      a.multiply(filters, (end - begin) * a.grid.columns, gradients, {gradient_stride, pitch, 1}, tiles,
                 {tile_stride, 1, pitch}, block == first ? sum : more, sum_stride);
      if (block > first) add_to(more, 16 * sum_stride, sum);
    }
  });
  parallel_for(filters * a.pieces.count(), 1 + kTransformGrain / (groups * a.channels),
               [&](int64_t begin, int64_t end) {
                 for (int64_t group = 1; group < groups; ++group) {
                   for (int64_t xi = 0; xi < 16; ++xi) {
                     const int64_t at = xi * sum_stride + begin * a.channels;
                     add_to(sums.data() + group * 16 * sum_stride + at, (end - begin) * a.channels, sums.data() + at);
                   }
                 }
                 a.store(begin, end, sums.data() + begin * a.channels, sum_stride);
               });
}

void gradient_by_slices(const WeightGradient& a) {
  const int64_t depth = a.depth(), rows = a.grid.all_rows(), columns = rows * a.grid.columns;
  const int64_t pitch = tile_pitch(columns), tile_stride = matrix_stride(columns, depth);
  // Each slice reads them as the right side of a product, row by row: they are transposed here, once, 16 channels a
  // time.
  constexpr int64_t kChannels = 16;
  const int64_t own_stride = matrix_stride(kChannels, pitch);
  Buffer<float> tiles(16 * tile_stride);
  parallel_for((depth + kChannels - 1) / kChannels, 1 + kTransformGrain / (kChannels * columns),
               [&](int64_t first, int64_t last) {
                 float* own = scratch<float>(Scratch::kSource, 16 * own_stride);
                 for (int64_t c = first * kChannels; c < std::min(last * kChannels, depth); c += kChannels) {
                   const int64_t together = std::min(depth - c, kChannels);
                   for (int64_t i = 0; i < together; ++i)
                     transform_source(a.grid, a.pieces, a.channels, a.x, c + i, 0, rows, own_stride, own + i * pitch);
                   for (int64_t xi = 0; xi < 16; ++xi) {
                     transpose_tiles(own + xi * own_stride, pitch, together, columns,
                                     tiles.data() + xi * tile_stride + c, depth);
                   }
                 }
               });
  const ChannelSlices slices(a.filters);
  const int64_t gradient_stride = matrix_stride(slices.size, pitch), sum_stride = matrix_stride(slices.size, depth);
  for_each_on_threads(slices.count, [&](int64_t slice) {
    const int64_t first = slices.begin(slice), last = slices.end(slice);
    float* gradients = scratch<float>(Scratch::kWeights, 16 * gradient_stride);
    float* sum = scratch<float>(Scratch::kTarget, 32 * sum_stride);
    float* more = sum + 16 * sum_stride;
    a.transform_gradients(first, last, 0, rows, gradient_stride, pitch, gradients);
    for (int64_t begin = 0; begin < columns; begin += kMostTilesInSum) {
      a.multiply(last - first, std::min(kMostTilesInSum, columns - begin), gradients + begin,
                 {gradient_stride, pitch, 1}, tiles.data() + begin * depth, {tile_stride, depth, 1},
                 begin == 0 ? sum : more, sum_stride);
      if (begin > 0) add_to(more, 16 * sum_stride, sum);
    }
    a.store(first * a.pieces.count(), last * a.pieces.count(), sum, sum_stride);
  });
}

bool can_filter(const ConvGeometry& g) {
  if (!winograd_enabled() || g.groups != 1 || g.stride != Dims3{1, 1, 1} || g.dilation != Dims3{1, 1, 1}) return false;
  for (int axis = 0; axis < 3; ++axis)
    if (g.padding[axis] >= g.kernel[axis] || (axis > 0 && g.kernel[axis] < 2)) return false;
  const int64_t tiles = ((g.out[1] + 1) / 2) * ((g.out[2] + 1) / 2);
  return g.c >= 16 && g.k >= 16 && g.n * g.out[0] > 0 && g.out[1] * g.out[2] >= 3 * tiles && has_tile_transforms();
}

// Cycles, as measured: for a vector of 16 of a multiply-add, of a tile's transforms, of filters to be transformed.
struct Cycles {
  double product, source, result, filter;
  int64_t least_lanes;  // that a row of tiles takes the time of
};
constexpr Cycles kCorrelationCycles{0.575, 180, 160, 120, 4}, kGradientCycles{0.7, 220, 160, 120, 8};

double vectors(int64_t count) { return static_cast<double>(count) / 16; }

// All of it. Rows of tiles are transformed in vectors of 16, 8 or 4; of a long row's last vector, half may be free.
double cycles_here(const ConvGeometry& g, int64_t sources, int64_t results, const Cycles& cycles) {
  const KernelPieces pieces(g.kernel);
  const int64_t rows = g.n * g.out[0] * ((g.out[1] + 1) / 2), columns = (g.out[2] + 1) / 2,
                lanes = columns > 4 ? 8 : cycles.least_lanes;
  const double padded = vectors(rows * ((columns + lanes - 1) / lanes * lanes));
  const double others = static_cast<double>(results), depth = static_cast<double>(pieces.count() * sources);
  return cycles.product * static_cast<double>(pieces.products() * g.c * g.k * ((rows * columns + 15) / 16)) +
         (cycles.source * depth + cycles.result * others) * padded + cycles.filter * depth * vectors(results);
}

// Of the direct sum, measured: 15 % more than its own estimate.
double direct_cycles(const ConvGeometry& g, bool input_gradient) {
  Tap* taps = scratch<Tap>(Scratch::kTaps, volume(g.kernel));
  const Gather gather = input_gradient ? gather_gy(g, {0, 0, 0}, taps) : gather_whole_x(g, taps);
  const int64_t results = input_gradient ? g.c : g.k, sources = input_gradient ? g.k : g.c;
  return 1.15 * product_cycles(gather, {1, 1, 1}, g.n, results, sources, 16) *
         static_cast<double>(sources * gather.tap_count) * vectors(g.n * volume(gather.grid));
}

// Tiles of several pieces leave L2: what was estimated as 0.65 of the direct sum's time took 0.71 to 1.02 of it, while
// 0.95 with one piece per plane took 0.69 to 0.97.
double worthwhile(const ConvGeometry& g) { return KernelPieces(g.kernel).count() == g.kernel[0] ? 0.95 : 0.65; }

}  // namespace

bool winograd_enabled() { return enabled.load(std::memory_order_relaxed); }
void set_winograd(bool wish) { enabled.store(wish, std::memory_order_relaxed); }

bool winograd_pays(const ConvGeometry& g) {
  return can_filter(g) && cycles_here(g, g.c, g.k, kCorrelationCycles) < worthwhile(g) * direct_cycles(g, false);
}
bool winograd_input_pays(const ConvGeometry& g) {
  return can_filter(g) && cycles_here(g, g.k, g.c, kCorrelationCycles) < worthwhile(g) * direct_cycles(g, true);
}

// The products are smaller, and their sums go through memory: below 32 channels it took 1.1 to 1.6 times as long. The
// direct sum has whole vectors of filters; weights of more than 1 MiB go through memory twice.
bool winograd_weights_pay(const ConvGeometry& g) {
  const bool one_piece = KernelPieces(g.kernel).count() == g.kernel[0];
  if (!can_filter(g) || KernelPieces(g.kernel).count() * g.c < 32 || g.k < 32) return false;
  const double weights = static_cast<double>(g.c * volume(g.kernel) * ((g.k + 15) / 16 * 16)),
               direct = weights * (0.7 * vectors(g.n * volume(g.out)) + (weights > 1 << 18 ? 60.0 : 10.0) / 16);
  return cycles_here(g, g.c, g.k, kGradientCycles) < (one_piece ? 0.92 : 0.72) * direct;
}

void winograd_output(const ConvGeometry& g, const float* x, const float* w, const float* bias, float* y) {
  const TileGrid grid(g.n, {g.c, g.in}, {g.k, g.out}, g.padding);
  correlate({grid, {w, false, g.k, g.c, g.kernel}, x, bias, y});
}

void winograd_input_gradient(const ConvGeometry& g, const float* gy, const float* w, const float* bias, float* gx) {
  const TileGrid grid(g.n, {g.k, g.out}, {g.c, g.in},
                      {g.kernel[0] - 1 - g.padding[0], g.kernel[1] - 1 - g.padding[1], g.kernel[2] - 1 - g.padding[2]});
  correlate({grid, {w, true, g.c, g.k, g.kernel}, gy, bias, gx});
}

// F(3x3, 2x2): tiles of x as in the output pass, with tiles of 2x2 of gy as filters, summed over all tiles.
void winograd_weight_gradient(const ConvGeometry& g, const float* x, const float* gy, float* gw) {
  const TileGrid grid(g.n, {g.c, g.in}, {g.k, g.out}, g.padding);
  const WeightGradient gradient{grid, g.c, g.k, g.kernel, x, gy, gw};
  if (slices_pay(grid, gradient.depth(), g.k))
    gradient_by_slices(gradient);
  else
    gradient_by_blocks(gradient);
}

}  // namespace korrel::kernels
