#include <korrel/framework/kernels/padded_images.h>

#include <algorithm>
#include <cstdint>

namespace korrel::kernels {
namespace {

// So many positions share a block of weights in L1 (or so many steps a tile of weight gradients).
constexpr int64_t kChunkPositions = 256;
// What a block of the depth reads of a chunk's copy stays in L2 (1 to 2 MiB), also if the whole of it does not. Several
// images share each block of weights: for 256 to 512 channels on 14x14 at stride 2 the output takes a fifth less.
constexpr int64_t kChunkBytes = 1 << 20;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Of few parts, an odd number would leave one of two threads waiting: one more cut, if all keep enough positions to
// read the weights for.
int64_t even_parts(int64_t parts, int64_t cuts, int64_t positions) {
  constexpr int64_t kFewest = 48;
  return parts % 2 == 1 && parts < 8 && positions >= kFewest * (cuts + 1) ? cuts + 1 : cuts;
}

int32_t* end_list(const int32_t* begin, int32_t* to) {
  const int32_t first = to > begin ? *begin : 0;
  for (int64_t i = 0; i < kSpareDistances; ++i) *to++ = first;
  return to;
}

}  // namespace

int64_t panel_vectors(int64_t results, int64_t lanes) {
  const int64_t vectors = ceil_div(results, lanes);
  int64_t best = 1;
  if (vectors > 1) {
    for (int64_t panel = 2; panel <= 4; ++panel) {
      if (best == 1 || ceil_div(vectors, panel) * panel <= ceil_div(vectors, best) * best) best = panel;
    }
  }
  return best;
}

PaddedImages plan_padded_images(const Gather& gather, const Dims3& step, int64_t images, int64_t channels,
                                int64_t element_bytes) {
  PaddedImages p{};
  p.axis = gather.grid[0] > 1 ? 0 : gather.grid[1] > 1 ? 1 : 2;
  p.rows = gather.grid[p.axis];
  p.row_positions = volume(gather.grid) / std::max<int64_t>(p.rows, 1);
  p.channels = channels;
  p.depth = channels * gather.tap_count;
  Dims3 span{};  // of the taps
  for (int i = 0; i < 3; ++i) {
    int64_t high = p.low[i] = gather.tap_count > 0 ? gather.taps[0].offset[i] : 0;
    for (int64_t t = 1; t < gather.tap_count; ++t) {
      p.low[i] = std::min(p.low[i], gather.taps[t].offset[i]);
      high = std::max(high, gather.taps[t].offset[i]);
    }
    span[i] = high - p.low[i] + 1;
    p.size[i] = std::max<int64_t>(gather.grid[i] - 1, 0) * step[i] + span[i];
  }
  const int64_t row_bytes = channels * volume(p.size) / p.size[p.axis] * element_bytes;
  const int64_t fitting = (kChunkBytes / std::max<int64_t>(row_bytes, 1) - span[p.axis]) / step[p.axis] + 1;
  const int64_t wanted = ceil_div(kChunkPositions, std::max<int64_t>(p.row_positions, 1));
  const int64_t most = std::max<int64_t>(std::min(fitting, wanted), 1);
  p.chunks = std::max<int64_t>(ceil_div(p.rows, most), 1);
  const int64_t plane = p.rows * p.row_positions;
  if (images == 1 || 2 * plane > kChunkPositions) p.chunks = even_parts(images * p.chunks, p.chunks, plane);
  p.rows_per_chunk = ceil_div(p.rows, p.chunks);
  p.chunks = std::max<int64_t>(ceil_div(p.rows, std::max<int64_t>(p.rows_per_chunk, 1)), 1);
  p.size[p.axis] = std::max<int64_t>(p.rows_per_chunk - 1, 0) * step[p.axis] + span[p.axis];
  p.channel_stride = volume(p.size);
  p.image_stride = channels * p.channel_stride;
  p.images = 1;
  if (p.chunks == 1) {
    const int64_t by_positions = kChunkPositions / std::max<int64_t>(plane, 1),
                  by_bytes = kChunkBytes / std::max<int64_t>(p.image_stride * element_bytes, 1);
    const int64_t blocks = ceil_div(images, std::max<int64_t>(std::min({by_positions, by_bytes, images}), 1));
    const int64_t parts = std::max<int64_t>(even_parts(blocks, blocks, images * plane), 1);  // 0 images: 0 blocks
    p.images = std::max<int64_t>(ceil_div(images, parts), 1);
  }
  return p;
}

bool distances_fit(const PaddedImages& p) { return p.images * p.image_stride <= INT32_MAX; }

int64_t position_count(const PaddedImages& p, const Dims3& grid) {
  return p.images * volume(grid) / std::max<int64_t>(grid[p.axis], 1) * std::min(grid[p.axis], p.rows_per_chunk);
}

int32_t* list_positions(const PaddedImages& p, const Dims3& whole_grid, const Dims3& step, int32_t* to) {
  const int32_t* begin = to;
  Dims3 grid = whole_grid;
  grid[p.axis] = std::min(grid[p.axis], p.rows_per_chunk);
  for (int64_t image = 0; image < p.images; ++image) {
    for (int64_t i0 = 0; i0 < grid[0]; ++i0) {
      for (int64_t i1 = 0; i1 < grid[1]; ++i1) {
        const int64_t row = image * p.image_stride + (i0 * step[0] * p.size[1] + i1 * step[1]) * p.size[2];
        for (int64_t i2 = 0; i2 < grid[2]; ++i2) *to++ = static_cast<int32_t>(row + i2 * step[2]);
      }
    }
  }
  return end_list(begin, to);
}

int32_t* list_depth(const PaddedImages& p, const Gather& gather, int32_t* to) {
  const int32_t* begin = to;
  for (int64_t c = 0; c < p.channels; ++c) {
    for (int64_t t = 0; t < gather.tap_count; ++t) {
      const Dims3& offset = gather.taps[t].offset;
      *to++ = static_cast<int32_t>(c * p.channel_stride +
                                   ((offset[0] - p.low[0]) * p.size[1] + offset[1] - p.low[1]) * p.size[2] + offset[2] -
                                   p.low[2]);
    }
  }
  return end_list(begin, to);
}

int64_t distance_count(const PaddedImages& p) {
  return p.images * p.rows_per_chunk * p.row_positions + p.depth + 2 * kSpareDistances;
}

void list_distances(PaddedImages& p, const Gather& gather, const Dims3& step, int32_t* memory) {
  p.position = memory;
  memory = list_positions(p, gather.grid, step, memory);
  p.distance = memory;
  list_depth(p, gather, memory);
}

}  // namespace korrel::kernels
