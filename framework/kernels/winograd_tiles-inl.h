// The transforms of minimal filtering: vectors across the tiles of a row (or across filters). Tile element (p, q) is
// matrix xi = 4 p + q. Per one dimension, with interpolation at 0, 1, -1 and infinity:
//   source   d0 - d2, d1 + d2, d2 - d1, d1 - d3
//   filter   g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2                  result  m0 + m1 + m2, m1 - m2 - m3
//   gradient g0, (g0 + g1) / 2, (g0 - g1) / 2, g1       its filter  m0 + m1 + m2, m1 - m2, m1 + m2 - m3
#if defined(KORREL_WINOGRAD_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_WINOGRAD_TILES_INL_H_
#undef KORREL_WINOGRAD_TILES_INL_H_
#else
#define KORREL_WINOGRAD_TILES_INL_H_
#endif

#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

#include <korrel/framework/kernels/partial_vector-inl.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/transpose-inl.h>
#include <korrel/framework/kernels/winograd_grid.h>
#include <korrel/framework/kernels/winograd_transforms.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

// Two at a time: from[0], from[2], ... and from[1], from[3], ...
template <class D, class V = hn::Vec<D>>
HWY_INLINE void load_two(D d, const float* from, V& even, V& odd) {
  const V first = hn::LoadU(d, from), second = hn::LoadU(d, from + hn::Lanes(d));
  even = hn::ConcatEven(d, second, first);
  odd = hn::ConcatOdd(d, second, first);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void store_first_lanes(D d, V vector, int64_t count, float* to) {
  if (count >= static_cast<int64_t>(hn::Lanes(d)))
    hn::StoreU(vector, d, to);
  else
    hn::BlendedStore(vector, hn::FirstN(d, static_cast<size_t>(count)), d, to);
}

// Rows [from, from + rows) of a plane with `margin` zeros before each row (or, if that is negative, without its first
// elements) and enough behind for whole vectors, into scratch memory; rows outside of the plane, and all of a plane
// that is null, are zero. The same rows `ahead`, of the next channel, are fetched: a block of rows is too short for the
// machine to foresee it (half of the transform's time was waiting here).
template <class D>
HWY_INLINE float* padded_rows(D d, const float* plane, int64_t height, int64_t plane_width, int64_t from, int64_t rows,
                              int64_t margin, int64_t pitch, int64_t ahead) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t skipped = margin < 0 ? -margin : 0, width = plane_width - skipped;
  margin += skipped;
  float* all = scratch<float>(Scratch::kTiles, rows * pitch + lanes);
  for (int64_t r = 0; r < rows; ++r) {
    float* HWY_RESTRICT to = all + r * pitch;
    const int64_t row = from + r;
    // Vectors, neither memcpy nor loops that the compiler makes a memset of: rows of small planes are shorter than what
    // a call costs (three calls a row were 4 % of ResNet-20's training step). Zeros beyond the row are overwritten.
    for (int64_t i = 0; i < pitch; i += lanes) {
      hn::StoreU(hn::Zero(d), d, to + i);
      __asm__ volatile("" ::: "memory");  // no instruction: a loop with it stays a loop
    }
    if (plane == nullptr || row < 0 || row >= height) continue;
    const float* HWY_RESTRICT source = plane + row * plane_width + skipped;
    for (int64_t i = 0; i < width; i += 16) __builtin_prefetch(source + ahead + i);
    int64_t i = 0;
    for (; i + lanes <= width; i += lanes) hn::StoreU(hn::LoadU(d, source + i), d, to + margin + i);
    if (i < width) hn::StoreU(load_part(d, source + i, static_cast<size_t>(width - i)), d, to + margin + i);
  }
  return all;
}

// One row of the source's transform, for a vector of tiles.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void source_row(D d, const float* from, V* HWY_RESTRICT t) {
  V d0, d1, d2, d3;
  load_two(d, from, d0, d1);
  load_two(d, from + 2, d2, d3);
  t[0] = hn::Sub(d0, d2);
  t[1] = hn::Add(d1, d2);
  t[2] = hn::Sub(d2, d1);
  t[3] = hn::Sub(d1, d3);
}

