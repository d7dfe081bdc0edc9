#include <korrel/framework/kernels/convolution.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/convolution.cpp"
#include <korrel/framework/base/work.h>
#include <korrel/framework/kernels/compiled_targets.h>
#include <korrel/framework/kernels/depthwise.h>
#include <korrel/framework/kernels/folded_stride.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/kernels/winograd.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/channel_lanes-inl.h>
#include <korrel/framework/kernels/channel_weights-inl.h>
#include <korrel/framework/kernels/column_gradient-inl.h>
#include <korrel/framework/kernels/convolution_cost.h>
#include <korrel/framework/kernels/convolution_panels-inl.h>
#include <korrel/framework/kernels/direct_convolution-inl.h>
#include <korrel/framework/kernels/direct_weights-inl.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/partial_vectors-inl.h>
#include <korrel/framework/kernels/phase_lanes-inl.h>
#include <korrel/framework/kernels/phase_tiles-inl.h>
#include <korrel/framework/kernels/plain_panels-inl.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

HWY_INLINE bool unit_stride(const ConvGeometry& g) { return g.stride[0] == 1 && g.stride[1] == 1 && g.stride[2] == 1; }

// x as the output and weight gradient passes see it.
struct GatheredX {
  Gather gather;
  Phases phases;
  Source source;

  explicit GatheredX(const ConvGeometry& g) {
    const int64_t kernel = volume(g.kernel);
    gather = gather_x(g, scratch<Tap>(Scratch::kTaps, kernel), scratch<Dims3>(Scratch::kPhases, kernel), &phases);
    source = {g.in, g.stride, phases.phase, phases.count};
  }
};

// x split into its phases, for packing; x itself at stride 1.
template <class T>
const T* split_phases(const ConvGeometry& g, const GatheredX& gathered, const T* x) {
  if (unit_stride(g)) return x;
  const Phases& phases = gathered.phases;
  T* split = scratch<T>(Scratch::kSource, g.n * gathered.gather.image_stride);
  const int64_t plane = volume(phases.plane);
  const auto split_channels = [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t f = 0; f < phases.count; ++f) {
        T* HWY_RESTRICT to = split + (i * phases.count + f) * plane;
        const Dims3& phase = phases.phase[f];
        for (int64_t j0 = phase[0]; j0 < phases.plane[0] * g.stride[0]; j0 += g.stride[0]) {
          for (int64_t j1 = phase[1]; j1 < phases.plane[1] * g.stride[1]; j1 += g.stride[1], to += phases.plane[2]) {
            const bool inside = j0 < g.in[0] && j1 < g.in[1];
            const T* HWY_RESTRICT from = x + ((i * g.in[0] + j0) * g.in[1] + j1) * g.in[2] + phase[2];
            const int64_t there = inside && phase[2] < g.in[2] ? ceil_div(g.in[2] - phase[2], g.stride[2]) : 0;
            for (int64_t j = 0; j < there; ++j) to[j] = from[j * g.stride[2]];
            for (int64_t j = there; j < phases.plane[2]; ++j) to[j] = 0;
          }
        }
      }
    }
  };
  parallel_for(g.n * g.c, larger(65536 / larger(phases.count * plane, 1), 1), split_channels);
  return split;
}

