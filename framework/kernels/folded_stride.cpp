#include <korrel/framework/kernels/folded_stride.h>

#include <algorithm>
#include <cstdint>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/winograd.h>

namespace korrel::kernels {
namespace {

// So many bytes of folded images at a time stay in L2 until they are transformed.
constexpr int64_t kFoldedBytes = 1 << 20;

// Channel (c, f1, f2) at (i, j) is x's channel c at (i * s + f1, j * s + f2), minus the padding.
ConvGeometry folded(const ConvGeometry& g) {
  ConvGeometry f = g;
  f.c = g.c * g.stride[1] * g.stride[2];
  f.in = {1, g.out[1] + 2, g.out[2] + 2};
  f.kernel = {1, 3, 3};
  f.stride = {1, 1, 1};
  f.padding = {0, 0, 0};
  return f;
}

// to[phase * pitch + j] = from[j * kStep + phase]. By blocks of its own, which overlap nothing: vectors for the
// compiler.
template <int kStep>
void deal(const float* __restrict from, int64_t count, float* __restrict to, int64_t pitch) {
  constexpr int64_t kBlock = 16;
  int64_t j = 0;
  for (; j + kBlock <= count; j += kBlock) {
    float block[kStep][kBlock];
    for (int64_t k = 0; k < kBlock; ++k)
      for (int phase = 0; phase < kStep; ++phase) block[phase][k] = from[(j + k) * kStep + phase];
    for (int phase = 0; phase < kStep; ++phase) std::copy_n(block[phase], kBlock, to + phase * pitch + j);
  }
  for (; j < count; ++j)
    for (int phase = 0; phase < kStep; ++phase) to[phase * pitch + j] = from[j * kStep + phase];
}

void deal(const float* __restrict from, int64_t step, int64_t count, float* __restrict to, int64_t pitch) {
  if (step == 2) return deal<2>(from, count, to, pitch);
  if (step == 3) return deal<3>(from, count, to, pitch);
  if (step == 4) return deal<4>(from, count, to, pitch);
  for (int64_t phase = 0; phase < step; ++phase)
    for (int64_t j = 0; j < count; ++j) to[phase * pitch + j] = from[j * step + phase];
}

// Rows of x are read in the order in which they lie in memory, not phase by phase: every fourth one took a quarter
// longer.
void fold_source(const ConvGeometry& g, const ConvGeometry& f, const float* x, float* to) {
  const int64_t step1 = g.stride[1], step = g.stride[2], height = f.in[1], width = f.in[2], pitch = height * width;
  // Groups of `step` columns that are whole inside of a row of x: [whole_begin, whole_end).
  const int64_t whole_begin = std::min((g.padding[2] + step - 1) / step, width),
                whole_end = std::max(std::min((g.in[2] + g.padding[2]) / step, width), whole_begin);
  parallel_for(f.n * g.c * height, 1 + 65536 / (width * step1 * step), [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t channel = unit / height, i = unit % height;
      for (int64_t phase1 = 0; phase1 < step1; ++phase1) {
        float* row = to + (channel * step1 + phase1) * step * pitch + i * width;
        const int64_t at = i * step1 + phase1 - g.padding[1];
        const bool inside = at >= 0 && at < g.in[1];
        const float* from = x + (channel * g.in[1] + at) * g.in[2] - g.padding[2];
        const auto one_by_one = [&](int64_t first, int64_t last) {
          for (int64_t j = first; j < last; ++j)
            for (int64_t phase = 0; phase < step; ++phase) {
              const int64_t column = j * step + phase - g.padding[2];
              row[phase * pitch + j] = inside && column >= 0 && column < g.in[2] ? from[j * step + phase] : 0.0f;
            }
        };
        one_by_one(0, inside ? whole_begin : width);
        if (!inside) continue;
        deal(from + whole_begin * step, step, whole_end - whole_begin, row + whole_begin, pitch);
        one_by_one(whole_end, width);
      }
    }
  });
}

void fold_weights(const ConvGeometry& g, const float* w, float* to) {
  const int64_t step1 = g.stride[1], step2 = g.stride[2];
  for (int64_t i = 0; i < g.k * g.c; ++i, w += g.kernel[1] * g.kernel[2])
    for (int64_t phase = 0; phase < step1 * step2; ++phase)
      for (int64_t tap = 0; tap < 9; ++tap) {
        const int64_t row = tap / 3 * step1 + phase / step2, column = tap % 3 * step2 + phase % step2;
        *to++ = row < g.kernel[1] && column < g.kernel[2] ? w[row * g.kernel[2] + column] : 0.0f;
      }
}

}  // namespace

bool folding_pays(const ConvGeometry& g) {
  for (int axis : {1, 2})
    if (g.stride[axis] < 2 || g.kernel[axis] > 3 * g.stride[axis] || g.dilation[axis] != 1) return false;
  if (g.kernel[0] != 1 || g.in[0] != 1 || g.padding[0] != 0 || g.stride[0] != 1 || g.groups != 1) return false;
  // Up to a quarter more summands. Fewer filters than 32 do not make up for writing x down once more.
  return 4 * 9 * g.stride[1] * g.stride[2] <= 5 * g.kernel[1] * g.kernel[2] && g.k >= 32 && winograd_pays(folded(g));
}

void folded_output(const ConvGeometry& g, const float* x, const float* w, const float* bias, float* y) {
  ConvGeometry f = folded(g);
  const int64_t x_image = g.c * g.in[1] * g.in[2], image = f.c * f.in[1] * f.in[2], y_image = g.k * g.out[1] * g.out[2];
  const int64_t most = std::clamp<int64_t>(kFoldedBytes / (image * 4), 1, std::max<int64_t>(g.n, 1));
  float* source = scratch<float>(Scratch::kImages, most * image);
  float* weights = scratch<float>(Scratch::kDirect, f.k * f.c * 9);
  fold_weights(g, w, weights);
  for (int64_t i = 0; i < g.n; i += most) {
    f.n = std::min(most, g.n - i);
    fold_source(g, f, x + i * x_image, source);
    winograd_output(f, source, weights, bias, y + i * y_image);
  }
}

}  // namespace korrel::kernels
