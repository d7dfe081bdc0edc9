#include <korrel/framework/kernels/phase_plan.h>

#include <algorithm>

#include <korrel/framework/kernels/convolution_cost.h>
#include <korrel/framework/kernels/scratch.h>

namespace korrel::kernels {
namespace {

// More phases than that are rare, and most of them have no taps.
constexpr int64_t kMostPhases = 64;

// All phases without their lists, into scratch memory. Returns a Gather of the taps of all, at the positions of the
// first phase, which has most.
Gather gather_phases(const ConvGeometry& g, Phase** phases) {
  const int64_t count = volume(g.stride);
  Tap* taps = scratch<Tap>(Scratch::kTaps, volume(g.kernel));
  *phases = scratch<Phase>(Scratch::kPhases, count);
  Gather all{};
  int64_t before = 0;
  for (int64_t i = 0; i < count; ++i) {
    const Dims3 at{i / (g.stride[1] * g.stride[2]), i / g.stride[2] % g.stride[1], i % g.stride[2]};
    const Gather gather = gather_gy(g, at, taps + all.tap_count);
    const int64_t depth = g.k / g.groups * gather.tap_count, tap_count = all.tap_count + gather.tap_count;
    (*phases)[i] = {at, gather, depth, before, nullptr, nullptr};
    before += depth;
    if (i == 0) all = gather;
    all.tap_count = tap_count;
  }
  return all;
}

}  // namespace

bool phases_pay(const ConvGeometry& g, int64_t lanes) {
  const int64_t count = volume(g.stride), channels = g.c / g.groups, filters = g.k / g.groups;
  if (count == 1 || count > kMostPhases || filters * volume(g.out) == 0 || 2 * channels <= lanes) return false;
  Phase* phases;
  const Gather all = gather_phases(g, &phases);
  if (!distances_fit(plan_padded_images(all, {1, 1, 1}, g.n, filters, sizeof(double)))) return false;

  // Of one image and group. A vector of results takes 20 to transpose and to store, and 25 if it is also read from
  // memory and interleaved. The copy of one of gy takes 6. Reading rows of gy directly was 15 % faster than estimated
  // (20 channels, 5x5), 27 % against a single vector of channels (16 channels, 4x4).
  const double direct = channels <= lanes ? 0.73 : 0.85;
  const auto vectors = [&](int64_t elements) { return static_cast<double>(elements) / static_cast<double>(lanes); };
  double here = 6 * vectors(filters * volume(g.out)) + 20 * vectors(channels * volume(g.in)),
         there = 25 * vectors(channels * volume(g.in));
  for (int64_t i = 0; i < count; ++i) {
    const Gather& gather = phases[i].gather;
    const double steps = vectors(phases[i].depth * volume(gather.grid));
    here += multiplying_channels(channels, lanes) * steps;
    const ConvolutionWay way = product_way(gather, {1, 1, 1}, g.n, channels, filters, lanes);
    const bool is_direct = way == ConvolutionWay::kRows || way == ConvolutionWay::kImages;
    there += product_cycles(gather, {1, 1, 1}, g.n, channels, filters, lanes) * (is_direct ? direct : 1) * steps;
  }
  return here < there;
}

PhasePlan plan_phases(const ConvGeometry& g, int64_t element_bytes) {
  Phase* phases;
  const Gather all = gather_phases(g, &phases);
  PhasePlan plan{};
  plan.images = plan_padded_images(all, {1, 1, 1}, g.n, g.k / g.groups, element_bytes);
  plan.phase = phases;
  plan.count = volume(g.stride);
  TapPlace* place = scratch<TapPlace>(Scratch::kPlan, all.tap_count);
  plan.place = place;
  int64_t entries = 0;
  for (int64_t i = 0; i < plan.count; ++i) {
    const Gather& gather = phases[i].gather;
    for (int64_t t = 0; t < gather.tap_count; ++t) place[gather.taps[t].weight] = {i, t};
    plan.depth += phases[i].depth;
    phases[i].gather.grid[2] = all.grid[2];
    entries += position_count(plan.images, gather.grid) + phases[i].depth + 2 * kSpareDistances;
  }
  int32_t* to = scratch<int32_t>(Scratch::kDirect, entries);
  for (int64_t i = 0; i < plan.count; ++i) {
    phases[i].position = to;
    to = list_positions(plan.images, phases[i].gather.grid, {1, 1, 1}, to);
    phases[i].distance = to;
    to = list_depth(plan.images, phases[i].gather, to);
  }
  return plan;
}

}  // namespace korrel::kernels
