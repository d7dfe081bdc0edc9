// The weight gradient that reads rows of x and gy directly: for few output channels, where a matrix product would leave
// lanes empty. Lanes are positions: a tile of output channels and taps adds up products of vectors, which are summed at
// the very end.
#if defined(KORREL_DIRECT_WEIGHTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_DIRECT_WEIGHTS_INL_H_
#undef KORREL_DIRECT_WEIGHTS_INL_H_
#else
#define KORREL_DIRECT_WEIGHTS_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/coming_rows.h>
#include <korrel/framework/kernels/direct_convolution-inl.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/padded_planes.h>
#include <korrel/framework/kernels/scratch.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// Where a step reads gy and x.
struct Step {
  int32_t gy, x;
};

// sums[row][column] += gy[step.gy + row * gy_row] * x[step.x + distance[column]], all of them vectors. Each step asks
// for a bit of what comes next.
template <class T, int kRows, int kColumns>
HWY_NOINLINE void weights_tile(int64_t steps, const Step* HWY_RESTRICT step, const T* HWY_RESTRICT gy, int64_t gy_row,
                               const T* HWY_RESTRICT x, const int32_t* HWY_RESTRICT distance, T* HWY_RESTRICT sums,
                               ComingRows::Stretch coming) {
  const hn::ScalableTag<T> d;
  constexpr int kLanes = Blocks<T>::kLanes;
  using V = hn::Vec<decltype(d)>;
  V sum[kRows][kColumns];
  int64_t away[kColumns];
#pragma GCC unroll 16
  for (int j = 0; j < kColumns; ++j) away[j] = distance[j];
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) {
      sum[m][j] = hn::Load(d, sums + (m * kColumns + j) * kLanes);
      __builtin_prefetch(sums + (m * kColumns + j + kRows * kColumns) * kLanes);  // the next tile's
    }
  }
  const volatile int64_t coming_step = coming.step;  // stays in memory: the distances need the registers
  for (const Step* end = step + steps; step < end; ++step, coming.begin += coming_step) {
    __builtin_prefetch(coming.begin, 0, 2);
    const T* from = x + step->x;
    asm("" : "+r"(from));  // else GCC adds step->x to each distance
    const T* HWY_RESTRICT gy_vector = gy + step->gy;
    V row[kRows];
#pragma GCC unroll 16
    for (int m = 0; m < kRows; ++m) row[m] = hn::LoadU(d, gy_vector + m * gy_row);
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) {
      const V column = hn::LoadU(d, from + away[j]);
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m) sum[m][j] = hn::MulAdd(row[m], column, sum[m][j]);
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) hn::Store(sum[m][j], d, sums + (m * kColumns + j) * kLanes);
  }
}

template <class T>
using WeightsTile = void (*)(int64_t, const Step*, const T*, int64_t, const T*, const int32_t*, T*,
                             ComingRows::Stretch);

// At most 24 of 32 registers are sums (12 of 16); a step loads rows + columns vectors for rows * columns FMAs. Tiles of
// 4 rows leave more of L1 to x (a sixth faster than 6 rows with 32 filters of 5x5), but up to 6 filters are one tile.
#if HWY_TARGET == HWY_AVX3
constexpr int kMostSums = 24, kMostWeightRows = 6, kWeightRows = 4;
#else
constexpr int kMostSums = 12, kMostWeightRows = 3, kWeightRows = 3;
#endif
constexpr int most_weight_columns(int rows) {
  const int fitting = kMostSums / rows;
  return fitting < 9 ? fitting : 9;
}

template <class T, int kRows, int... kColumnsMinusOne>
WeightsTile<T> pick_weights_tile(int columns, std::integer_sequence<int, kColumnsMinusOne...>) {
  constexpr WeightsTile<T> kTiles[] = {&weights_tile<T, kRows, kColumnsMinusOne + 1>...};
  return kTiles[columns - 1];
}

template <class T, int kRows = 1>
WeightsTile<T> weights_tile_function(int rows, int columns) {
  if constexpr (kRows < kMostWeightRows) {
    if (rows != kRows) return weights_tile_function<T, kRows + 1>(rows, columns);
  }
  return pick_weights_tile<T, kRows>(columns, std::make_integer_sequence<int, most_weight_columns(kRows)>());
}

