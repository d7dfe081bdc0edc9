// The transforms of winograd.cpp, of the target that runs: winograd_tiles-inl.h has the formulas. Elements of tiles and
// filters are 16 matrices, xi = 4 row + column. Nobody else calls them.
#pragma once

#include <cstdint>

#include <korrel/framework/kernels/winograd_grid.h>

namespace korrel::kernels {

// Where a piece's taps are in a filter, from its first one on; the next filter's are `step` away.
struct TapLattice {
  int64_t step, row, column, height, width;
};

// Tile rows [begin, end) of one channel: to[xi * to_stride] and on, in order.
void source_tiles(const TileGrid& grid, const KernelPiece& piece, int64_t begin, int64_t end, const float* channel,
                  int64_t to_stride, float* to);
void gradient_tiles(const TileGrid& grid, int64_t begin, int64_t end, const float* channel, int64_t to_stride,
                    float* to);
// The other way round, plus *bias if that is not null.
void result_planes(const TileGrid& grid, int64_t begin, int64_t end, const float* from, const float* bias,
                   int64_t from_stride, float* channel);

// `count` filters: to[xi * to_stride + filter]; and their gradients.
void filter_tiles(int64_t count, const float* w, const TapLattice& taps, int64_t to_stride, float* to);
void filter_gradients(int64_t count, const float* from, int64_t from_stride, const TapLattice& taps, float* gw);

// to[tile * to_stride + c] = from[c * from_stride + tile].
void transpose_tiles(const float* from, int64_t from_stride, int64_t channels, int64_t tiles, float* to,
                     int64_t to_stride);

// False for the scalar target, which has none of them.
bool has_tile_transforms();

}  // namespace korrel::kernels