// Rows: output channels. Columns: y's positions. Depth: (input channel, tap).
template <class T>
void output(const ConvGeometry& g, const T* x, const T* w, const T* bias, T* y) {
  if constexpr (sizeof(T) == 4) {
    constexpr TilePass kPass = TilePass::kOutput;
    if (phase_tiles_pay(g, kPass, Blocks<T>::kLanes)) return PhaseTileProduct(g, kPass, x, w, bias, y).run();
  }
  const GatheredX gathered(g);
  const Gather& gather = gathered.gather;
  const int64_t channels = g.c / g.groups, filters = g.k / g.groups, plane = volume(g.out);
  const int64_t depth = channels * gather.tap_count;
  const ConvolutionWay way = product_way(gather, g.stride, g.n, filters, channels, Blocks<T>::kLanes);
  if (way == ConvolutionWay::kChannels) {
    const Gather whole = gather_whole_x(g, scratch<Tap>(Scratch::kTaps, gather.tap_count));
    return channel_product<T>({whole, gathered.source, g.n, g.groups, filters, channels, x, w, filters * depth, depth,
                               gather.tap_count, bias, y},
                              g.stride);
  }
  if (way != ConvolutionWay::kPanels) {
    return direct_product<T>({gather, gathered.source, g.n, g.groups, filters, channels, x, w, filters * depth, depth,
                              gather.tap_count, bias, y},
                             way == ConvolutionWay::kImages);
  }
  const T* source = split_phases(g, gathered, x);
  matrix_product<T>(g.groups, filters, g.n * plane, depth, [&](int64_t group, const auto& body) HWY_ATTR {
    body(depth, PlainRows<T>{w + group * filters * depth, depth, 1},
         GatheredColumns<T>{gather, source + group * channels * gather.channel_stride},
         PlanesTarget<T>{y + group * filters * plane, plane, g.k * plane,
                         bias == nullptr ? nullptr : bias + group * filters});
  });
}

// Puts the phases' planes together: gx at i is in the planes of phase i mod stride. Rows are written once, in order:
// phase after phase would pass over gx as often as the stride is long.
template <class T>
void merge_phases(const ConvGeometry& g, const T* split, T* gx) {
  const int64_t planes = g.n * g.c, width = g.in[2], step = g.stride[2];
  const auto merge_planes = [&](int64_t begin, int64_t end) HWY_ATTR {
    const T* phases = split;  // those of (f0, f1), all planes of f2 = 0 first
    for (int64_t f0 = 0; f0 < g.stride[0]; ++f0) {
      for (int64_t f1 = 0; f1 < g.stride[1]; ++f1) {
        const int64_t rows0 = ceil_div(larger(g.in[0] - f0, 0), g.stride[0]),
                      rows1 = ceil_div(larger(g.in[1] - f1, 0), g.stride[1]), rows = rows0 * rows1;
        for (int64_t i = begin; i < end; ++i) {
          for (int64_t row = 0; row < rows; ++row) {
            const int64_t i0 = f0 + row / rows1 * g.stride[0], i1 = f1 + row % rows1 * g.stride[1];
            T* HWY_RESTRICT to = gx + ((i * g.in[0] + i0) * g.in[1] + i1) * width;
            if (step == 2) {
              const int64_t even = ceil_div(width, 2), odd = width - even;
              interleave(phases + (i * rows + row) * even, phases + planes * rows * even + (i * rows + row) * odd,
                         width, to);
              continue;
            }
            const T* from = phases;
            for (int64_t f2 = 0; f2 < smaller(step, width); ++f2) {
              const int64_t count = ceil_div(width - f2, step);
              const T* HWY_RESTRICT own = from + (i * rows + row) * count;
              for (int64_t j = 0; j < count; ++j) to[f2 + j * step] = own[j];
              from += planes * rows * count;
            }
          }
        }
        phases += planes * rows * width;
      }
    }
  };
  parallel_for(planes, larger(65536 / larger(volume(g.in), 1), 1), merge_planes);
}

