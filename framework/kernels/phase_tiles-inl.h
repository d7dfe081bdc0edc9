// What phase_tiles.h plans. Lanes are channels throughout: no row is too short for a vector.
#if defined(KORREL_PHASE_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_PHASE_TILES_INL_H_
#undef KORREL_PHASE_TILES_INL_H_
#else
#define KORREL_PHASE_TILES_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/broadcast_tile-inl.h>
#include <korrel/framework/kernels/phase_tiles.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// The transforms of winograd_tiles-inl.h in one dimension: of a row of the source, of two taps, of a row of products.
// `step` apart.
template <class V>
HWY_INLINE void tile_source(const V* HWY_RESTRICT d, int step, V* HWY_RESTRICT to) {
  to[0] = hn::Sub(d[0], d[2 * step]);
  to[step] = hn::Add(d[step], d[2 * step]);
  to[2 * step] = hn::Sub(d[2 * step], d[step]);
  to[3 * step] = hn::Sub(d[step], d[3 * step]);
}
template <class V>
HWY_INLINE void tile_taps(V g0, V g1, V half, V* HWY_RESTRICT to, int step) {
  to[0] = g0;
  to[step] = hn::Mul(half, hn::Add(g0, g1));
  to[2 * step] = hn::Mul(half, hn::Sub(g0, g1));
  to[3 * step] = g1;
}
template <class V>
HWY_INLINE void tile_results(V m0, V m1, V m2, V m3, V* HWY_RESTRICT to, int step) {
  const V sum = hn::Add(m1, m2);
  to[0] = hn::Add(m0, sum);
  to[step] = hn::Sub(m1, m2);
  to[2 * step] = hn::Sub(sum, m3);
}