// Tile rows [first, last) of a plane of the source, as a piece's taps read it. Neighbouring tile rows share two rows of
// the source: their row transforms are carried along.
template <class D>
HWY_INLINE void transform_source(D d, const TileGrid& grid, const KernelPiece& piece, const float* plane, int64_t first,
                                 int64_t last, int64_t to_stride, float* HWY_RESTRICT to) {
  using V = hn::Vec<D>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d)), rows = 2 * (last - first) + 2, pitch = grid.pitch(lanes);
  const float* padded = padded_rows(d, plane, grid.in_height, grid.in_width, 2 * first + piece.row - grid.pad[1], rows,
                                    grid.pad[2] - piece.column, pitch, grid.in_size());
  const int elements = piece.width < 3 ? 3 : 4;  // of a tile's row, that the piece has products with
  for (int64_t j = 0; j < grid.columns; j += lanes) {
    const int64_t valid = grid.columns - j;
    const float* HWY_RESTRICT from = padded + 2 * j;
    V above[2][4], below[2][4];
    source_row(d, from, above[0]);
    source_row(d, from + pitch, above[1]);
    float* HWY_RESTRICT place = to + j;
    for (int64_t row = first; row < last; ++row, place += grid.columns) {
      from += 2 * pitch;
      source_row(d, from, below[0]);
      source_row(d, from + pitch, below[1]);
      for (int q = 0; q < 4; ++q) {
        if (q < elements) {
          store_first_lanes(d, hn::Sub(above[0][q], below[0][q]), valid, place + q * to_stride);
          store_first_lanes(d, hn::Add(above[1][q], below[0][q]), valid, place + (4 + q) * to_stride);
          store_first_lanes(d, hn::Sub(below[0][q], above[1][q]), valid, place + (8 + q) * to_stride);
          if (piece.height == 3)
            store_first_lanes(d, hn::Sub(above[1][q], below[1][q]), valid, place + (12 + q) * to_stride);
        }
        above[0][q] = below[0][q];
        above[1][q] = below[1][q];
      }
    }
  }
}

// Tile rows [first, last) of a plane of gy: tiles of 2x2, zero beyond its borders.
template <class D>
HWY_INLINE void transform_gradient(D d, const TileGrid& grid, const float* plane, int64_t first, int64_t last,
                                   int64_t to_stride, float* HWY_RESTRICT to) {
  using V = hn::Vec<D>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d)), pitch = grid.pitch(lanes);
  const V half = hn::Set(d, 0.5F);
  const float* padded =
      padded_rows(d, plane, grid.out_height, grid.out_width, 2 * first, 2 * (last - first), 0, pitch, grid.out_size());
  for (int64_t row = first; row < last; ++row) {
    for (int64_t j = 0; j < grid.columns; j += lanes) {
      const int64_t valid = grid.columns - j;
      const float* HWY_RESTRICT from = padded + 2 * (row - first) * pitch + 2 * j;
      V t[2][4];
      for (int r = 0; r < 2; ++r) {
        V g0, g1;
        load_two(d, from + r * pitch, g0, g1);
        t[r][0] = g0;
        t[r][1] = hn::Mul(half, hn::Add(g0, g1));
        t[r][2] = hn::Mul(half, hn::Sub(g0, g1));
        t[r][3] = g1;
      }
      float* HWY_RESTRICT place = to + (row - first) * grid.columns + j;
      for (int q = 0; q < 4; ++q) {
        store_first_lanes(d, t[0][q], valid, place + q * to_stride);
        store_first_lanes(d, hn::Mul(half, hn::Add(t[0][q], t[1][q])), valid, place + (4 + q) * to_stride);
        store_first_lanes(d, hn::Mul(half, hn::Sub(t[0][q], t[1][q])), valid, place + (8 + q) * to_stride);
        store_first_lanes(d, t[1][q], valid, place + (12 + q) * to_stride);
      }
    }
  }
}

// Tile rows [first, last) of a plane of the result, plus *bias if that is not null. The lines that the next channel
// will be stored to are fetched ahead.
template <class D>
HWY_INLINE void transform_result(D d, const TileGrid& grid, const float* HWY_RESTRICT from, int64_t from_stride,
                                 const float* bias, int64_t first, int64_t last, float* HWY_RESTRICT plane) {
  using V = hn::Vec<D>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d)), width = grid.out_width;
  const V start = hn::Set(d, bias == nullptr ? 0.0F : *bias);
  const int64_t ahead = grid.out_size();  // the same rows of the next channel
  HWY_ALIGN float pairs[2 * hn::MaxLanes(d)];
  for (int64_t row = first; row < last; ++row) {
    for (int64_t j = 0; j < grid.columns; j += lanes) {
      const float* HWY_RESTRICT place = from + (row - first) * grid.columns + j;
      V upper[4], lower[4];
      for (int q = 0; q < 4; ++q) {
        const V m0 = hn::LoadU(d, place + q * from_stride), m1 = hn::LoadU(d, place + (4 + q) * from_stride),
                m2 = hn::LoadU(d, place + (8 + q) * from_stride), m3 = hn::LoadU(d, place + (12 + q) * from_stride);
        upper[q] = hn::Add(hn::Add(m0, m1), m2);
        lower[q] = hn::Sub(hn::Sub(m1, m2), m3);
      }
      const int64_t valid = width - 2 * j;
      for (int r = 0; r < 2; ++r) {
        if (2 * row + r >= grid.out_height) break;
        const V* m = r == 0 ? upper : lower;
        const V even = hn::Add(start, hn::Add(hn::Add(m[0], m[1]), m[2])),
                odd = hn::Add(start, hn::Sub(hn::Sub(m[1], m[2]), m[3]));
        float* to = plane + (2 * row + r) * width + 2 * j;
        const bool whole = valid >= 2 * lanes;
        __builtin_prefetch(to + ahead);
        __builtin_prefetch(to + ahead + lanes);
        hn::StoreInterleaved2(even, odd, d, whole ? to : pairs);
        for (int64_t i = 0; !whole && i < valid; i += lanes) {  // memcpy for 1 to 31 elements was 5 % of the time
          if (valid - i >= lanes)
            hn::StoreU(hn::Load(d, pairs + i), d, to + i);
          else
            store_part(hn::Load(d, pairs + i), d, to + i, static_cast<size_t>(valid - i));
        }
      }
    }
  }
}

