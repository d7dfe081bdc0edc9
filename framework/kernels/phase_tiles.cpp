#include <korrel/framework/kernels/phase_tiles.h>

#include <algorithm>

#include <korrel/framework/kernels/winograd.h>

namespace korrel::kernels {
namespace {

// Tiles of a part: enough to read the weights for, few enough for the 16 matrices of the source to stay in L2.
constexpr int64_t kFewestTiles = 36, kMostTiles = 80, kSourceBytes = 640 << 10;
// Transformed weights, which all parts read. Output passes of more were not faster (128 channels to 256, 8x8).
constexpr int64_t kMostOutputBytes = 4 << 20, kMostGradientBytes = 32 << 20;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

void cut_parts(PhaseTiles& p, int64_t images) {
  const int64_t fitting = kSourceBytes / (64 * p.source.all_phases() * std::max<int64_t>(p.source.channels, 1));
  const int64_t most = std::clamp(fitting, kFewestTiles, kMostTiles);
  p.image_tiles = p.count[0] * p.count[1];
  p.row_parts = ceil_div(p.count[0], std::max<int64_t>(most / std::max<int64_t>(p.count[1], 1), 1));
  p.rows_per_part = ceil_div(p.count[0], std::max<int64_t>(p.row_parts, 1));
  p.row_parts = ceil_div(p.count[0], std::max<int64_t>(p.rows_per_part, 1));
  p.images_per_part = p.row_parts > 1 ? 1 : std::clamp<int64_t>(most / std::max<int64_t>(p.image_tiles, 1), 1, images);
  p.parts = ceil_div(images, p.images_per_part) * p.row_parts;
}

}  // namespace

PhaseTiles plan_phase_tiles(const ConvGeometry& g, TilePass pass) {
  PhaseTiles p{};
  TileSide x{g.c, {g.in[1], g.in[2]}, {}, 6, 2, 2, {}}, y{g.k, {g.out[1], g.out[2]}, {}, 3, 1, 1, {}};
  for (int i = 0; i < 2; ++i) {
    const int64_t padding = g.padding[i + 1];
    if (pass ==
        TilePass::kOutput) {  // y's 3 j reads x's 6 j - padding and on: a phase for taps 0 and 2, one for 1 and 3
      x.first[i] = -padding;
      x.start[i][1] = 1;
      p.tap[i][1] = 1;
      p.count[i] = ceil_div(g.out[i + 1], 3);
    } else {  // phase f of x, 2 q + f, reads y's q + (f + padding) / 2 with the higher of its taps, and the one before
      const int64_t ahead = padding % 2, size = g.in[i + 1];
      y.first[i] = padding / 2 - 1;
      x.first[i] = -ahead;
      for (int64_t f = 0; f < 2; ++f) {
        x.start[i][f] = f == 0 ? ahead : 1 - ahead;
        p.tap[i][f] = (f + padding) % 2 + 2;
      }
      p.count[i] = std::max(ceil_div(ceil_div(size, 2), 3), ceil_div(size / 2 + ahead, 3));
    }
  }
  p.source = pass == TilePass::kOutput ? x : y;
  p.result = pass == TilePass::kOutput ? y : x;
  p.source_step = pass == TilePass::kOutput ? 16 : 16 * g.c;
  p.result_step = pass == TilePass::kOutput ? 16 * g.c : 16;
  cut_parts(p, g.n);
  return p;
}

bool phase_tiles_pay(const ConvGeometry& g, TilePass pass, int64_t lanes) {
  using Dims3 = std::array<int64_t, 3>;
  if (!winograd_enabled() || g.groups != 1 || g.kernel != Dims3{1, 4, 4} || g.stride != Dims3{1, 2, 2} ||
      g.dilation[1] != 1 || g.dilation[2] != 1 || g.in[0] != 1 || g.out[0] != 1 || g.padding[0] != 0 ||
      g.n * g.in[1] * g.in[2] * g.out[1] * g.out[2] == 0 || g.k < 32 || g.c < 16 ||
      256 * g.c * g.k > (pass == TilePass::kOutput ? kMostOutputBytes : kMostGradientBytes))
    return false;
  // Cycles, by two multiply-adds each. Transforming the 4x4 taps of a vector of filters, and reading the 64 vectors
  // again, takes 450; transforming a vector of a tile 45.
  const PhaseTiles p = plan_phase_tiles(g, pass);
  const auto vectors = [&](int64_t count) { return static_cast<double>(ceil_div(count, lanes)); };
  const double positions = pass == TilePass::kOutput
                               ? static_cast<double>(g.n * g.out[1] * g.out[2])
                               : static_cast<double>(g.n * ((g.in[1] + 1) / 2) * ((g.in[2] + 1) / 2)),
               tiles = static_cast<double>(g.n * p.image_tiles),
               filters = static_cast<double>(p.source.channels) * vectors(p.result.channels);
  const double transforms = static_cast<double>(p.source.all_phases()) * vectors(p.source.channels) +
                            static_cast<double>(p.result.all_phases()) * vectors(p.result.channels);
  const double direct = (pass == TilePass::kOutput ? 7.2 : 8) * positions * filters;  // output: measured
  return tiles * (32 * filters + 45 * transforms) + 450 * filters < direct;
}

}  // namespace korrel::kernels
