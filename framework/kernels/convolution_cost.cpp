#include <korrel/framework/kernels/convolution_cost.h>

#include <algorithm>

namespace korrel::kernels {

namespace {

// Positions are worked on in vectors of a row: the lanes beyond its end are lost.
double lost_lanes(const Gather& gather, int64_t lanes) {
  const int64_t width = std::max<int64_t>(gather.grid[2], 1);
  return static_cast<double>((width + lanes - 1) / lanes * lanes) / static_cast<double>(width);
}

// Masked loads per packed vector of positions: more than one where it spans rows that do not follow each other in the
// source.
double packing_loads(const Gather& gather, int64_t lanes) {
  if (gather.plane[2] == gather.grid[2]) return 1;
  return 1 + static_cast<double>(lanes) / static_cast<double>(std::max<int64_t>(gather.grid[2], 1));
}

// Of packing one vector: 1.5 for each load, and 10 to plan it, which all channels share.
double packing_cycles(const Gather& gather, int64_t channels, int64_t lanes) {
  return packing_loads(gather, lanes) * (1.5 + 10.0 / static_cast<double>(std::max<int64_t>(channels, 1)));
}

}  // namespace

// Cycles per vector of positions and step of depth. A row costs half a cycle (two FMA units); fewer than four rows of a
// panel's tile do not keep the units busy. 10 % for loads that cross cache lines.
bool direct_is_faster(const Gather& gather, int64_t rows, int64_t channels, int64_t lanes) {
  const double multiplying = 0.5 * static_cast<double>(rows);
  return std::max(multiplying, 1.0) * lost_lanes(gather, lanes) * 1.1 <
         std::max(multiplying, 2.0) + packing_cycles(gather, channels, lanes);
}

// Cycles per vector of positions and (channel, tap). As a matrix product, each position is a step that multiplies whole
// vectors of filters, and gy is transposed.
bool direct_weights_are_faster(const Gather& gather, int64_t filters, int64_t channels, int64_t lanes) {
  const double direct = 0.5 * static_cast<double>(filters) * lost_lanes(gather, lanes) * 1.25;
  const double product = 0.5 * static_cast<double>((filters + lanes - 1) / lanes * lanes) + 2;
  return direct < product + packing_cycles(gather, channels, lanes);
}

}  // namespace korrel::kernels
