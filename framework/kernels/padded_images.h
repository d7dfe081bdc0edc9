// The plan of a convolution whose lanes are channels: a copy of the source as it lies in memory, with the zeros around
// it that taps reach. In the copy each position is a distance and each pair of channel and tap is one too; their sum is
// what one multiplication reads. Stride needs no phases here. Plain C++, no SIMD.
#pragma once

#include <cstdint>

#include <korrel/framework/kernels/convolution_plan.h>

namespace korrel::kernels {

// A chunk is some rows of positions of one image, along `axis`: the first dimension in which there is more than one; or
// several whole images, if they are small. The copy of a chunk is [image][channel][size].
struct PaddedImages {
  int axis;
  int64_t rows;            // along the axis, in all
  int64_t rows_per_chunk;  // the same for any number of threads
  int64_t chunks;          // per image
  int64_t row_positions;
  int64_t images;  // per chunk
  Dims3 low;       // where the copy's first element is in the source, for a chunk that begins at 0
  Dims3 size;      // of a channel's copy for a whole chunk
  int64_t channel_stride, image_stride;
  int64_t channels, depth;
  const int32_t* position;  // [images * rows_per_chunk * row_positions + kSpareDistances], in the source's order
  const int32_t* distance;  // [depth + kSpareDistances]: channels, and in each the taps in the Gather's order
};

// So many entries beyond the end of each list repeat the first one: a tile of rows may be higher than what is left, and
// of a run it reads what follows the first.
constexpr int64_t kSpareDistances = 12;

// How many vectors of results a tile has: up to 4, so that the fewest lanes are lost.
int64_t panel_vectors(int64_t results, int64_t lanes);

// All but the lists. Position g reads its tap at g * step + offset.
PaddedImages plan_padded_images(const Gather& gather, const Dims3& step, int64_t images, int64_t channels,
                                int64_t element_bytes);

// Whether distances within the copy are representable. They are not if a single row of positions reads 2^31 elements.
bool distances_fit(const PaddedImages& plan);

// The lists' length in entries, and the lists in `memory`.
int64_t distance_count(const PaddedImages& plan);
void list_distances(PaddedImages& plan, const Gather& gather, const Dims3& step, int32_t* memory);

// Each list of its own, for several products that share a copy: of a grid that may be smaller than the plan's, and of
// some of the taps. Return the list's end.
int64_t position_count(const PaddedImages& plan, const Dims3& grid);  // without spare entries
int32_t* list_positions(const PaddedImages& plan, const Dims3& grid, const Dims3& step, int32_t* to);
int32_t* list_depth(const PaddedImages& plan, const Gather& gather, int32_t* to);

}  // namespace korrel::kernels
