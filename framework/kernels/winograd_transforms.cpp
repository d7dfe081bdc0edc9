#include <korrel/framework/kernels/winograd_transforms.h>

#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/winograd_transforms.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/transpose-inl.h>
#include <korrel/framework/kernels/winograd_tiles-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

void sources(const TileGrid&, const KernelPiece&, int64_t, int64_t, const float*, int64_t, float*) {}
void gradients(const TileGrid&, int64_t, int64_t, const float*, int64_t, float*) {}
void results(const TileGrid&, int64_t, int64_t, const float*, const float*, int64_t, float*) {}
void filters(int64_t, const float*, const TapLattice&, int64_t, float*) {}
void gradients_of_filters(int64_t, const float*, int64_t, const TapLattice&, float*) {}
void transposed(const float*, int64_t, int64_t, int64_t, float*, int64_t) {}

#else

// f(tag) with vectors that fit a row of tiles.
template <class F>
HWY_INLINE void with_lanes(int64_t tiles, F f) {
  if (tiles > 8 || hn::Lanes(hn::ScalableTag<float>()) <= 4) {
    f(hn::ScalableTag<float>());
  } else if (tiles > 4) {
    f(hn::CappedTag<float, 8>());
  } else {
    f(hn::CappedTag<float, 4>());
  }
}

void sources(const TileGrid& grid, const KernelPiece& piece, int64_t begin, int64_t end, const float* channel,
             int64_t to_stride, float* to) {
  with_lanes(grid.columns, [&](auto d) HWY_ATTR {
    grid.for_planes(begin, end, [&](int64_t plane, int64_t first, int64_t last, int64_t tile) HWY_ATTR {
      transform_source(d, grid, piece, grid.in_plane(channel, plane, piece), first, last, to_stride, to + tile);
    });
  });
}
void gradients(const TileGrid& grid, int64_t begin, int64_t end, const float* channel, int64_t to_stride, float* to) {
  with_lanes(grid.columns, [&](auto d) HWY_ATTR {
    grid.for_planes(begin, end, [&](int64_t plane, int64_t first, int64_t last, int64_t tile) HWY_ATTR {
      transform_gradient(d, grid, grid.out_plane(channel, plane), first, last, to_stride, to + tile);
    });
  });
}
void results(const TileGrid& grid, int64_t begin, int64_t end, const float* from, const float* bias,
             int64_t from_stride, float* channel) {
  with_lanes(grid.columns, [&](auto d) HWY_ATTR {
    grid.for_planes(begin, end, [&](int64_t plane, int64_t first, int64_t last, int64_t tile) HWY_ATTR {
      transform_result(d, grid, from + tile, from_stride, bias, first, last, grid.out_plane(channel, plane));
    });
  });
}

void filters(int64_t count, const float* w, const TapLattice& taps, int64_t to_stride, float* to) {
  transform_filters(count, w, taps, to_stride, to);
}
void gradients_of_filters(int64_t count, const float* from, int64_t from_stride, const TapLattice& taps, float* gw) {
  transform_filter_gradients(count, from, from_stride, taps, gw);
}

void transposed(const float* from, int64_t from_stride, int64_t channels, int64_t tiles, float* to, int64_t to_stride) {
  constexpr int64_t lanes = static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<float>()));
  for (int64_t tile = 0; tile < tiles; tile += lanes) {
    for (int64_t c = 0; c < channels; c += lanes) {
      transpose_block<true>(from + c * from_stride + tile, from_stride, channels - c < lanes ? channels - c : lanes,
                            tiles - tile < lanes ? tiles - tile : lanes, to + tile * to_stride + c, to_stride);
    }
  }
}

#endif

bool has_vectors() { return HWY_TARGET != HWY_SCALAR; }

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(sources);
HWY_EXPORT(gradients);
HWY_EXPORT(results);
HWY_EXPORT(filters);
HWY_EXPORT(gradients_of_filters);
HWY_EXPORT(transposed);
HWY_EXPORT(has_vectors);

}  // namespace

void source_tiles(const TileGrid& grid, const KernelPiece& piece, int64_t begin, int64_t end, const float* channel,
                  int64_t to_stride, float* to) {
  HWY_DYNAMIC_DISPATCH(sources)(grid, piece, begin, end, channel, to_stride, to);
}
void gradient_tiles(const TileGrid& grid, int64_t begin, int64_t end, const float* channel, int64_t to_stride,
                    float* to) {
  HWY_DYNAMIC_DISPATCH(gradients)(grid, begin, end, channel, to_stride, to);
}
void result_planes(const TileGrid& grid, int64_t begin, int64_t end, const float* from, const float* bias,
                   int64_t from_stride, float* channel) {
  HWY_DYNAMIC_DISPATCH(results)(grid, begin, end, from, bias, from_stride, channel);
}
void filter_tiles(int64_t count, const float* w, const TapLattice& taps, int64_t to_stride, float* to) {
  HWY_DYNAMIC_DISPATCH(filters)(count, w, taps, to_stride, to);
}
void filter_gradients(int64_t count, const float* from, int64_t from_stride, const TapLattice& taps, float* gw) {
  HWY_DYNAMIC_DISPATCH(gradients_of_filters)(count, from, from_stride, taps, gw);
}
void transpose_tiles(const float* from, int64_t from_stride, int64_t channels, int64_t tiles, float* to,
                     int64_t to_stride) {
  HWY_DYNAMIC_DISPATCH(transposed)(from, from_stride, channels, tiles, to, to_stride);
}
bool has_tile_transforms() {
  ensure_target();
  return HWY_DYNAMIC_DISPATCH(has_vectors)();
}

}  // namespace korrel::kernels
#endif
