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

// The transforms of winograd_tiles-inl.h in one dimension: of a row of gy, of two taps, of a row of products. `step`
// apart.
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

// A panel of results is one vector of channels of each of the four phases. Tile element (p, q) is matrix 4 p + q.
class PhaseTileProduct {
 public:
  PhaseTileProduct(const ConvGeometry& geometry, const float* gy, const float* w, const float* bias, float* gx)
      : g_(geometry),
        p_(plan_phase_tiles(geometry)),
        panels_(ceil_div(g_.c, kLanes)),
        pitch_(ceil_div(g_.k, kLanes) * kLanes + kLanes),
        tiles_(p_.images_per_part * p_.rows_per_part * p_.count[1]),
        gy_(gy),
        bias_(bias),
        gx_(gx) {
    weights_ = scratch<float>(Scratch::kWeights, panels_ * 16 * weight_stride());
    int32_t* lists = scratch<int32_t>(Scratch::kDirect, g_.k + tiles_ + kSpareDistances);
    for (int64_t k = 0; k < g_.k; ++k) lists[k] = static_cast<int32_t>(k);
    for (int64_t i = 0; i < tiles_ + kSpareDistances; ++i) {
      lists[g_.k + i] = static_cast<int32_t>(smaller(i, tiles_ - 1) * pitch_);
    }
    channel_ = lists;
    tile_ = lists + g_.k;
    constexpr int64_t kTogether = 32;
    const int64_t blocks = ceil_div(g_.k, kTogether);
    const auto transform = [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t k = i % blocks * kTogether;
        transform_filters(w, i / blocks, k, smaller(k + kTogether, g_.k));
      }
    };
    parallel_for(panels_ * blocks, 16, transform);
  }

  void run() const {
    const auto run_parts = [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t part = begin; part < end; ++part) {
        const int64_t image = part / p_.row_parts * p_.images_per_part, row = part % p_.row_parts * p_.rows_per_part;
        run_part(image, smaller(p_.images_per_part, g_.n - image), row, smaller(row + p_.rows_per_part, p_.count[0]));
      }
    };
    parallel_for(p_.parts, larger((1 << 18) / (tiles_ * g_.k * g_.c * 64), 1), run_parts);
  }

 private:
  static constexpr int64_t kLanes = Blocks<float>::kLanes, kColumns = 4 * kLanes;
  using D = hn::ScalableTag<float>;
  using V = hn::Vec<D>;

  // Weights are [panel][16][k][phase][channel]. From one of the 16 matrices to the next is a line more than it takes:
  // multiples of 4 KiB apart they would all fight for the same lines of L1.
  int64_t weight_stride() const { return g_.k * kColumns + kLanes; }

  void transform_filters(const float* HWY_RESTRICT w, int64_t panel, int64_t begin, int64_t end) const {
    const D d;
    const V half = hn::Set(d, 0.5F);
    const int64_t channel = panel * kLanes, count = smaller(kLanes, g_.c - channel);
    HWY_ALIGN float taps[16 * kLanes];
    for (int64_t k = begin; k < end; ++k) {
      const float* HWY_RESTRICT filter = w + (k * g_.c + channel) * 16;
      for (int64_t r = 0; r < 16; r += kLanes) {
        transpose_block(filter + r, 16, count, kLanes, taps + r * kLanes, kLanes);
      }
      for (int64_t f = 0; f < 4; ++f) {
        const int64_t r = PhaseTiles::tap(f / 2, g_.padding[1]), s = PhaseTiles::tap(f % 2, g_.padding[2]);
        const auto tap = [&](int64_t row, int64_t column)
                             HWY_ATTR { return hn::Load(d, taps + (4 * row + column) * kLanes); };
        V rows[2][4];
        tile_taps(tap(r, s), tap(r, s - 2), half, rows[0], 1);
        tile_taps(tap(r - 2, s), tap(r - 2, s - 2), half, rows[1], 1);
        float* HWY_RESTRICT to = weights_ + panel * 16 * weight_stride() + k * kColumns + f * kLanes;
        for (int q = 0; q < 4; ++q) {
          V column[4];
          tile_taps(rows[0][q], rows[1][q], half, column, 1);
          for (int p = 0; p < 4; ++p) hn::Store(column[p], d, to + (4 * p + q) * weight_stride());
        }
      }
    }
  }

  void run_part(int64_t image, int64_t images, int64_t begin, int64_t end) const {
    const int64_t rows = end - begin, columns = p_.count[1], tiles = images * rows * columns;
    float* source = scratch<float>(Scratch::kColumns, 16 * (tiles * pitch_ + kLanes));
    for (int64_t i = 0; i < images; ++i) {
      const float* turned = turn(gy_ + (image + i) * g_.k * volume(g_.out), begin, rows);
      transform_source(turned, rows, source + i * rows * columns * pitch_, tiles * pitch_ + kLanes);
    }
    const int64_t product_stride = (tiles_ + kSpareDistances) * kColumns + kLanes;
    float* products = scratch<float>(Scratch::kImages, 16 * product_stride);
    const EvenCut blocks(g_.k, kBroadcastBytes / (kColumns * static_cast<int64_t>(sizeof(float))), 1);
    for (int64_t panel = 0; panel < panels_; ++panel) {
      for (int64_t xi = 0; xi < 16; ++xi) {
        const float* weights = weights_ + (panel * 16 + xi) * weight_stride();
        for (int64_t block = 0; block < blocks.count; ++block) {
          const int64_t first = blocks.begin(block);
          broadcast_product<float>(4, tiles, blocks.end(block) - first, source + xi * (tiles * pitch_ + kLanes),
                                   channel_ + first, tile_, weights + first * kColumns, nullptr, block > 0,
                                   products + xi * product_stride, kColumns);
        }
      }
      for (int64_t i = 0; i < images * rows; ++i) {
        const float* results = transform_results(products + i * columns * kColumns, product_stride, panel * kLanes);
        store(results, image + i / rows, begin + i % rows, panel * kLanes);
      }
    }
  }

  // Channels of the rows of gy that tile rows from `begin` on read, [row][column][channel], with zeros around.
  const float* turn(const float* HWY_RESTRICT gy, int64_t begin, int64_t rows) const {
    const D d;
    const int64_t height = 3 * rows + 1, width = 3 * p_.count[1] + 1, plane = volume(g_.out), size = g_.out[2];
    const int64_t left = smaller(-smaller(p_.first[1], 0), width), skip = larger(p_.first[1], 0);
    const int64_t inside = larger(smaller(size - skip, width - left), 0);
    float* turned = scratch<float>(Scratch::kPadded, height * width * pitch_ + kLanes);
    for (int64_t y = 0; y < height; ++y) {
      float* HWY_RESTRICT to = turned + y * width * pitch_;
      const int64_t row = 3 * begin + p_.first[0] + y;
      const bool there = row >= 0 && row < g_.out[1] && inside > 0;
      const auto clear = [&](int64_t from, int64_t count) HWY_ATTR {
        for (int64_t i = from * pitch_; i < (from + count) * pitch_; i += kLanes) hn::Store(hn::Zero(d), d, to + i);
      };
      clear(0, there ? left : width);
      if (!there) continue;
      clear(left + inside, width - left - inside);
      for (int64_t k = 0; k < g_.k; k += kLanes) {
        for (int64_t j = 0; j < inside; j += kLanes) {
          transpose_block(gy + k * plane + row * size + skip + j, plane, smaller(kLanes, g_.k - k),
                          smaller(kLanes, inside - j), to + (left + j) * pitch_ + k, pitch_);
        }
      }
    }
    return turned;
  }

  void transform_source(const float* turned, int64_t rows, float* to, int64_t to_stride) const {
    const D d;
    const int64_t columns = p_.count[1], width = 3 * columns + 1;
    for (int64_t tile = 0; tile < rows * columns; ++tile, to += pitch_) {
      const float* from = turned + (tile / columns * width + tile % columns) * 3 * pitch_;
      for (int64_t k = 0; k < g_.k; k += kLanes) {
        V t[16], s[16];
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 4
          for (int c = 0; c < 4; ++c) t[4 * r + c] = hn::Load(d, from + (r * width + c) * pitch_ + k);
          tile_source(t + 4 * r, 1, s + 4 * r);
        }
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
          tile_source(s + c, 4, t + c);
#pragma GCC unroll 4
          for (int r = 0; r < 4; ++r) hn::Store(t[4 * r + c], d, to + (4 * r + c) * to_stride + k);
        }
      }
    }
  }

  // [row][column][channel] of the results of a row of tiles, 6x6 of each: they stay in L1.
  const float* transform_results(const float* products, int64_t stride, int64_t channel) const {
    const D d;
    const V start = bias_ == nullptr ? hn::Zero(d) : load_first(bias_ + channel, smaller(kLanes, g_.c - channel));
    const int64_t columns = p_.count[1], width = 6 * columns;
    float* results = scratch<float>(Scratch::kTarget, 6 * width * kLanes);
    for (int64_t tile = 0; tile < columns; ++tile, products += kColumns) {
      float* HWY_RESTRICT to = results + tile * 6 * kLanes;
      for (int f = 0; f < 4; ++f) {
        const float* HWY_RESTRICT from = products + f * kLanes;
        float* HWY_RESTRICT own = to + (p_.place(0, f / 2) * width + p_.place(1, f % 2)) * kLanes;
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
          for (int c = 0; c < 3; ++c) hn::Store(hn::Add(row[c], start), d, own + (2 * r * width + 2 * c) * kLanes);
        }
      }
    }
    return results;
  }

  void store(const float* results, int64_t image, int64_t row, int64_t channel) const {
    const int64_t plane = volume(g_.in), first = 6 * row - p_.ahead[0], width = 6 * p_.count[1];
    float* to = gx_ + (image * g_.c + channel) * plane;
    for (int64_t y = larger(first, 0); y < smaller(first + 6, g_.in[1]); ++y) {
      const float* from = results + ((y - first) * width + p_.ahead[1]) * kLanes;
      for (int64_t x = 0; x < g_.in[2]; x += kLanes) {
        transpose_block<true>(from + x * kLanes, kLanes, smaller(kLanes, g_.in[2] - x), smaller(kLanes, g_.c - channel),
                              to + y * g_.in[2] + x, plane);
      }
    }
  }

  const ConvGeometry& g_;
  const PhaseTiles p_;
  const int64_t panels_, pitch_;  // pitch_: of gy's channels, with a line between
  const int64_t tiles_;           // of a whole part
  const float *gy_, *bias_;
  float *gx_, *weights_;
  const int32_t *channel_, *tile_;
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_PHASE_TILES_INL_H_
