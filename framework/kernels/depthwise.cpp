#include <korrel/framework/kernels/depthwise.h>

#include <algorithm>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/convolution_plan.h>
#include <korrel/framework/kernels/depthwise_walk.h>
#include <korrel/framework/kernels/leaves_caches.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/depthwise.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/depthwise_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

using WalkRows = void (*)(const PlaneWalk&, const uint64_t*, const RowsRead&, const float*, float, int64_t, float*,
                          int64_t);
using AddRows = void (*)(const PlaneWalk&, const uint64_t*, const RowsRead&, const float*, int64_t, float*);

WalkRows walk_of(const PlaneWalk& p) {
  switch (p.height * 10 + p.step) {  // 7x7 at stride 2: 72
    case 11:
      return walk_rows<1, 1>;
    case 21:
      return walk_rows<2, 1>;
    case 31:
      return walk_rows<3, 1>;
    case 41:
      return walk_rows<4, 1>;
    case 51:
      return walk_rows<5, 1>;
    case 71:
      return walk_rows<7, 1>;
    case 32:
      return walk_rows<3, 2>;
    case 52:
      return walk_rows<5, 2>;
    default:
      return walk_rows<7, 2>;
  }
}

template <int kCount>
AddRows sum_of(const PlaneWalk& p) {
  switch (p.height * 10 + p.step) {
    case 31:
      return add_rows<3, 1, kCount>;
    case 51:
      return add_rows<5, 1, kCount>;
    case 71:
      return add_rows<7, 1, kCount>;
    case 32:
      return add_rows<3, 2, kCount>;
    case 52:
      return add_rows<5, 2, kCount>;
    default:
      return add_rows<7, 2, kCount>;
  }
}

constexpr int64_t kAhead = 1024;  // elements: 4 KiB

// Planes [begin, end) of the result.
void walk_planes(const PlaneProduct& a, int64_t begin, int64_t end) {
  const int64_t phases = a.woven ? 4 : 1, steps = a.woven ? 2 : 1;
  const int64_t pitch = ((a.columns + 1) / 2 + kFloats - 1) / kFloats * kFloats;
  float* collected =
      a.past_caches ? scratch<float>(Scratch::kTarget, ResultLines::kPiece + steps * kWalkRows * a.columns) : nullptr;
  float* parts = a.woven ? scratch<float>(Scratch::kTiles, phases * kWalkRows * pitch) : nullptr;
  PlaneWalk walks[4];
  WalkRows functions[4];
  const uint64_t* masks[4];
  int64_t mask_count = 0;
  for (int64_t i = 0; i < phases; ++i) {
    walks[i] = a.walks[i];
    if (a.woven) walks[i].columns = pitch;  // whole vectors are read again at once
    functions[i] = walk_of(walks[i]);
    mask_count += lane_masks(walks[i]);
  }
  uint64_t* masks_end = scratch<uint64_t>(Scratch::kPlan, mask_count);
  for (int64_t i = 0; i < phases; ++i) {
    list_lane_masks(walks[i], masks_end);
    masks[i] = masks_end;
    masks_end += lane_masks(walks[i]);
  }
  const PlaneWalk& first = walks[0];
  const int64_t from_plane = first.from_rows * first.from_columns;
  ResultLines target(a.to + begin * a.rows * a.columns, collected);
  for (int64_t plane = begin; plane < end; ++plane) {
    const int64_t channel = plane % a.channels;
    const float* from = a.from + plane / a.readers * from_plane;
    const float* w = a.w + channel * a.filter;
    const float bias = a.bias == nullptr ? 0 : a.bias[channel];
    for (int64_t row = 0; row * steps < a.rows; row += kWalkRows) {
      const float* soon = from + row * first.step * first.from_columns + kAhead;
      const int64_t there = std::min(kWalkRows * steps, a.rows - row * steps);
      float* to = target.next();
      for (int64_t pair = 0; pair < phases; pair += 2) {  // both phases of columns read the same rows
        const RowsRead rows(walks[pair], row, kWalkRows, from, a.zeros, soon);
        for (int64_t i = pair; i < std::min(pair + 2, phases); ++i) {
          functions[i](walks[i], masks[i], rows, w + walks[i].w_begin, bias, walks[i].rows - row,
                       a.woven ? parts + i * kWalkRows * pitch : to, a.woven ? pitch : a.columns);
        }
      }
      for (int64_t r = 0; a.woven && r < there; ++r) {
        const float* even = parts + (r % 2 * 2 * kWalkRows + r / 2) * pitch;
        weave_row(even, even + kWalkRows * pitch, a.columns, to + r * a.columns);
      }
      target.put(there * a.columns);
    }
  }
  target.finish();
}

