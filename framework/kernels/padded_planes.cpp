#include <korrel/framework/kernels/padded_planes.h>

#include <algorithm>

namespace korrel::kernels {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Taps at the same distance along dimensions 0 and 1: the depths [begin, end) and the taps [first_tap, last_tap).
struct TapLine {
  Dims3 offset;
  int32_t begin, end;
  int64_t first_tap, last_tap;
};

// Orders the depth. Returns the number of lines.
int64_t order_depth(PaddedPlanes& p, const Gather& gather, int64_t channels, bool single_positions, TapLine* lines) {
  const int64_t source_plane = std::max<int64_t>(volume(gather.plane), 1), plane = volume(p.size);
  int64_t count = 0;
  const auto add = [&](int64_t c, int64_t t) {
    const Tap& tap = gather.taps[t];
    p.distance[p.depth] = static_cast<int32_t>(
        c * p.channel_stride + tap.plane / source_plane * plane +
        ((tap.offset[0] - p.low[0]) * p.size[1] + tap.offset[1] - p.low[1]) * p.size[2] + tap.offset[2] - p.low[2]);
    p.tap[p.depth] = static_cast<int32_t>(t);
    p.channel[p.depth] = static_cast<int32_t>(c);
    ++p.depth;
  };
  for (int64_t begin = 0, end = 0; begin < gather.tap_count; begin = end) {
    const Dims3& offset = gather.taps[begin].offset;
    while (end < gather.tap_count && gather.taps[end].offset[0] == offset[0] && gather.taps[end].offset[1] == offset[1])
      ++end;
    const auto line_begin = static_cast<int32_t>(p.depth);
    if (single_positions) {
      for (int64_t t = begin; t < end; ++t)
        for (int64_t c = 0; c < channels; ++c) add(c, t);
    } else {
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t t = begin; t < end; ++t) add(c, t);
    }
    lines[count++] = {offset, line_begin, static_cast<int32_t>(p.depth), begin, end};
  }
  return count;
}

// Whether all lines have the same taps, one after the other in one plane.
bool same_taps(const Gather& gather, const TapLine* lines, int64_t line_count) {
  for (int64_t i = 0; i < line_count; ++i) {
    if (lines[i].last_tap - lines[i].first_tap != lines[0].last_tap) return false;
    for (int64_t t = 0; t < lines[0].last_tap; ++t) {
      const Tap &tap = gather.taps[lines[i].first_tap + t], &first = gather.taps[t];
      if (tap.plane != first.plane || tap.offset[2] != first.offset[2]) return false;
    }
  }
  return true;
}

// Lists units in the order of calls of add().
class UnitList {
 public:
  UnitList(const PaddedPlanes& p, const Gather& gather, const TapLine* lines, int64_t line_count, int64_t lanes)
      : p_(p), gather_(gather), lines_(lines), line_count_(line_count), lanes_(lanes), unit_(p.unit) {}

  void add(int64_t at0, int64_t at1, int64_t column) {
    const auto reaches = [&](const TapLine& line) {
      const int64_t i0 = at0 + line.offset[0], i1 = at1 + line.offset[1];
      return i0 >= 0 && i0 < gather_.plane[0] && i1 >= 0 && i1 < gather_.plane[1];
    };
    int64_t first = 0, last = line_count_;
    while (first < last && !reaches(lines_[first])) ++first;
    while (first < last && !reaches(lines_[last - 1])) --last;
    const int64_t start = std::max<int64_t>(std::min(column, gather_.grid[2] - lanes_), 0);
    Unit unit{static_cast<int32_t>((at0 * p_.size[1] + at1) * p_.size[2] + start),
              static_cast<int32_t>((at0 * gather_.grid[1] + at1) * gather_.grid[2] + start),
              first < last ? lines_[first].begin : INT32_MAX,
              first < last ? lines_[last - 1].end : 0,
              0,
              0};
    if (lanes_ == 1 && p_.line_depth < p_.depth) skip_taps(unit, start);
    *unit_++ = unit;
  }

 private:
  void skip_taps(Unit& unit, int64_t column) const {
    const auto reaches = [&](int64_t t) {
      const int64_t i2 = column + gather_.taps[t].offset[2];
      return i2 >= 0 && i2 < gather_.plane[2];
    };
    const int64_t taps = lines_[0].last_tap, channels = p_.line_depth / taps;
    int64_t first = 0, last = taps;
    while (first < last && !reaches(first)) ++first;
    while (first < last && !reaches(last - 1)) --last;
    unit.skip_begin = static_cast<int32_t>(first * channels);
    unit.skip_end = static_cast<int32_t>((taps - last) * channels);
  }

  const PaddedPlanes& p_;
  const Gather& gather_;
  const TapLine* lines_;
  int64_t line_count_, lanes_;
  Unit* unit_;
};

// Squares of two rows and two columns, then what is left of the last column, then of the last row.
void list_squares(UnitList& units, int64_t at0, int64_t begin, int64_t end, int64_t width) {
  for (int64_t row = begin; row + 1 < end; row += 2) {
    for (int64_t column = 0; column + 1 < width; column += 2) {
      for (int64_t i = 0; i < 4; ++i) units.add(at0, row + i / 2, column + i % 2);
    }
  }
  const int64_t paired = width / 2 * 2;
  for (int64_t row = begin; paired < width && row < end; ++row) units.add(at0, row, paired);
  for (int64_t column = 0; (end - begin) % 2 == 1 && column < paired; ++column) units.add(at0, end - 1, column);
}

// Chunk by chunk.
void list_units(const PaddedPlanes& p, const Gather& gather, const TapLine* lines, int64_t line_count, int64_t lanes,
                bool squares) {
  UnitList units(p, gather, lines, line_count, lanes);
  for (int64_t chunk = 0; chunk < p.chunks; ++chunk) {
    const int64_t begin = chunk * p.rows_per_chunk, end = std::min(begin + p.rows_per_chunk, p.rows);
    const bool planes = p.axis == 0;
    for (int64_t at0 = planes ? begin : 0; at0 < (planes ? end : 1); ++at0) {
      const int64_t row_begin = planes ? 0 : begin, row_end = planes ? gather.grid[1] : end;
      if (squares) {
        list_squares(units, at0, row_begin, row_end, gather.grid[2]);
        continue;
      }
      for (int64_t row = row_begin; row < row_end; ++row) {
        for (int64_t column = 0; column < gather.grid[2]; column += lanes) units.add(at0, row, column);
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
                                int64_t element_bytes, int64_t more_row_bytes, int64_t chunk_bytes, bool squares,
                                void* memory) {
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
  const int64_t line_count = order_depth(p, gather, channels, squares, lines);
  p.line_depth = squares && same_taps(gather, lines, line_count) ? p.depth / std::max<int64_t>(line_count, 1) : p.depth;
  list_units(p, gather, lines, line_count, lanes, squares);
  return p;
}

}  // namespace korrel::kernels