// gy of a tile's filters of one image and the rows of a chunk, as [unit][filter][lanes]. Where a unit begins before the
// previous one ends, the positions that both have are zero in the later one.
template <class T>
void copy_units(const PaddedPlanes& p, const T* HWY_RESTRICT gy, int64_t filters, int64_t positions, int64_t unit_begin,
                int64_t unit_end, int64_t row_length, T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  const int64_t units = ceil_div(row_length, kLanes), twice = row_length > kLanes ? units * kLanes - row_length : 0;
  const int64_t whole = p.unit_lanes < kLanes ? 0 : twice > 0 ? units - 1 : units;  // of a row's units
  const uint64_t rest = ((uint64_t{1} << p.unit_lanes) - 1) & ~((uint64_t{1} << twice) - 1);
  for (int64_t k = 0; k < filters; ++k, gy += positions) {
    T* HWY_RESTRICT vector = to + k * kLanes;
    for (const Unit* unit = p.unit + unit_begin; unit < p.unit + unit_end; unit += units) {
      for (int64_t i = 0; i < whole; ++i, vector += filters * kLanes) {
        hn::Store(hn::LoadU(d, gy + unit[i].to), d, vector);
      }
      if (whole == units) continue;
      hn::Store(masked_load(gy + unit[units - 1].to, rest), d, vector);
      vector += filters * kLanes;
    }
  }
}

// sums[row] += gy[step.gy + row * gy_row] over all steps, all of them vectors.
template <class T>
void add_units(int64_t steps, const Step* HWY_RESTRICT step, int64_t rows, const T* HWY_RESTRICT gy, int64_t gy_row,
               T* HWY_RESTRICT sums) {
  const hn::ScalableTag<T> d;
  for (int64_t m = 0; m < rows; ++m, gy += gy_row, sums += Blocks<T>::kLanes) {
    auto even = hn::Load(d, sums), odd = hn::Zero(d);
    int64_t i = 0;
    for (; i + 1 < steps; i += 2) {
      even = hn::Add(even, hn::LoadU(d, gy + step[i].gy));
      odd = hn::Add(odd, hn::LoadU(d, gy + step[i + 1].gy));
    }
    if (i < steps) even = hn::Add(even, hn::LoadU(d, gy + step[i].gy));
    hn::Store(hn::Add(even, odd), d, sums);
  }
}