// Rows: input channels. Columns: x's positions. Depth: (output channel, tap). At stride s, the positions with the same
// residue modulo s are one product each: they see the same taps, and gy at stride 1. No product with the zeros between.
// Few channels read gy phase by phase, each phase in its own way.
template <class T>
void input_gradient(const ConvGeometry& g, const T* gy, const T* w, const T* bias, T* gx) {
  if (const ColumnGradient<T> columns(g, gy, w, bias, gx); columns.pays()) return columns.run();
  if constexpr (sizeof(T) == 4) {
    constexpr TilePass kPass = TilePass::kInputGradient;
    if (phase_tiles_pay(g, kPass, Blocks<T>::kLanes)) return PhaseTileProduct(g, kPass, gy, w, bias, gx).run();
  }
  if (phases_pay(g, Blocks<T>::kLanes)) return PhaseProduct<T>(g, gy, w, bias, gx).run();
  const int64_t channels = g.c / g.groups, filters = g.k / g.groups, kernel = volume(g.kernel);
  Tap* taps = scratch<Tap>(Scratch::kTaps, kernel);
  const bool direct = unit_stride(g);
  T* split = direct ? gx : scratch<T>(Scratch::kTarget, g.n * g.c * volume(g.in));
  T* planes = split;
  const Dims3 no_phase{0, 0, 0};
  const Source source{g.out, {1, 1, 1}, &no_phase, 1};
  for (int64_t f0 = 0; f0 < g.stride[0]; ++f0) {
    for (int64_t f1 = 0; f1 < g.stride[1]; ++f1) {
      for (int64_t f2 = 0; f2 < g.stride[2]; ++f2) {
        const Gather gather = gather_gy(g, {f0, f1, f2}, taps);
        const int64_t plane = volume(gather.grid), depth = filters * gather.tap_count;
        const ConvolutionWay way = product_way(gather, {1, 1, 1}, g.n, channels, filters, Blocks<T>::kLanes);
        if (way == ConvolutionWay::kChannels) {
          channel_product<T>({gather, source, g.n, g.groups, channels, filters, gy, w, filters * channels * kernel,
                              kernel, channels * kernel, bias, planes},
                             {1, 1, 1});
        } else if (way != ConvolutionWay::kPanels) {
          direct_product<T>({gather, source, g.n, g.groups, channels, filters, gy, w, filters * channels * kernel,
                             kernel, channels * kernel, bias, planes},
                            way == ConvolutionWay::kImages);
        } else {
          matrix_product<T>(g.groups, channels, g.n * plane, depth, [&](int64_t group, const auto& body) HWY_ATTR {
            body(depth,
                 FlippedWeightRows<T>{gather, w + group * filters * channels * kernel, w + g.k * channels * kernel,
                                      kernel, channels},
                 GatheredColumns<T>{gather, gy + group * filters * gather.channel_stride},
                 PlanesTarget<T>{planes + group * channels * plane, plane, g.c * plane,
                                 bias == nullptr ? nullptr : bias + group * channels});
          });
        }
        planes += g.n * g.c * plane;
      }
    }
  }
  if (!direct) merge_phases(g, split, gx);
}

// A matrix in scratch memory, whose rows are padded to whole panels.
template <class T>
struct PaddedTarget {
  T* to;
  int64_t stride;

  int64_t row_stride() const { return stride; }
  const T* row_start(int64_t) const { return nullptr; }
  const T* column_start(int64_t) const { return nullptr; }
  bool place(int64_t column, int, T** pointers) const {
    for (int v = 0; v < Blocks<T>::kVectors; ++v) pointers[v] = to + column + v * Blocks<T>::kLanes;
    return true;
  }
  void put(int64_t, int, int64_t, int, const T*, bool) const {}
};

