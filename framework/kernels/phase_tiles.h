// The plan of transposed convolutions with 4x4 kernels at stride 2 (and input gradients of such) by minimal filtering:
// each of the four phases is a correlation of gy with 2x2 taps, and F(3x3, 2x2) takes 16 multiplications for the 36 of
// nine positions (Winograd 1980). Tiles of 4x4 of gy, 3 apart, serve all four phases, whose positions are up to one
// further. Plain C++, no SIMD. f32 only.
//
// Rounding differs from the direct sum's as it does in winograd.h.
#pragma once

#include <cstdint>

#include <korrel/framework/kernels/convolution.h>

namespace korrel::kernels {

struct PhaseTiles {
  // By dimension, rows and columns. Tile i begins at gy's 3 i + first, and its results at gx's 6 i - ahead.
  int64_t first[2], ahead[2], count[2];
  int64_t image_tiles;
  // A part is some rows of tiles of one image, or several whole images.
  int64_t rows_per_part, images_per_part, row_parts, parts;

  // Phase f of a dimension with padding p: the first of its two taps, that with the lower position in gy.
  static int64_t tap(int64_t f, int64_t p) { return (f + p) % 2 + 2; }  // the other one is 2 less
  // Where in a tile's 6 results of a dimension those of phase f begin.
  int64_t place(int dimension, int64_t f) const { return f == 0 ? ahead[dimension] : 1 - ahead[dimension]; }
};

PhaseTiles plan_phase_tiles(const ConvGeometry& geometry);

// Whether it can be done so, is allowed (winograd_enabled) and faster than the sums themselves; from the geometry
// alone.
bool phase_tiles_pay(const ConvGeometry& geometry, int64_t lanes);

}  // namespace korrel::kernels