// Segments are what fits L2: some images, or a chunk of rows of one. For each, x is copied with padding and gy by
// units; then every tile goes over all its units: the gy of a tile's filters stays in L1, while x and the sums pass by.
// A tile reads and writes its sums once per segment, at the price of some 5 units: 64 of them or more should follow.
// Blocks of segments add up on their own, perhaps on several threads; their number depends on the geometry only. With
// image_lanes, an image is a block of as many as a vector has lanes, and an element is a vector: `wide` elements. gb,
// of zeros, becomes the sums of gy unless it is null.
template <class T>
void direct_weight_gradient(const ConvGeometry& g, const Gather& gather, const Source& source, const T* x, const T* gy,
                            T* gw, T* gb, bool image_lanes) {
  if (g.k * g.c * gather.tap_count == 0) return;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes, kBytes = sizeof(T);
  constexpr int64_t kLeastUnits = 48, kSegmentBytes = 192 << 10, kMostSumBytes = 4 << 20;
  const int64_t wide = image_lanes ? kLanes : 1, lanes = image_lanes ? 1 : kLanes;
  const int64_t channels = g.c / g.groups, filters = g.k / g.groups, positions = volume(g.out),
                kernel = volume(g.kernel);
  const int64_t row_units = (g.out[0] > 1 ? g.out[1] : 1) * ceil_div(g.out[2], lanes);
  const PaddedPlanes p = plan_padded_planes(
      gather, source, channels, lanes, kBytes * wide, row_units * filters * kLanes * kBytes, kSegmentBytes, false,
      scratch<char>(Scratch::kDirect, padded_planes_bytes(gather, channels, lanes)));
  const int64_t copy_stride = channels * p.channel_stride * wide, image_units = p.rows * p.units_per_row;
  const int64_t all_images = ceil_div(g.n, wide);
  const int64_t fitting = ceil_div(kLeastUnits, larger(image_units, 1));
  const int64_t images = p.chunks > 1 ? 1 : larger(smaller(fitting, all_images), 1);
  const int64_t segments = p.chunks > 1 ? all_images * p.chunks : ceil_div(all_images, images);
  const int64_t work = filters * p.depth * positions * g.n, sums_per_block = g.k * p.depth * kLanes;
  const int64_t most_blocks = larger(smaller(smaller(work >> 22, 16), kMostSumBytes / kBytes / sums_per_block), 1);
  const EvenCut blocks(segments, larger(ceil_div(segments, most_blocks), 1), 1);
  const int64_t biases = gb == nullptr ? 0 : g.k;
  T* sums = scratch<T>(Scratch::kTarget, blocks.count * (sums_per_block + biases * kLanes));
  T* bias_sums = sums + blocks.count * sums_per_block;  // [block][filter][lanes]

  // Columns are the depth ordered by channel, so that all tiles of one follow each other.
  int32_t* distance = scratch<int32_t>(Scratch::kString, 2 * p.depth + channels);
  int32_t *weight = distance + p.depth, *taps_before = weight + p.depth;
  for (int64_t c = 0; c < channels; ++c) taps_before[c] = 0;
  for (int64_t i = 0; i < p.depth; ++i) {
    const int64_t c = p.channel[i], column = c * gather.tap_count + taps_before[c]++;
    distance[column] = p.distance[i] * static_cast<int32_t>(wide);
    weight[column] = static_cast<int32_t>(c * kernel + gather.taps[p.tap[i]].weight);
  }
  const EvenCut row_tiles(filters, filters <= kMostWeightRows ? kMostWeightRows : kWeightRows, 1);
  const int most_columns = most_weight_columns(static_cast<int>(row_tiles.piece));
  const EvenCut column_tiles(p.depth, most_columns, 1);
  const bool gy_in_place = !image_lanes && g.out[2] % kLanes == 0;  // its rows are whole vectors
  const int64_t segment_units = p.rows_per_chunk * p.units_per_row * images;

  // What the segment reads of `from`, whose images have planes_per_image planes; with several groups, of its first
  // image.
  const auto segment_rows = [&](const T* from, int64_t planes_per_image, int64_t planes, const Dims3& size,
                                const Dims3& stride, int64_t segment, int64_t group) {
    const int64_t row_begin = segment % p.chunks * p.rows_per_chunk * stride[p.axis];
    const int64_t image = (p.chunks > 1 ? segment / p.chunks : segment * images) * wide,
                  there = larger(smaller(images * wide, g.n - image), 0);
    return ComingRows(from + (image * planes_per_image + group * planes) * volume(size),
                      planes * (g.groups > 1 ? smaller(there, 1) : there), size, p.axis, row_begin,
                      row_begin + p.rows_per_chunk * stride[p.axis]);
  };

  const auto run = [&](int64_t begin, int64_t end) HWY_ATTR {
    T* padded = scratch<T>(Scratch::kPadded, images * copy_stride);
    T* units = gy_in_place ? nullptr : scratch<T>(Scratch::kColumns, segment_units * filters * kLanes);
    Step* step = scratch<Step>(Scratch::kPlan, segment_units);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / g.groups, group = i % g.groups;
      T* own_sums = sums + block * sums_per_block + group * filters * p.depth * kLanes;
      for (int64_t j = 0; j < filters * p.depth; ++j) hn::Store(hn::Zero(d), d, own_sums + j * kLanes);
      T* own_biases = bias_sums + (block * g.k + group * filters) * kLanes;
      for (int64_t j = 0; j < smaller(biases, filters); ++j) hn::Store(hn::Zero(d), d, own_biases + j * kLanes);
      for (int64_t segment = blocks.begin(block); segment < blocks.end(block); ++segment) {
        const int64_t row_begin = segment % p.chunks * p.rows_per_chunk,
                      row_end = smaller(row_begin + p.rows_per_chunk, p.rows);
        const int64_t unit_begin = row_begin * p.units_per_row, unit_end = row_end * p.units_per_row;
        const int64_t image_begin = p.chunks > 1 ? segment / p.chunks : segment * images;
        const int64_t image_end = smaller(image_begin + images, all_images);
        const bool zeros_there = p.chunks == 1 && (i > begin || segment > blocks.begin(block));
        int64_t steps = 0;
        for (int64_t image = image_begin; image < image_end; ++image) {
          const int64_t copy = (image - image_begin) * copy_stride;
          const T* x_image = x + (image * wide * g.c + group * channels) * volume(g.in);
          const T* gy_image = gy + (image * wide * g.k + group * filters) * positions;
          const int64_t there = smaller(wide, g.n - image * wide);
          if (image_lanes) {
            copy_padded_images(p, source, x_image, g.c * volume(g.in), there, channels, row_begin, row_end, zeros_there,
                               padded + copy);
          } else {
            copy_padded(p, source, x_image, channels, row_begin, row_end, zeros_there, padded + copy);
          }
          for (int64_t r = 0; !gy_in_place && r < row_tiles.count; ++r) {
            const int64_t row = row_tiles.begin(r), rows = row_tiles.end(r) - row;
            T* to = units + (row * segment_units + steps * rows) * kLanes;
            if (!image_lanes) {
              copy_units(p, gy_image + row * positions, rows, positions, unit_begin, unit_end, g.out[2], to);
              continue;
            }
            for (int64_t m = 0; m < rows; ++m) {
              images_to_lanes(gy_image + (row + m) * positions + unit_begin, g.k * positions, there,
                              unit_end - unit_begin, to + m * kLanes, rows * kLanes);
            }
          }
          const int64_t gy_at = (image - image_begin) * g.k * positions;
          for (int64_t unit = unit_begin; unit < unit_end; ++unit, ++steps) {
            step[steps] = {static_cast<int32_t>(gy_at + p.unit[unit].to),
                           static_cast<int32_t>(copy + (p.unit[unit].from - row_begin * p.row_stride) * wide)};
          }
        }
        ComingRows coming_x = segment_rows(x, g.c, channels, g.in, source.stride, segment + 1, group);
        ComingRows coming_gy = segment_rows(gy, g.k, filters, g.out, {1, 1, 1}, segment + 1, group);
        const int64_t tiles = row_tiles.count * column_tiles.count;
        const int64_t coming_bytes = (coming_x.bytes() + coming_gy.bytes()) / tiles + 64;
        for (int64_t r = 0; r < row_tiles.count; ++r) {
          const int64_t row = row_tiles.begin(r), rows = row_tiles.end(r) - row;
          const T* tile_gy = units + row * segment_units * kLanes;
          if (gy_in_place) tile_gy = gy + (image_begin * g.k + group * filters + row) * positions;
          for (int64_t j = 0; !gy_in_place && j < steps; ++j) step[j].gy = static_cast<int32_t>(j * rows * kLanes);
          const int64_t gy_row = gy_in_place ? positions : kLanes;
          if (gb != nullptr) add_units(steps, step, rows, tile_gy, gy_row, own_biases + row * kLanes);
          for (int64_t c = 0; c < column_tiles.count; ++c) {
            const int64_t column = column_tiles.begin(c), columns = column_tiles.end(c) - column;
            ComingRows& coming = coming_gy.empty() ? coming_x : coming_gy;
            weights_tile_function<T>(static_cast<int>(rows), static_cast<int>(columns))(
                steps, step, tile_gy, gy_row, padded, distance + column,
                own_sums + (row * p.depth + column * rows) * kLanes,
                coming.take(coming_bytes, coming_bytes / larger(steps, 1) + 1, padded));
          }
        }
      }
    }
  };
  parallel_for(blocks.count * g.groups, larger((1 << 18) / larger(work / blocks.count, 1), 1), run);

  // Lanes beyond the end of a short row hold products with what does not belong to it.
  const auto valid = hn::FirstN(d, static_cast<size_t>(image_lanes ? kLanes : p.unit_lanes));
  const auto add_up = [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t k = begin; k < end; ++k) {
      for (int64_t block = 0; gb != nullptr && block < blocks.count; ++block) {
        const auto sum = hn::IfThenElseZero(valid, hn::Load(d, bias_sums + (block * g.k + k) * kLanes));
        gb[k] += hn::GetLane(hn::SumOfLanes(d, sum));
      }
      const int64_t row = k % filters - k % filters % row_tiles.piece, rows = smaller(row_tiles.piece, filters - row);
      const T* tile_sums = sums + (k - k % filters + row) * p.depth * kLanes;
      for (int64_t i = 0; i < p.depth; ++i) {
        const int64_t column = i - i % column_tiles.piece, columns = smaller(column_tiles.piece, p.depth - column);
        const T* from = tile_sums + (column * rows + (k % filters - row) * columns + i - column) * kLanes;
        auto sum = hn::Load(d, from);
        for (int64_t block = 1; block < blocks.count; ++block) {
          sum = hn::Add(sum, hn::Load(d, from + block * sums_per_block));
        }
        gw[k * channels * kernel + weight[i]] = hn::GetLane(hn::SumOfLanes(d, hn::IfThenElseZero(valid, sum)));
      }
    }
  };
  parallel_for(g.k, larger(16384 / larger(p.depth * blocks.count, 1), 1), add_up);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_DIRECT_WEIGHTS_INL_H_