// Rows: (input channel, tap). Columns: output channels. Depth: y's positions. So the larger operand, x, is gathered in
// the direction in which it lies in memory, and only gy is transposed; the small result is transposed at the end. A
// small result is summed in chunks of positions that can run on several threads; their number depends on the sizes
// only.
template <class T>
bool weight_gradient(const ConvGeometry& g, const T* x, const T* gy, T* gw, T* gb) {
  const GatheredX gathered(g);
  const Gather& gather = gathered.gather;
  const int64_t channels = g.c / g.groups, filters = g.k / g.groups, plane = volume(g.out);
  const ConvolutionWay way = weights_way(g, gather, Blocks<T>::kLanes);
  for (int64_t k = 0; gb != nullptr && k < g.k; ++k) gb[k] = 0;
  if (way == ConvolutionWay::kChannels) {
    const Gather whole = gather_whole_x(g, scratch<Tap>(Scratch::kTaps, gather.tap_count));
    channel_weight_gradient(g, whole, x, gy, gw, gb);
    return gb != nullptr;
  }
  if (way != ConvolutionWay::kPanels) {
    direct_weight_gradient(g, gather, gathered.source, x, gy, gw, gb, way == ConvolutionWay::kImages);
    return gb != nullptr;
  }
  const T* source = split_phases(g, gathered, x);
  const int64_t rows = channels * gather.tap_count, positions = g.n * plane;
  const int64_t stride = ceil_div(filters, Blocks<T>::kColumns) * Blocks<T>::kColumns;
  const int64_t most_chunks = rows * stride * g.groups >= 65536 ? 1 : 16;
  const EvenCut chunks(positions, larger(ceil_div(positions, most_chunks), 4096), kPiece);
  T* sums = scratch<T>(Scratch::kTarget, chunks.count * g.groups * rows * stride);

  matrix_product<T>(
      g.groups * chunks.count, rows, filters, chunks.piece, [&](int64_t batch, const auto& body) HWY_ATTR {
        const int64_t group = batch / chunks.count, chunk = batch % chunks.count, begin = chunks.begin(chunk);
        body(chunks.end(chunk) - begin,
             GatheredRows<T>{gather, source + group * channels * gather.channel_stride, begin},
             TransposedColumns<T>{gy + group * filters * plane, plane, g.k * plane, begin},
             PaddedTarget<T>{sums + batch * rows * stride, stride});
      });
  for (int64_t group = 0; group < g.groups; ++group) {
    add_weight_sums(sums + group * chunks.count * rows * stride, chunks.count, rows * stride, rows, filters, stride,
                    gw + group * filters * rows, rows);
  }
  return false;
}

void output_f32(const ConvGeometry& g, const float* x, const float* w, const float* bias, float* y) {
  output(g, x, w, bias, y);
}
void output_f64(const ConvGeometry& g, const double* x, const double* w, const double* bias, double* y) {
  output(g, x, w, bias, y);
}
void input_gradient_f32(const ConvGeometry& g, const float* gy, const float* w, const float* bias, float* gx) {
  input_gradient(g, gy, w, bias, gx);
}
void input_gradient_f64(const ConvGeometry& g, const double* gy, const double* w, const double* bias, double* gx) {
  input_gradient(g, gy, w, bias, gx);
}
bool weight_gradient_f32(const ConvGeometry& g, const float* x, const float* gy, float* gw, float* gb) {
  return weight_gradient(g, x, gy, gw, gb);
}
bool weight_gradient_f64(const ConvGeometry& g, const double* x, const double* gy, double* gw, double* gb) {
  return weight_gradient(g, x, gy, gw, gb);
}

const char* compiled_target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(output_f32);
HWY_EXPORT(output_f64);
HWY_EXPORT(input_gradient_f32);
HWY_EXPORT(input_gradient_f64);
HWY_EXPORT(weight_gradient_f32);
HWY_EXPORT(weight_gradient_f64);
HWY_EXPORT(compiled_target);

// Of each of the three passes; counts taps that fall on padding.
int64_t multiply_adds(const ConvGeometry& g) { return g.n * g.k * (g.c / g.groups) * volume(g.kernel) * volume(g.out); }

// A kernel as large as the input, and no padding: each image is one row of a matrix product.
bool is_matrix_product(const ConvGeometry& g) {
  return g.groups == 1 && g.kernel == g.in && volume(g.out) == 1 && g.padding == Dims3{0, 0, 0};
}

// 1x1 at stride 1: a matrix product per image, with its positions as columns, which are packed with no gather and no
// mask (8x96x8x8 -> 576: 1.7 times faster). Columns must fill vectors, which otherwise go on into the next image.
bool is_product_per_image(const ConvGeometry& g, int64_t depth) {
  const int64_t plane = volume(g.in), filled = (plane + 15) / 16 * 16;
  return g.groups == 1 && volume(g.kernel) == 1 && volume(g.stride) == 1 && g.padding == Dims3{0, 0, 0} &&
         g.in == g.out && depth > 1 && plane > 0 && 8 * filled <= 9 * plane;
}

}  // namespace

