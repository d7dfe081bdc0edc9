#include <korrel/framework/kernels/padded_planes.h>

#include <algorithm>

namespace korrel::kernels {
namespace {

// A chunk's copy should stay in L2 (1 to 2 MiB) beside what is made of it.
constexpr int64_t kChunkBytes = 192 << 10;

int64_t round_up(int64_t a, int64_t b) { return (a + b - 1) / b * b; }

}  // namespace

int64_t padded_planes_bytes(const Gather& gather, int64_t channels) {
  return gather.tap_count *
         (channels * 3 * static_cast<int64_t>(sizeof(int32_t)) + static_cast<int64_t>(sizeof(TapLine)));
}

PaddedPlanes plan_padded_planes(const Gather& gather, const Source& source, int64_t channels, int64_t lanes,
                                int64_t element_bytes, void* memory) {
  PaddedPlanes p{};
  p.axis = gather.grid[0] > 1 ? 0 : 1;
  p.rows = gather.grid[p.axis];
  Dims3 high{};
  for (int i = 0; i < 3; ++i) {
    p.low[i] = high[i] = gather.tap_count > 0 ? gather.taps[0].offset[i] : 0;
    for (int64_t t = 1; t < gather.tap_count; ++t) {
      p.low[i] = std::min(p.low[i], gather.taps[t].offset[i]);
      high[i] = std::max(high[i], gather.taps[t].offset[i]);
    }
    p.size[i] = gather.grid[i] + high[i] - p.low[i];
  }
  p.size[2] = round_up(std::max(gather.grid[2], lanes) + high[2] - p.low[2], lanes);
  p.units = (gather.grid[2] + lanes - 1) / lanes;
  p.unit_lanes = std::min(gather.grid[2], lanes);

  const int64_t row_bytes =
      channels * source.phases * p.size[p.axis == 0 ? 1 : 0] * p.size[2] * element_bytes;  // along the axis
  const int64_t margin = high[p.axis] - p.low[p.axis];
  const int64_t fitting = std::max(kChunkBytes / std::max<int64_t>(row_bytes, 1) - margin, 2 * margin + 4);
  p.chunks = std::max<int64_t>((p.rows + fitting - 1) / fitting, 1);
  p.rows_per_chunk = (p.rows + p.chunks - 1) / p.chunks;
  p.size[p.axis] = p.rows_per_chunk + margin;
  const int64_t plane = volume(p.size);
  p.channel_stride = source.phases * plane;

  p.line = static_cast<TapLine*>(memory);
  p.distance = reinterpret_cast<int32_t*>(p.line + gather.tap_count);
  p.tap = p.distance + gather.tap_count * channels;
  p.channel = p.tap + gather.tap_count * channels;
  const int64_t source_plane = std::max<int64_t>(volume(gather.plane), 1);
  bool same_depth = true, ascending = true, descending = true;
  for (int64_t begin = 0; begin < gather.tap_count;) {
    const Dims3& offset = gather.taps[begin].offset;
    int64_t end = begin;
    while (end < gather.tap_count && gather.taps[end].offset[0] == offset[0] && gather.taps[end].offset[1] == offset[1])
      ++end;
    const auto line_begin = static_cast<int32_t>(p.depth);
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t t = begin; t < end; ++t, ++p.depth) {
        const Tap& tap = gather.taps[t];
        p.distance[p.depth] = static_cast<int32_t>(
            c * p.channel_stride + tap.plane / source_plane * plane +
            ((tap.offset[0] - p.low[0]) * p.size[1] + tap.offset[1] - p.low[1]) * p.size[2] + tap.offset[2] - p.low[2]);
        p.tap[p.depth] = static_cast<int32_t>(t);
        p.channel[p.depth] = static_cast<int32_t>(c);
      }
    }
    if (p.lines > 0) {
      ascending = ascending && p.line[p.lines - 1].offset <= offset[1];
      descending = descending && p.line[p.lines - 1].offset >= offset[1];
    }
    same_depth = same_depth && offset[0] == gather.taps[0].offset[0];
    p.line[p.lines++] = {offset[1], line_begin, static_cast<int32_t>(p.depth)};
    begin = end;
  }
  p.skips = same_depth && (ascending || descending);
  return p;
}

}  // namespace korrel::kernels
