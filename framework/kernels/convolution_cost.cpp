#include <korrel/framework/kernels/convolution_cost.h>

#include <algorithm>

namespace korrel::kernels {

bool direct_is_faster(const Gather& gather, int64_t rows, int64_t channels, int64_t lanes) {
  const auto width = static_cast<double>(std::max<int64_t>(gather.grid[2], 1));
  const double vector = static_cast<double>(lanes);
  // Cycles per vector of positions and step of depth. A row costs half a cycle (two units); fewer than four rows do not
  // keep the units busy. Direct: lanes beyond the end of a row are lost, and loads cross cache lines. Panels: 1.5
  // cycles for each masked load of packing, more than one where vectors span rows that do not follow each other; 10
  // cycles to plan each load, shared by the channels.
  const double lost = static_cast<double>((gather.grid[2] + lanes - 1) / lanes * lanes) / width;
  const bool rows_follow = gather.plane[2] == gather.grid[2];
  const double loads = rows_follow ? 1 : 1 + vector / width;
  const double direct = std::max(0.5 * static_cast<double>(rows), 1.0) * lost * 1.1;
  const double panels =
      std::max(0.5 * static_cast<double>(rows), 2.0) + 1.5 * loads + 10 * loads / static_cast<double>(channels);
  return direct < panels;
}

}  // namespace korrel::kernels