// `count` filters.
HWY_INLINE void transform_filters(int64_t count, const float* HWY_RESTRICT w, const TapLattice& taps, int64_t to_stride,
                                  float* HWY_RESTRICT to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto lane = hn::Iota(di, 0), every = hn::Mul(lane, hn::Set(di, static_cast<int32_t>(taps.step)));
  const V half = hn::Set(d, 0.5F);
  const auto spread = [&](V g0, V g1, V g2, V * HWY_RESTRICT t) HWY_ATTR __attribute__((always_inline)) {
    const V sum = hn::Add(g0, g2);
    t[0] = g0;
    t[1] = hn::Mul(half, hn::Add(sum, g1));
    t[2] = hn::Mul(half, hn::Sub(sum, g1));
    t[3] = g2;
  };
  for (int64_t f = 0; f < count; f += lanes) {
    const int64_t valid = count - f;
    const float* HWY_RESTRICT from = w + f * taps.step;
    // Lanes without a filter read the first one again.
    const auto index =
        valid >= lanes ? every : hn::IfThenElseZero(hn::Lt(lane, hn::Set(di, static_cast<int32_t>(valid))), every);
    V rows[3][4];
    for (int r = 0; r < 3; ++r) {
      V g[3];
      for (int c = 0; c < 3; ++c) {
        const bool there = r < taps.height && c < taps.width;
        g[c] = there ? hn::GatherIndex(d, from + r * taps.row + c * taps.column, index) : hn::Zero(d);
      }
      spread(g[0], g[1], g[2], rows[r]);
    }
    for (int q = 0; q < 4; ++q) {
      V t[4];
      spread(rows[0][q], rows[1][q], rows[2][q], t);
      for (int p = 0; p < 4; ++p) store_first_lanes(d, t[p], valid, to + (4 * p + q) * to_stride + f);
    }
  }
}

HWY_INLINE void transform_filter_gradients(int64_t count, const float* HWY_RESTRICT from, int64_t from_stride,
                                           const TapLattice& to_taps, float* HWY_RESTRICT gw) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  HWY_ALIGN float taps[9][hn::MaxLanes(d)];
  const int64_t step = to_taps.step, row = to_taps.row;
  const auto gather = [&](V m0, V m1, V m2, V m3, V * HWY_RESTRICT t) HWY_ATTR __attribute__((always_inline)) {
    const V sum = hn::Add(m1, m2);
    t[0] = hn::Add(m0, sum);
    t[1] = hn::Sub(m1, m2);
    t[2] = hn::Sub(sum, m3);
  };
  HWY_ALIGN float last[16][hn::MaxLanes(d)] = {};
  for (int64_t f = 0; f < count; f += lanes) {
    const int64_t valid = count - f < lanes ? count - f : lanes;
    if (valid < lanes)
      for (int xi = 0; xi < 16; ++xi)
        std::memcpy(last[xi], from + xi * from_stride + f, static_cast<size_t>(valid) * sizeof(float));
    const auto element = [&](int xi) HWY_ATTR __attribute__((always_inline)) {
      return valid < lanes ? hn::Load(d, last[xi]) : hn::LoadU(d, from + xi * from_stride + f);
    };
    V rows[3][4];
    for (int q = 0; q < 4; ++q) {
      V t[3];
      gather(element(q), element(4 + q), element(8 + q), element(12 + q), t);
      for (int r = 0; r < 3; ++r) rows[r][q] = t[r];
    }
    for (int r = 0; r < 3; ++r) {
      V t[3];
      gather(rows[r][0], rows[r][1], rows[r][2], rows[r][3], t);
      for (int c = 0; c < 3; ++c) hn::Store(t[c], d, taps[3 * r + c]);
    }
    float* HWY_RESTRICT to = gw + step * f;
    if (step == 9 && valid == 16 && f + 16 < count) {  // each filter's vector ends in the next one's place
      transpose_block(taps[0], 16, 9, 16, to, 9);
    } else if (to_taps.height == 3 && to_taps.width == 3) {
      for (int64_t lane = 0; lane < valid; ++lane)
        for (int tap = 0; tap < 9; ++tap) to[step * lane + tap / 3 * row + tap % 3] = taps[tap][lane];
    } else {
      for (int64_t lane = 0; lane < valid; ++lane)
        for (int64_t r = 0; r < to_taps.height; ++r)
          for (int64_t c = 0; c < to_taps.width; ++c) to[step * lane + r * row + c] = taps[3 * r + c][lane];
    }
  }
}

#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_WINOGRAD_TILES_INL_H_
