#include <korrel/framework/kernels/phase_tiles.h>

#include <algorithm>

#include <korrel/framework/kernels/winograd.h>

namespace korrel::kernels {
namespace {

// Enough tiles to read the weights for, few enough for L2: with 64 channels, 16 matrices of 80 tiles are 320 KiB.
constexpr int64_t kTilesPerPart = 80;
constexpr int64_t kMostWeightBytes = 32 << 20;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

PhaseTiles plan_phase_tiles(const ConvGeometry& g) {
  PhaseTiles p{};
  for (int i = 0; i < 2; ++i) {
    const int64_t size = g.in[i + 1], padding = g.padding[i + 1];
    p.first[i] = padding / 2 - 1;
    p.ahead[i] = padding % 2;
    p.count[i] = std::max(ceil_div(ceil_div(size, 2), 3), ceil_div(size / 2 + p.ahead[i], 3));
  }
  p.image_tiles = p.count[0] * p.count[1];
  p.row_parts = ceil_div(p.count[0], std::max<int64_t>(kTilesPerPart / std::max<int64_t>(p.count[1], 1), 1));
  p.rows_per_part = ceil_div(p.count[0], std::max<int64_t>(p.row_parts, 1));
  p.row_parts = ceil_div(p.count[0], std::max<int64_t>(p.rows_per_part, 1));
  p.images_per_part =
      p.row_parts > 1 ? 1 : std::clamp<int64_t>(kTilesPerPart / std::max<int64_t>(p.image_tiles, 1), 1, g.n);
  p.parts = ceil_div(g.n, p.images_per_part) * p.row_parts;
  return p;
}

bool phase_tiles_pay(const ConvGeometry& g, int64_t lanes) {
  using Dims3 = std::array<int64_t, 3>;
  if (!winograd_enabled() || g.groups != 1 || g.kernel != Dims3{1, 4, 4} || g.stride != Dims3{1, 2, 2} ||
      g.dilation[1] != 1 || g.dilation[2] != 1 || g.in[0] != 1 || g.out[0] != 1 || g.padding[0] != 0 ||
      g.n * g.in[1] * g.in[2] * g.c == 0 || g.k < 32 || g.c < 16 || 256 * g.c * g.k > kMostWeightBytes)
    return false;
  // Cycles: two multiply-adds each; transforming the 4x4 taps of a vector of filters, and reading the 64 again, 450; a
  // tile's source, 45 for a vector, and its results, 160 for one of each of the four phases.
  const PhaseTiles p = plan_phase_tiles(g);
  const auto vectors = [&](int64_t count) { return static_cast<double>(ceil_div(count, lanes)); };
  const double k = static_cast<double>(g.k), tiles = static_cast<double>(g.n * p.image_tiles),
               positions = static_cast<double>(g.n * ((g.in[1] + 1) / 2) * ((g.in[2] + 1) / 2));
  const double direct = positions * k * vectors(g.c) * 8, tiled = tiles * k * vectors(g.c) * 32 +
                                                                  450 * k * vectors(g.c) +
                                                                  tiles * (45 * vectors(g.k) + 160 * vectors(g.c));
  return tiled < direct;
}

}  // namespace korrel::kernels