// A panel of results is one vector of channels of each of their four phases; or several vectors of channels, if it is
// the source that has phases. Tile element (p, q) is matrix 4 p + q.
class PhaseTileProduct {
 public:
  PhaseTileProduct(const ConvGeometry& geometry, TilePass pass, const float* from, const float* w, const float* bias,
                   float* to)
      : p_(plan_phase_tiles(geometry, pass)),
        images_(geometry.n),
        vectors_(p_.result.phases == 2 ? 4 : panel_vectors(p_.result.channels, kLanes)),
        columns_(vectors_ * kLanes),
        panel_channels_(columns_ / p_.result.all_phases()),
        panels_(ceil_div(p_.result.channels, panel_channels_)),
        together_(p_.result.phases == 2 ? 1 : panels_),
        depth_(p_.source.all_phases() * p_.source.channels),
        padded_channels_(ceil_div(p_.source.channels, kLanes) * kLanes),
        pitch_(p_.source.all_phases() * padded_channels_ + kLanes),
        tiles_(p_.images_per_part * p_.rows_per_part * p_.count[1]),
        from_(from),
        bias_(bias),
        to_(to),
        weights_(scratch<float>(Scratch::kWeights, panels_ * 16 * weight_stride())) {
    int32_t* lists = scratch<int32_t>(Scratch::kDirect, depth_ + tiles_ + kSpareDistances);
    for (int64_t i = 0; i < depth_; ++i) {
      lists[i] = static_cast<int32_t>(i / p_.source.channels * padded_channels_ + i % p_.source.channels);
    }
    for (int64_t i = 0; i < tiles_ + kSpareDistances; ++i) {
      lists[depth_ + i] = static_cast<int32_t>(smaller(i, tiles_ - 1) * pitch_);
    }
    depth_list_ = lists;
    tile_list_ = lists + depth_;
    constexpr int64_t kTogether = 32;
    const int64_t blocks = ceil_div(p_.source.channels, kTogether);
    const auto transform = [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t channel = i % blocks * kTogether;
        transform_filters(w, i / blocks, channel, smaller(channel + kTogether, p_.source.channels));
      }
    };
    parallel_for(panels_ * blocks, 16, transform);
  }

  void run() const {
    const auto run_parts = [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t part = begin; part < end; ++part) {
        const int64_t image = part / p_.row_parts * p_.images_per_part, row = part % p_.row_parts * p_.rows_per_part;
        run_part(image, smaller(p_.images_per_part, images_ - image), row,
                 smaller(row + p_.rows_per_part, p_.count[0]));
      }
    };
    parallel_for(p_.parts, larger((1 << 18) / (tiles_ * depth_ * p_.result.channels), 1), run_parts);
  }

 private:
  static constexpr int64_t kLanes = Blocks<float>::kLanes;
  using D = hn::ScalableTag<float>;
  using V = hn::Vec<D>;

  // Weights are [panel][16][depth][column]; the depth is (phase, channel) of the source, a column (channel, phase,
  // lane) of the result. From one of the 16 matrices to the next is a line more than it takes: multiples of 4 KiB apart
  // they would all fight for the same lines of L1.
  int64_t weight_stride() const { return depth_ * columns_ + kLanes; }

  // Of a panel and the source's channels begin <= channel < end.
  void transform_filters(const float* HWY_RESTRICT w, int64_t panel, int64_t begin, int64_t end) const {
    for (int64_t channel = begin; channel < end; ++channel) {
      for (int64_t first = 0; first < panel_channels_; first += kLanes) transform_filter(w, panel, first, channel);
    }
  }

  // Of the vector of the panel's channels that begins with `first`.
  void transform_filter(const float* HWY_RESTRICT w, int64_t panel, int64_t first, int64_t channel) const {
    const D d;
    const V half = hn::Set(d, 0.5F);
    const int64_t result = panel * panel_channels_ + first,
                  count = larger(smaller(kLanes, p_.result.channels - result), 0);
    const float* HWY_RESTRICT filter = w + channel * p_.source_step + result * p_.result_step;
    HWY_ALIGN float taps[16 * kLanes];
    for (int64_t r = 0; r < 16; r += kLanes) {
      transpose_block(filter + r, p_.result_step, count, kLanes, taps + r * kLanes, kLanes);
    }
    const auto tap = [&](int64_t row, int64_t column)
                         HWY_ATTR { return hn::Load(d, taps + (4 * row + column) * kLanes); };
    for (int64_t f = 0; f < 4; ++f) {
      const int64_t r = p_.tap[0][f / 2], s = p_.tap[1][f % 2];
      V rows[2][4];
      tile_taps(tap(r, s), tap(r, s ^ 2), half, rows[0], 1);
      tile_taps(tap(r ^ 2, s), tap(r ^ 2, s ^ 2), half, rows[1], 1);
      const bool of_result = p_.result.phases == 2;
      const int64_t step = of_result ? channel : f * p_.source.channels + channel;
      float* HWY_RESTRICT to =
          weights_ + panel * 16 * weight_stride() + step * columns_ + (of_result ? f * kLanes : first);
      for (int q = 0; q < 4; ++q) {
        V column[4];
        tile_taps(rows[0][q], rows[1][q], half, column, 1);
        for (int p = 0; p < 4; ++p) hn::Store(column[p], d, to + (4 * p + q) * weight_stride());
      }
    }
  }

  void run_part(int64_t image, int64_t images, int64_t begin, int64_t end) const {
    const int64_t rows = end - begin, columns = p_.count[1], tiles = images * rows * columns;
    const int64_t source_stride = tiles * pitch_ + kLanes;
    float* source = scratch<float>(Scratch::kColumns, 16 * source_stride);
    for (int64_t i = 0; i < images; ++i) {
      const float* turned = turn(from_ + (image + i) * p_.source.channels * plane(p_.source), begin, rows);
      transform_source(turned, rows, source + i * rows * columns * pitch_, source_stride);
    }
    const int64_t width = together_ * columns_, product_stride = (tiles_ + kSpareDistances) * width + kLanes;
    float* products = scratch<float>(Scratch::kImages, 16 * product_stride);
    const EvenCut blocks(depth_, kBroadcastBytes / (columns_ * static_cast<int64_t>(sizeof(float))), 1);
    for (int64_t first_panel = 0; first_panel < panels_; first_panel += together_) {
      for (int64_t xi = 0; xi < 16; ++xi) {
        for (int64_t i = 0; i < together_; ++i) {
          const float* weights = weights_ + ((first_panel + i) * 16 + xi) * weight_stride();
          for (int64_t block = 0; block < blocks.count; ++block) {
            const int64_t first = blocks.begin(block);
            broadcast_product<float>(vectors_, tiles, blocks.end(block) - first, source + xi * source_stride,
                                     depth_list_ + first, tile_list_, weights + first * columns_, nullptr, block > 0,
                                     products + xi * product_stride + i * columns_, width);
          }
        }
      }
      const int64_t channel = first_panel * panel_channels_;
      for (int64_t i = 0; i < images * rows; ++i) {
        for (int64_t c = 0; c < smaller(together_ * panel_channels_, p_.result.channels - channel); c += kLanes) {
          const float* results = transform_results(products + i * columns * width + c * p_.result.all_phases(),
                                                   product_stride, width, channel + c);
          store(results, image + i / rows, begin + i % rows, channel + c);
        }
      }
    }
  }

  static int64_t plane(const TileSide& side) { return side.size[0] * side.size[1]; }

  // The rows of the source that tile rows from `begin` on read, [row][column][channel], with zeros around.
  const float* turn(const float* HWY_RESTRICT from, int64_t begin, int64_t rows) const {
    const D d;
    const TileSide& side = p_.source;
    const int64_t height = side.span(rows, 4), width = side.span(p_.count[1], 4), pitch = padded_channels_ + kLanes;
    const int64_t left = smaller(larger(-side.first[1], 0), width), skip = larger(side.first[1], 0);
    const int64_t inside = larger(smaller(side.size[1] - skip, width - left), 0);
    float* turned = scratch<float>(Scratch::kPadded, height * width * pitch);
    for (int64_t y = 0; y < height; ++y) {
      float* HWY_RESTRICT to = turned + y * width * pitch;
      const int64_t row = side.step * begin + side.first[0] + y;
      const bool there = row >= 0 && row < side.size[0] && inside > 0;
      const auto clear = [&](int64_t first, int64_t count) HWY_ATTR {
        for (int64_t i = first * pitch; i < (first + count) * pitch; i += kLanes) hn::Store(hn::Zero(d), d, to + i);
      };
      clear(0, there ? left : width);
      if (!there) continue;
      clear(left + inside, width - left - inside);
      for (int64_t c = 0; c < side.channels; c += kLanes) {
        for (int64_t j = 0; j < inside; j += kLanes) {
          transpose_block(from + c * plane(side) + row * side.size[1] + skip + j, plane(side),
                          smaller(kLanes, side.channels - c), smaller(kLanes, inside - j), to + (left + j) * pitch + c,
                          pitch);
        }
      }
    }
    return turned;
  }

  void transform_source(const float* turned, int64_t rows, float* to, int64_t to_stride) const {
    const D d;
    const TileSide& side = p_.source;
    const int64_t columns = p_.count[1], pitch = padded_channels_ + kLanes, row_pitch = side.span(columns, 4) * pitch;
    for (int64_t tile = 0; tile < rows * columns; ++tile, to += pitch_) {
      for (int64_t f = 0; f < side.all_phases(); ++f) {
        const float* from = turned + (tile / columns * side.step + side.start[0][f / 2]) * row_pitch +
                            (tile % columns * side.step + side.start[1][f % 2]) * pitch;
        for (int64_t k = 0; k < padded_channels_; k += kLanes) {
          V t[16], s[16];
#pragma GCC unroll 4
          for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 4
            for (int c = 0; c < 4; ++c) t[4 * r + c] = hn::Load(d, from + side.apart * (r * row_pitch + c * pitch) + k);
            tile_source(t + 4 * r, 1, s + 4 * r);
          }
#pragma GCC unroll 4
          for (int c = 0; c < 4; ++c) {
            tile_source(s + c, 4, t + c);
#pragma GCC unroll 4
            for (int r = 0; r < 4; ++r) {
              hn::Store(t[4 * r + c], d, to + (4 * r + c) * to_stride + f * padded_channels_ + k);
            }
          }
        }
      }
    }
  }

  // [row][column][channel] of the results of a row of tiles, for a vector of channels: they stay in L1.
  const float* transform_results(const float* products, int64_t stride, int64_t width, int64_t channel) const {
    const D d;
    const TileSide& side = p_.result;
    const V start =
        bias_ == nullptr ? hn::Zero(d) : load_first(bias_ + channel, smaller(kLanes, side.channels - channel));
    const int64_t row_pitch = side.span(p_.count[1], 3) * kLanes;
    float* results = scratch<float>(Scratch::kTarget, side.span(1, 3) * row_pitch);
    for (int64_t tile = 0; tile < p_.count[1]; ++tile, products += width) {
      for (int64_t f = 0; f < side.all_phases(); ++f) {
        const float* HWY_RESTRICT from = products + f * kLanes;
        float* HWY_RESTRICT to =
            results + side.start[0][f / 2] * row_pitch + (tile * side.step + side.start[1][f % 2]) * kLanes;
        V t[12];
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
          tile_results(hn::Load(d, from + c * stride), hn::Load(d, from + (4 + c) * stride),
                       hn::Load(d, from + (8 + c) * stride), hn::Load(d, from + (12 + c) * stride), t + c, 4);
        }
#pragma GCC unroll 3
        for (int r = 0; r < 3; ++r) {
          V row[3];
          tile_results(t[4 * r], t[4 * r + 1], t[4 * r + 2], t[4 * r + 3], row, 1);
#pragma GCC unroll 3
          for (int c = 0; c < 3; ++c) {
            hn::Store(hn::Add(row[c], start), d, to + side.apart * (r * row_pitch + c * kLanes));
          }
        }
      }
    }
    return results;
  }

  void store(const float* results, int64_t image, int64_t tile_row, int64_t channel) const {
    const TileSide& side = p_.result;
    const int64_t first = side.step * tile_row + side.first[0], row_pitch = side.span(p_.count[1], 3) * kLanes;
    const int64_t width = side.size[1];
    float* to = to_ + (image * side.channels + channel) * plane(side);
    for (int64_t y = larger(first, 0); y < smaller(first + side.step, side.size[0]); ++y) {
      const float* from = results + (y - first) * row_pitch - side.first[1] * kLanes;
      for (int64_t x = 0; x < width; x += kLanes) {
        transpose_block<true>(from + x * kLanes, kLanes, smaller(kLanes, width - x),
                              smaller(kLanes, side.channels - channel), to + y * width + x, plane(side));
      }
    }
  }

  const PhaseTiles p_;
  const int64_t images_;
  const int64_t vectors_, columns_, panel_channels_, panels_;  // of a panel; a panel; a panel; all
  const int64_t together_;  // panels whose products are taken at once, matrix by matrix: keeps a wide source in L2
  const int64_t depth_, padded_channels_, pitch_;  // pitch_: of the source's transform, by tile
  const int64_t tiles_;                            // of a whole part
  const float *from_, *bias_;
  float *to_, *weights_;
  const int32_t *depth_list_, *tile_list_;
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_PHASE_TILES_INL_H_