HWY_INLINE void add_and_clear(float* HWY_RESTRICT sums, int64_t count, float* HWY_RESTRICT totals) {
  const Floats d;
  for (int64_t i = 0; i < count; i += kFloats) {
    hn::Store(hn::Add(hn::Load(d, totals + i), hn::Load(d, sums + i)), d, totals + i);
    hn::Store(hn::Zero(d), d, sums + i);
  }
}

// Sums of channels [begin, end), kMostChannels or fewer, over the images [first, last): to[channel - begin][i, j].
void sum_planes(const PlaneSums& a, int64_t begin, int64_t end, int64_t first, int64_t last, float* to) {
  const Floats d;
  const PlaneWalk& p = a.walk;
  constexpr int64_t kCounts[] = {kWalkRows, 2, 1};  // rows at a time
  const AddRows functions[] = {sum_of<kWalkRows>(p), sum_of<2>(p), sum_of<1>(p)};
  const int64_t taps = p.height * p.width, from_plane = p.from_rows * p.from_columns, plane = p.rows * p.columns;
  // Long sums are made of short ones, of kMostAdded vectors, so that rounding errors do not grow with the images.
  constexpr int64_t kMostAdded = 512;
  const int64_t channel_sums = taps * kFloats, all_sums = (end - begin) * channel_sums;
  float* sums = scratch<float>(Scratch::kColumns, 2 * all_sums);
  float* totals = sums + all_sums;
  for (int64_t i = 0; i < 2 * all_sums; i += kFloats) hn::Store(hn::Zero(d), d, sums + i);
  int64_t added[kMostChannels] = {};
  const int64_t row_vectors = (p.columns + kFloats - 1) / kFloats;
  uint64_t* masks = scratch<uint64_t>(Scratch::kPlan, lane_masks(p));
  list_lane_masks(p, masks);
  for (int64_t image = first; image < last; ++image) {
    // The same channels of the next image are asked for, or what follows in memory if that would not stay in L2.
    const bool next = image + 1 < last && (from_plane + plane) * static_cast<int64_t>(sizeof(float)) <= (128 << 10);
    const int64_t from_ahead = next ? a.channels / a.readers * from_plane : kAhead,
                  ahead = next ? a.channels * plane : kAhead;
    for (int64_t channel = begin; channel < end; ++channel) {
      const int64_t at = image * a.channels + channel;
      const float* from = a.from + at / a.readers * from_plane;
      const float* result = a.result + at * plane;
      float* own = sums + (channel - begin) * channel_sums;
      int64_t row = 0;
      for (int i = 0; i < 3; ++i) {
        for (; row + kCounts[i] <= p.rows; row += kCounts[i]) {
          const float* soon = from + row * p.step * p.from_columns + from_ahead;
          functions[i](p, masks, RowsRead(p, row, kCounts[i], from, a.zeros, soon), result + row * p.columns, ahead,
                       own);
          added[channel - begin] += kCounts[i] * row_vectors;
          if (added[channel - begin] < kMostAdded) continue;
          add_and_clear(own, channel_sums, own + all_sums);
          added[channel - begin] = 0;
        }
      }
    }
  }
  add_and_clear(sums, all_sums, totals);
  for (int64_t channel = 0; channel < end - begin; ++channel, totals += channel_sums, to += taps) {
    for (int64_t i = 0; i < p.height; ++i) {
      for (int64_t j = 0; j < p.width; ++j) {
        to[i * p.width + j] = hn::GetLane(hn::SumOfLanes(d, hn::Load(d, totals + (j * p.height + i) * kFloats)));
      }
    }
  }
}

