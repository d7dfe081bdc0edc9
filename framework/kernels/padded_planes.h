// The plan of a direct convolution: its source's planes with the zeros around them that the taps reach, in which each
// pair of channel and tap is a mere distance and vectors can be read at any position of a row. Plain C++, no SIMD.
#pragma once

#include <cstdint>

#include <korrel/framework/kernels/convolution_plan.h>

namespace korrel::kernels {

// What a Gather gathers from: x at its stride, phase by phase, or gy as it is.
struct Source {
  Dims3 size;  // of a channel
  Dims3 stride;
  const Dims3* phase;  // [phases]; Tap::plane counts them in volumes of Gather::plane
  int64_t phases;
};

// A vector of consecutive positions of one row.
struct Unit {
  int32_t from;  // where it reads in the padded copy, for distance 0 and a chunk that begins with row 0
  int32_t to;    // its first position
  int32_t depth_begin,
      depth_end;  // outside of these, all that it reads is padding; begin > end if that goes for the whole depth
  int32_t skip_begin, skip_end;  // so much of both ends of each of these lines is, too
};

// Positions are worked on in chunks of rows of positions, along `axis`: dimension 1, or 0 if the grid has more than one
// of it. A chunk's padded copy is [channel][phase][size]. A row of positions is cut into units that start at min(i *
// lanes, grid[2] - lanes), so that all but those of very short rows are whole vectors. The depth is all (channel, tap),
// ordered by the taps' distance along dimensions 0 and 1, a line, then by channel.
// Where units are single positions they may come in squares, whose four share most of what is padding to them; then the
// order of the depth is (line, tap, channel).
struct PaddedPlanes {
  int axis;
  int64_t rows;            // along the axis, in all
  int64_t rows_per_chunk;  // the same for any number of threads
  int64_t chunks;
  Dims3 low;               // plane coordinates of the copy's first element, for a chunk that begins at 0
  Dims3 size;              // of one padded plane of a whole chunk
  int64_t row_stride;      // of the copy, along the axis
  int64_t channel_stride;  // elements of the copy per channel
  int64_t units_per_row;   // along the axis
  int64_t unit_lanes;      // of each unit: fewer than a vector has if the row is shorter
  Unit* unit;              // [rows * units_per_row]
  int64_t depth;
  int64_t line_depth;  // of a line, if all lines have the same taps; else all of the depth
  int32_t* distance;   // [depth], from where a unit reads
  int32_t* tap;        // [depth]
  int32_t* channel;    // [depth]
};

// How much memory plan_padded_planes() needs, in bytes.
int64_t padded_planes_bytes(const Gather& gather, int64_t channels, int64_t lanes);

// A chunk's copy and `more_row_bytes` of memory per row should fit `chunk_bytes` if rows are not very long.
// `element_bytes` and `lanes` are of the target's vectors. `squares`: with one lane, in the order described above.
PaddedPlanes plan_padded_planes(const Gather& gather, const Source& source, int64_t channels, int64_t lanes,
                                int64_t element_bytes, int64_t more_row_bytes, int64_t chunk_bytes, bool squares,
                                void* memory);

}  // namespace korrel::kernels