template <class T>
void conv_output(const ConvGeometry& g, const T* x, const T* w, const T* bias, T* y) {
  ensure_target();
  if (is_matrix_product(g)) {
    const int64_t depth = g.c * volume(g.in);
    return matmul(1, g.n, g.k, depth, x, {0, depth, 1}, w, {0, 1, depth}, y, bias);
  }
  if (is_product_per_image(g, g.c)) {
    const int64_t plane = volume(g.in);
    return matmul(g.n, g.k, plane, g.c, w, {0, g.c, 1}, x, {g.c * plane, plane, 1}, y, bias, BiasPer::kRow);
  }
  multiply_adds_asked += multiply_adds(g);
  if constexpr (sizeof(T) == 4) {
    if (depthwise_output_pays(g)) return depthwise_output(g, x, w, bias, y);
    if (winograd_pays(g)) return winograd_output(g, x, w, bias, y);
    if (folding_pays(g)) return folded_output(g, x, w, bias, y);
    HWY_DYNAMIC_DISPATCH(output_f32)(g, x, w, bias, y);
  } else {
    HWY_DYNAMIC_DISPATCH(output_f64)(g, x, w, bias, y);
  }
}

template <class T>
void conv_input_gradient(const ConvGeometry& g, const T* gy, const T* w, const T* bias, T* gx) {
  ensure_target();
  if (is_matrix_product(g) && bias == nullptr) {
    const int64_t depth = g.c * volume(g.in);
    return matmul<T>(1, g.n, depth, g.k, gy, {0, g.k, 1}, w, {0, depth, 1}, gx);
  }
  if (is_product_per_image(g, g.k)) {
    const int64_t plane = volume(g.in);
    return matmul(g.n, g.c, plane, g.k, w, {0, 1, g.c}, gy, {g.k * plane, plane, 1}, gx, bias, BiasPer::kRow);
  }
  multiply_adds_asked += multiply_adds(g);
  if constexpr (sizeof(T) == 4) {
    if (depthwise_input_pays(g)) return depthwise_input_gradient(g, gy, w, bias, gx);
    if (winograd_input_pays(g)) return winograd_input_gradient(g, gy, w, bias, gx);
    HWY_DYNAMIC_DISPATCH(input_gradient_f32)(g, gy, w, bias, gx);
  } else {
    HWY_DYNAMIC_DISPATCH(input_gradient_f64)(g, gy, w, bias, gx);
  }
}

template <class T>
bool conv_weight_gradient(const ConvGeometry& g, const T* x, const T* gy, T* gw, T* gb) {
  ensure_target();
  if (is_matrix_product(g)) {
    const int64_t depth = g.c * volume(g.in);
    matmul<T>(1, g.k, depth, g.n, gy, {0, 1, g.k}, x, {0, depth, 1}, gw);
    return false;
  }
  multiply_adds_asked += multiply_adds(g);
  if constexpr (sizeof(T) == 4) {
    const bool depthwise = depthwise_weights_pay(g);
    if (depthwise || winograd_weights_pay(g)) {
      (depthwise ? depthwise_weight_gradient : winograd_weight_gradient)(g, x, gy, gw);
      return false;
    }
    return HWY_DYNAMIC_DISPATCH(weight_gradient_f32)(g, x, gy, gw, gb);
  } else {
    return HWY_DYNAMIC_DISPATCH(weight_gradient_f64)(g, x, gy, gw, gb);
  }
}

template void conv_output(const ConvGeometry&, const float*, const float*, const float*, float*);
template void conv_output(const ConvGeometry&, const double*, const double*, const double*, double*);
template void conv_input_gradient(const ConvGeometry&, const float*, const float*, const float*, float*);
template void conv_input_gradient(const ConvGeometry&, const double*, const double*, const double*, double*);
template bool conv_weight_gradient(const ConvGeometry&, const float*, const float*, float*, float*);
template bool conv_weight_gradient(const ConvGeometry&, const double*, const double*, double*, double*);

std::string convolution_target() {
  ensure_target();
  return HWY_DYNAMIC_DISPATCH(compiled_target)();
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