int64_t lanes() { return kFloats; }

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(walk_planes);
HWY_EXPORT(sum_planes);
HWY_EXPORT(lanes);

// A filter or two for each channel, in the plane.
bool planar(const ConvGeometry& g) {
  return g.groups == g.c && g.k % g.groups == 0 && g.k / g.groups <= 2 && g.in[0] == 1 && g.out[0] == 1 &&
         g.kernel[0] == 1 && g.padding[0] == 0 && g.dilation[1] == 1 && g.stride[1] == g.stride[2] &&
         g.stride[1] <= 2 && g.kernel[2] <= 32 && g.n * volume(g.in) * volume(g.out) > 0;
}

double lost(int64_t size, int64_t unit) {
  return static_cast<double>((size + unit - 1) / unit * unit) / static_cast<double>(size);
}

// With small planes of many images a vector is better filled by images: no lane is lost, but 3x3 takes twice as long
// for each, larger kernels 1.4 times.
bool leaves_lanes_empty(const ConvGeometry& g, const std::array<int64_t, 3>& result) {
  const int64_t lanes = HWY_DYNAMIC_DISPATCH(lanes)();
  return g.stride[1] == 1 &&
         lost(result[1], kWalkRows) * lost(result[2], lanes) > (g.kernel[1] > 3 ? 1.4 : 2.1) * lost(g.n, lanes);
}

bool leaves_caches(int64_t elements) { return elements * static_cast<int64_t>(sizeof(float)) > kLeavesCaches; }

const float* zeros(int64_t count) {
  float* row = scratch<float>(Scratch::kSource, count);
  std::fill(row, row + count, 0.0F);
  return row;
}

PlaneWalk output_walk(const ConvGeometry& g) {
  return {.rows = g.out[1],
          .columns = g.out[2],
          .from_rows = g.in[1],
          .from_columns = g.in[2],
          .height = g.kernel[1],
          .width = g.kernel[2],
          .step = g.stride[1],
          .dilation = g.dilation[2],
          .up = g.padding[1],
          .left = g.padding[2],
          .w_begin = 0,
          .w_row = g.kernel[2],
          .w_column = 1};
}

// What positions = phase modulo the step see of the kernel in one dimension, as a correlation of gy: every step-th tap,
// from the last one on.
struct PhaseTaps {
  int64_t count, last, before;
  PhaseTaps(int64_t phase, int64_t step, int64_t kernel, int64_t padding, int64_t dilation) {
    const int64_t first = (phase + padding) % step;
    count = first < kernel ? (kernel - first + step - 1) / step : 0;
    last = first + (count - 1) * step;
    before = (count - 1) * dilation - (phase + padding) / step;
  }
};

// Dilation only at step 1.
PlaneWalk gradient_walk(const ConvGeometry& g, int64_t phase_row, int64_t phase_column) {
  const int64_t step = g.stride[1], width = g.kernel[2];
  const PhaseTaps rows(phase_row, step, g.kernel[1], g.padding[1], 1),
      columns(phase_column, step, width, g.padding[2], g.dilation[2]);
  return {.rows = (g.in[1] - phase_row + step - 1) / step,
          .columns = (g.in[2] + step - 1) / step,
          .from_rows = g.out[1],
          .from_columns = g.out[2],
          .height = rows.count,
          .width = columns.count,
          .step = 1,
          .dilation = g.dilation[2],
          .up = rows.before,
          .left = columns.before,
          .w_begin = rows.last * width + columns.last,
          .w_row = -step * width,
          .w_column = -step};
}

bool known_height(int64_t height) { return height == 3 || height == 5 || height == 7; }

