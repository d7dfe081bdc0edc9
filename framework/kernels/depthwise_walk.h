// What depthwise.cpp's loops are told: how a plane of results reads a plane, and where the planes are. No SIMD.
#pragma once

#include <array>
#include <cstdint>

namespace korrel::kernels {

// Rows of results that are worked on together: each row that is read serves all whose taps fall on it, and so many sums
// do not wait for each other. Sizes of planes tend to be multiples of 7.
inline constexpr int kWalkRows = 7;
inline constexpr int kMostHeight = 7, kMostStep = 2, kMostRowsRead = (kWalkRows - 1) * kMostStep + kMostHeight;

// The result at (row, column) sums from[row * step - up + i, column * step - left + j * dilation] * w[i, j] over
// i < height and j < width; outside of the plane it reads zero.
struct PlaneWalk {
  int64_t rows, columns;            // of the result
  int64_t from_rows, from_columns;  // of the plane that is read
  int64_t height, width, step, dilation;
  int64_t up, left;
  int64_t w_begin, w_row, w_column;  // the filter's elements: w[w_begin + i * w_row + j * w_column]
};

// Planes of results. At stride 2 an input gradient's rows and columns have two phases each, every one a walk at step 1.
struct PlaneProduct {
  std::array<PlaneWalk, 4> walks;  // the first one, or of the phases (row, column) = (0, 0), (0, 1), (1, 0), (1, 1)
  bool woven;                      // all four
  int64_t rows, columns;           // of a plane of the result
  int64_t planes, channels;        // of the result, all images' and one's
  int64_t readers;                 // planes of the result that read the same plane one after the other
  const float *from, *w, *bias;    // bias [channels] or null
  int64_t filter;                  // elements of w per channel
  const float* zeros;              // as many as a row that is read has
  bool past_caches;                // the result is large: it leaves the caches before anyone reads it
  float* to;
};

inline constexpr int64_t kMostChannels = 16;  // that are summed side by side

// Sums over images and positions of result[position] * from[what its tap reads].
struct PlaneSums {
  PlaneWalk walk;
  int64_t channels, readers;  // of the result
  const float *from, *result, *zeros;
};

}  // namespace korrel::kernels
