// The plan of convolutions with 4x4 kernels at stride 2, and of their input gradients (the transposed convolution), by
// minimal filtering: between one of the four phases of x (every other row and column) and y lies a correlation with 2x2
// taps, and F(3x3, 2x2) takes 16 multiplications for the 36 of nine positions (Winograd 1980). Plain C++, no SIMD. f32
// only.
//
// Rounding differs from the direct sum's as it does in winograd.h.
#pragma once

#include <cstdint>

#include <korrel/framework/kernels/convolution.h>

namespace korrel::kernels {

// The rows (dimension 0) and columns (1) of a source or result that belong to tile i of a phase: first + step * i +
// start[dimension][phase] and on, `apart`. Of x there are two phases by dimension, of y one: one tile of y serves all.
struct TileSide {
  int64_t channels, size[2];
  int64_t first[2], step, apart, phases;
  int64_t start[2][2];

  int64_t all_phases() const { return phases * phases; }
  // What `tiles` of them span, `elements` of each.
  int64_t span(int64_t tiles, int64_t elements) const { return step * (tiles - 1) + apart * (elements - 1) + phases; }
};

struct PhaseTiles {
  TileSide source, result;
  int64_t tap[2][2];  // [dimension][phase]: the tap at the tile's first element; the other one is that ^ 2
  int64_t count[2], image_tiles;
  // A part is some rows of tiles of one image, or several whole images.
  int64_t rows_per_part, images_per_part, row_parts, parts;
  int64_t source_step, result_step;  // in the weights, from one channel to the next
};

enum class TilePass { kOutput, kInputGradient };

PhaseTiles plan_phase_tiles(const ConvGeometry& geometry, TilePass pass);

// Whether it can be done so, is allowed (winograd_enabled) and faster than the sums themselves; from the geometry
// alone.
bool phase_tiles_pay(const ConvGeometry& geometry, TilePass pass, int64_t lanes);

}  // namespace korrel::kernels