void run(const PlaneProduct& product) {
  const int64_t work = product.rows * product.columns * product.filter;
  parallel_for(product.planes, std::max<int64_t>((1 << 18) / std::max<int64_t>(work, 1), 1),
               [&](int64_t begin, int64_t end) {
                 HWY_DYNAMIC_DISPATCH(walk_planes)
                 (product, begin, end);
               });
}

}  // namespace

bool depthwise_output_pays(const ConvGeometry& g) {
  return planar(g) && known_height(g.kernel[1]) && !leaves_lanes_empty(g, g.out);
}

bool depthwise_input_pays(const ConvGeometry& g) {
  if (!planar(g) || g.k != g.c) return false;
  if (g.stride[1] == 1) return known_height(g.kernel[1]) && !leaves_lanes_empty(g, g.in);
  return g.dilation[2] == 1 && g.kernel[2] >= 2 && g.kernel[1] >= 2 && g.kernel[1] <= 8;
}

bool depthwise_weights_pay(const ConvGeometry& g) {
  return planar(g) && known_height(g.kernel[1]) && (g.out[2] > 7 || !leaves_lanes_empty(g, g.out));
}

void depthwise_output(const ConvGeometry& g, const float* x, const float* w, const float* bias, float* y) {
  run({.walks = {output_walk(g)},
       .woven = false,
       .rows = g.out[1],
       .columns = g.out[2],
       .planes = g.n * g.k,
       .channels = g.k,
       .readers = g.k / g.c,
       .from = x,
       .w = w,
       .bias = bias,
       .filter = volume(g.kernel),
       .zeros = zeros(g.in[2]),
       .past_caches = leaves_caches(g.n * g.k * volume(g.out)),
       .to = y});
}

void depthwise_input_gradient(const ConvGeometry& g, const float* gy, const float* w, const float* bias, float* gx) {
  PlaneProduct product{.walks = {gradient_walk(g, 0, 0)},
                       .woven = g.stride[1] == 2,
                       .rows = g.in[1],
                       .columns = g.in[2],
                       .planes = g.n * g.c,
                       .channels = g.c,
                       .readers = 1,
                       .from = gy,
                       .w = w,
                       .bias = bias,
                       .filter = volume(g.kernel),
                       .zeros = zeros(g.out[2]),
                       .past_caches = leaves_caches(g.n * g.c * volume(g.in)),
                       .to = gx};
  for (int i = 1; product.woven && i < 4; ++i) product.walks[i] = gradient_walk(g, i / 2, i % 2);
  run(product);
}

// Parts are (images, channels): so many channels that 4 KiB follow each other in memory; images are parted only
// where channels are too few to give all threads work.
void depthwise_weight_gradient(const ConvGeometry& g, const float* x, const float* gy, float* gw) {
  const PlaneSums sums{
      .walk = output_walk(g), .channels = g.k, .readers = g.k / g.c, .from = x, .result = gy, .zeros = zeros(g.in[2])};
  const int64_t taps = volume(g.kernel), plane = volume(g.in), work = g.n * volume(g.out) * taps;
  const int64_t piece = std::clamp<int64_t>(1024 / plane, 1, kMostChannels), pieces = (g.k + piece - 1) / piece;
  const int64_t parts = std::clamp<int64_t>(16 / pieces, 1, g.n);
  float* partial = parts == 1 ? gw : scratch<float>(Scratch::kTarget, parts * g.k * taps);
  parallel_for(pieces * parts, std::max<int64_t>((1 << 18) * parts / std::max<int64_t>(work * piece, 1), 1),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t part = i / pieces, channel = i % pieces * piece;
                   HWY_DYNAMIC_DISPATCH(sum_planes)
                   (sums, channel, std::min(channel + piece, g.k), part * g.n / parts, (part + 1) * g.n / parts,
                    partial + (part * g.k + channel) * taps);
                 }
               });
  for (int64_t i = 0; parts > 1 && i < g.k * taps; ++i) {
    gw[i] = 0;
    for (int64_t part = 0; part < parts; ++part) gw[i] += partial[part * g.k * taps + i];
  }
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
