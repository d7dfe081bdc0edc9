#include <korrel/framework/kernels/convolution_cost.h>

#include <algorithm>
#include <cstdint>

#include <korrel/framework/kernels/padded_images.h>

namespace korrel::kernels {
namespace {

// All costs are in cycles per vector of positions and step of depth.
struct Costs {
  double panels, rows, images, channels;

  ConvolutionWay least() const {
    if (channels < panels && channels < rows && channels < images) return ConvolutionWay::kChannels;
    if (panels <= rows && panels <= images) return ConvolutionWay::kPanels;
    return rows <= images ? ConvolutionWay::kRows : ConvolutionWay::kImages;
  }
};

// Lanes that are used at all when `size` things fill vectors: the reciprocal of their share.
double lost_lanes(int64_t size, int64_t lanes) {
  size = std::max<int64_t>(size, 1);
  return static_cast<double>((size + lanes - 1) / lanes * lanes) / static_cast<double>(size);
}

// Packing one vector of positions: 5 for each masked load, of which there is more than one where the vector spans rows
// that do not follow each other in the source, and 10 to plan the load, which all channels share.
double packing(const Gather& gather, double channels, int64_t lanes) {
  const double width = static_cast<double>(std::max<int64_t>(gather.grid[2], 1));
  const double loads = gather.plane[2] == gather.grid[2] ? 1 : 1 + static_cast<double>(lanes) / width;
  return loads * (5 + 10 / channels);
}

// Transposing one vector takes 6 (64 shuffles for 16 vectors, loads and stores), or 30 element by element, if the
// stride along rows is not 1. A vector of the source serves all taps, or those of its phase.
double transposing_source(const Gather& gather, const Dims3& step, double taps) {
  const double source = static_cast<double>(volume(gather.plane)),
               grid = static_cast<double>(std::max<int64_t>(volume(gather.grid), 1)),
               phases = std::min(static_cast<double>(volume(step)), taps);
  return (step[2] > 1 ? 30 : 6) * phases * source / grid / taps;
}

// How much longer it takes if what `lanes` images have of source and result leaves L2: each vector touches a line of
// every one of them. 1.8 at 512 KiB, 4 at 2 MiB (16 channels of 32x32 were 6).
double scattering(const Gather& gather, int64_t rows, int64_t channels, int64_t lanes) {
  const int64_t bytes = 4 * lanes * (channels * volume(gather.plane) + rows * volume(gather.grid));
  return 1 + static_cast<double>(bytes) / (640 << 10);
}

// What 8 rows of positions (3 planes) read, or all if there are fewer, of `wide` images, must fit L2.
bool fits(const Gather& gather, int64_t channels, int64_t wide) {
  const bool deep = gather.grid[0] > 1;
  const int64_t rows = std::min<int64_t>(deep ? gather.plane[0] : gather.plane[1], deep ? 3 : 8);
  return channels * rows * (deep ? gather.plane[1] : 1) * (gather.plane[2] + 8) * wide * 4 <= (512 << 10);
}

// The direct ways count elements in 32 bits. A plane of 1 GiB and more is left to panels.
bool countable(const Gather& gather) {
  return volume(gather.grid) <= (int64_t{1} << 28) && volume(gather.plane) <= (int64_t{1} << 28);
}
bool countable_channels(const Gather& gather, const Dims3& step, int64_t channels) {
  const PaddedImages one = plan_padded_images(gather, {1, 1, 1}, 1, channels, sizeof(double));
  return one.image_stride * volume(step) <= INT32_MAX;
}

// Copying one vector with the zeros around takes 4; half of the rows are copied twice. A vector of the copy serves all
// taps.
double copying(const Dims3& step, double taps) { return 6 * static_cast<double>(volume(step)) / taps; }

// The same into planes at stride 1, element by element if the stride along rows is not 1.
double splitting(const Dims3& step, double taps) {
  return (step[2] > 1 ? 20 : 6) * std::min(static_cast<double>(volume(step)), taps) / taps;
}

constexpr double kNever = 1e30;

// A row costs half a cycle (two FMA units), but fewer than two, or four in a panel's tile, do not keep the units busy.
// Direct loads often cross cache lines: 15 %; phases of rows are short: twice the splitting. Weights are packed by each
// thread and sums go through memory: 10 %; with channels as lanes they do so, too: 9 %.
Costs product_costs(const Gather& gather, const Dims3& step, int64_t images, int64_t rows, int64_t channels,
                    int64_t lanes) {
  const double multiplying = 0.5 * static_cast<double>(rows);
  const double depth_channels = static_cast<double>(std::max<int64_t>(channels, 1));
  const double taps = static_cast<double>(std::max<int64_t>(gather.tap_count, 1));
  Costs costs{};
  costs.panels = std::max(multiplying, 2.0) * 1.1 + packing(gather, depth_channels, lanes) +
                 (volume(step) > 1 ? splitting(step, taps) : 0);
  costs.rows = std::max(multiplying, 1.0) * lost_lanes(gather.grid[2], lanes) * 1.15 +
               splitting(step, taps) * (step[2] > 1 ? 2 : 1);
  costs.images = std::max(multiplying, 1.0) * lost_lanes(images, lanes) +
                 (transposing_source(gather, step, taps) + 6 * static_cast<double>(rows) / (depth_channels * taps)) *
                     scattering(gather, rows, channels, lanes);
  costs.channels = multiplying_channels(rows, lanes) * 1.09 + copying(step, taps) +
                   6 * static_cast<double>(rows) / (depth_channels * taps) +
                   static_cast<double>(rows * lanes) / (static_cast<double>(images * volume(gather.grid)) + 1);
  if (gather.tap_count == 0 || !countable_channels(gather, step, channels)) costs.channels = kNever;
  if (!fits(gather, channels, 1) || !countable(gather)) costs.rows = kNever;
  if (!fits(gather, channels, lanes) || !countable(gather)) costs.images = kNever;
  return costs;
}

}  // namespace

// Directly with channels as lanes: `results` of them per position, for each of which a source's number is broadcast. A
// single vector of results is bound by the loads: 20 %.
double multiplying_channels(int64_t results, int64_t lanes) {
  const int64_t panel = panel_vectors(results, lanes) * lanes;
  return 0.5 * static_cast<double>((results + panel - 1) / panel * panel) * (results <= lanes ? 1.25 : 1.05);
}

ConvolutionWay product_way(const Gather& gather, const Dims3& step, int64_t images, int64_t rows, int64_t channels,
                           int64_t lanes) {
  return product_costs(gather, step, images, rows, channels, lanes).least();
}

double product_cycles(const Gather& gather, const Dims3& step, int64_t images, int64_t rows, int64_t channels,
                      int64_t lanes) {
  const Costs costs = product_costs(gather, step, images, rows, channels, lanes);
  return std::min({costs.panels, costs.rows, costs.images, costs.channels});
}

// As a matrix product, each position is a step that multiplies whole vectors of filters, and gy is transposed.
// Directly, a tile loads 10 vectors for 24 multiply-adds, not all from L1: 25 %. A single vector of filters is bound by
// loads a little less if rows come in runs.
ConvolutionWay weights_way(const ConvGeometry& g, const Gather& gather, int64_t lanes) {
  const Dims3& step = g.stride;
  const int64_t images = g.n, filters = g.k / g.groups, channels = g.c / g.groups;
  const double multiplying = 0.5 * static_cast<double>(filters);
  const double depth_channels = static_cast<double>(std::max<int64_t>(channels, 1));
  const double taps = static_cast<double>(std::max<int64_t>(gather.tap_count, 1));
  Costs costs{};
  costs.panels = multiplying * lost_lanes(filters, lanes) + 2 + packing(gather, depth_channels, lanes) +
                 (volume(step) > 1 ? splitting(step, taps) : 0);
  costs.rows = multiplying * lost_lanes(gather.grid[2], lanes) * 1.25 + splitting(step, taps);
  costs.images = multiplying * lost_lanes(images, lanes) * 1.25 + transposing_source(gather, step, taps) +
                 6 * static_cast<double>(filters) / (depth_channels * taps);
  const double in_runs = filters <= lanes && weight_run(g) > 1 ? 0.92 : 1;
  costs.channels = multiplying_channels(filters, lanes) * in_runs + copying(step, taps) +
                   6 * static_cast<double>(filters) / (depth_channels * taps);
  if (!countable_channels(gather, step, channels)) costs.channels = kNever;
  if (!countable(gather)) costs.rows = kNever;
  if (!fits(gather, channels + filters, lanes) || !countable(gather)) costs.images = kNever;
  return costs.least();
}

int64_t weight_run(const ConvGeometry& g) {
  const int64_t width = g.kernel[2];
  return g.dilation[2] == 1 && (width == 3 || width == 5) ? width : 1;
}

}  // namespace korrel::kernels
