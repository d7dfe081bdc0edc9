#include <korrel/framework/kernels/padded_planes.h>

#include <algorithm>

namespace korrel::kernels {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Taps at the same distance along dimensions 0 and 1: the depths [begin, end).
struct TapLine {
  Dims3 offset;
  int32_t begin, end;
};

// Orders the depth. Returns the number of lines.
int64_t order_depth(PaddedPlanes& p, const Gather& gather, int64_t channels, TapLine* lines) {
  const int64_t source_plane = std::max<int64_t>(volume(gather.plane), 1), plane = volume(p.size);
  int64_t count = 0;
  for (int64_t begin = 0, end = 0; begin < gather.tap_count; begin = end) {
    const Dims3& offset = gather.taps[begin].offset;
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
    lines[count++] = {offset, line_begin, static_cast<int32_t>(p.depth)};
  }
  return count;
}

void list_units(PaddedPlanes& p, const Gather& gather, const TapLine* lines, int64_t line_count, int64_t lanes) {
  Unit* unit = p.unit;
  for (int64_t at0 = 0; at0 < gather.grid[0]; ++at0) {
    for (int64_t at1 = 0; at1 < gather.grid[1]; ++at1) {
      const auto reaches = [&](const TapLine& line) {
        const int64_t i0 = at0 + line.offset[0], i1 = at1 + line.offset[1];
        return i0 >= 0 && i0 < gather.plane[0] && i1 >= 0 && i1 < gather.plane[1];
      };
      int64_t first = 0, last = line_count;
      while (first < last && !reaches(lines[first])) ++first;
      while (first < last && !reaches(lines[last - 1])) --last;
      const int32_t begin = first < last ? lines[first].begin : INT32_MAX, end = first < last ? lines[last - 1].end : 0;
      for (int64_t column = 0; column < gather.grid[2]; column += lanes) {
        const int64_t start = std::max<int64_t>(std::min(column, gather.grid[2] - lanes), 0);
        *unit++ = {static_cast<int32_t>((at0 * p.size[1] + at1) * p.size[2] + start),
                   static_cast<int32_t>((at0 * gather.grid[1] + at1) * gather.grid[2] + start), begin, end};
      }
    }
  }
}

int64_t unit_count(const Gather& gather, int64_t lanes) {
  return gather.grid[0] * gather.grid[1] * ceil_div(gather.grid[2], lanes);
}

}  // namespace

int64_t padded_planes_bytes(const Gather& gather, int64_t channels, int64_t lanes) {
  return unit_count(gather, lanes) * static_cast<int64_t>(sizeof(Unit)) +
         gather.tap_count *
             (static_cast<int64_t>(sizeof(TapLine)) + channels * 3 * static_cast<int64_t>(sizeof(int32_t)));
}

PaddedPlanes plan_padded_planes(const Gather& gather, const Source& source, int64_t channels, int64_t lanes,
                                int64_t element_bytes, int64_t more_row_bytes, int64_t chunk_bytes, void* memory) {
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
  p.size[2] = ceil_div(std::max(gather.grid[2], lanes) + high[2] - p.low[2], lanes) * lanes;
  p.unit_lanes = std::min(gather.grid[2], lanes);
  p.units_per_row = (p.axis == 0 ? gather.grid[1] : 1) * ceil_div(gather.grid[2], lanes);
  p.row_stride = p.axis == 0 ? p.size[1] * p.size[2] : p.size[2];

  const int64_t row_bytes = channels * source.phases * p.size[1 - p.axis] * p.size[2] * element_bytes + more_row_bytes;
  const int64_t margin = high[p.axis] - p.low[p.axis];
  const int64_t fitting = std::max(chunk_bytes / std::max<int64_t>(row_bytes, 1) - margin, 2 * margin + 4);
  p.chunks = std::max<int64_t>(ceil_div(p.rows, fitting), 1);
  p.rows_per_chunk = ceil_div(p.rows, p.chunks);
  p.chunks = std::max<int64_t>(ceil_div(p.rows, std::max<int64_t>(p.rows_per_chunk, 1)), 1);
  p.size[p.axis] = p.rows_per_chunk + margin;
  p.channel_stride = source.phases * volume(p.size);

  p.unit = static_cast<Unit*>(memory);
  auto* lines = reinterpret_cast<TapLine*>(p.unit + unit_count(gather, lanes));
  p.distance = reinterpret_cast<int32_t*>(lines + gather.tap_count);
  p.tap = p.distance + gather.tap_count * channels;
  p.channel = p.tap + gather.tap_count * channels;
  const int64_t line_count = order_depth(p, gather, channels, lines);
  list_units(p, gather, lines, line_count, lanes);
  return p;
}

}  // namespace korrel::kernels
