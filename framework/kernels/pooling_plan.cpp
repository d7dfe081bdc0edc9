#include <korrel/framework/kernels/pooling_plan.h>

#include <algorithm>

namespace korrel::kernels {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

PoolPlan::PoolPlan(const PoolGeometry& geometry, Direction direction) : g(geometry) {
  const bool forward = direction == Direction::forward;
  here = forward ? g.out : g.in;
  there = forward ? g.in : g.out;

  first_depth_.reserve(static_cast<std::size_t>(here[0] + 1));
  for (int64_t i = 0; i < here[0]; ++i) {
    const int64_t stride = g.stride[0], padding = g.padding[0];
    for (int64_t tap = 0; tap < g.kernel[0]; ++tap) {
      const int64_t at = tap * g.dilation[0], scaled = forward ? i * stride + at - padding : i + padding - at;
      if (scaled < 0 || (!forward && scaled % stride != 0)) continue;
      const int64_t other = forward ? scaled : scaled / stride;
      if (other < there[0]) depths_.push_back({tap, other});
    }
    first_depth_.push_back(static_cast<int64_t>(depths_.size()));
  }

  for (int axis = 0; axis < 3; ++axis) {
    const int64_t stride = g.stride[axis], padding = g.padding[axis];
    phases[axis] = forward || axis == 0 ? 1 : stride;
    step[axis] = forward ? stride : 1;
    positions[axis] = ceil_div(here[axis], phases[axis]);
    if (axis == 0) continue;
    first_shift_[axis].push_back(0);
    for (int64_t phase = 0; phase < phases[axis]; ++phase) {
      for (int64_t tap = 0; tap < g.kernel[axis]; ++tap) {
        const int64_t at = tap * g.dilation[axis];
        if (!forward && (phase + padding - at) % stride != 0) continue;
        const int64_t shift = forward ? at - padding : (phase + padding - at) / stride;
        shifts_[axis].push_back({tap, shift});
      }
      first_shift_[axis].push_back(static_cast<int64_t>(shifts_[axis].size()));
    }
  }
}

int64_t PoolPlan::first_tap(int axis, int64_t p) const {
  return ceil_div(std::max<int64_t>(g.padding[axis] - p * g.stride[axis], 0), g.dilation[axis]);
}

PoolBand::PoolBand(const PoolPlan& plan_of, Content content, int64_t lanes, int64_t element_bytes)
    : plan(plan_of), content_(content) {
  // How far the taps reach: all shifts before, all behind.
  int64_t before[3] = {}, behind[3] = {};
  for (int axis = 1; axis < 3; ++axis)
    for (int64_t phase = 0; phase < plan.phases[axis]; ++phase)
      for (const PoolPlan::Shift* s = plan.shifts(axis, phase).begin; s != plan.shifts(axis, phase).end; ++s) {
        before[axis] = std::max(before[axis], -s->shift);
        behind[axis] = std::max(behind[axis], s->shift);
      }
  const int64_t parts = plan.step[2], whole = std::max(plan.positions[2], ceil_div(plan.there[2], parts));
  column_before = ceil_div(before[2], parts);
  part_pitch = column_before + ceil_div(whole, lanes) * lanes + behind[2] / parts;
  pitch = parts * part_pitch;
  if (content == Content::rows) {
    row_step_ = plan.step[1];
    row_before_ = before[1];
    margin_ = before[1] + behind[1];
  } else {
    row_step_ = plan.phases[1];
    margin_ = plan.phases[1] - 1;
  }
  const int64_t depths = content == Content::rows ? plan.g.kernel[0] : 1;
  const int64_t fitting = 16384 / (pitch * element_bytes * depths);
  // At least 4 rows, for the rows that bands share are copied for each.
  most_rows_ = std::min(std::max<int64_t>((fitting - margin_ - 1) / row_step_ + 1, 4), plan.positions[1]);
  depth_pitch = ((most_rows_ - 1) * row_step_ + margin_ + 1) * pitch;
}

int64_t PoolBand::move_to(int64_t row, int64_t last) {
  const int64_t rows = plan.positions[1];
  plane = row / (plan.here[0] * rows);
  depth = row / rows % plan.here[0];
  begin = row % rows;
  end = std::min({rows, begin + most_rows_, begin + last - row});
  if (depth != listed_depth_) list_taps();
  return row + end - begin;
}

void PoolBand::list_taps() {
  listed_depth_ = depth;
  taps_.clear();
  first_tap_.clear();
  first_tap_.push_back(0);
  const PoolPlan::Meetings depths = plan.depths(depth);
  for (int64_t row_phase = 0; row_phase < plan.phases[1]; ++row_phase)
    for (int64_t column_phase = 0; column_phase < plan.phases[2]; ++column_phase) {
      const PoolPlan::Shifts rows = plan.shifts(1, row_phase), columns = plan.shifts(2, column_phase);
      const auto add_columns = [&](int64_t start, int64_t number) {
        for (const PoolPlan::Shift* column = columns.begin; column != columns.end; ++column) {
          const int64_t over = floor_div(column->shift, plan.step[2]), part = column->shift - over * plan.step[2];
          taps_.push_back({start + part * part_pitch + over, number + column->tap});
        }
      };
      if (content_ == Content::sums) add_columns(row_phase * pitch, 0);
      if (content_ == Content::rows)
        for (const PoolPlan::Meeting* met = depths.begin; met != depths.end; ++met)
          for (const PoolPlan::Shift* row = rows.begin; row != rows.end; ++row)
            add_columns((met - depths.begin) * depth_pitch + row->shift * pitch,
                        (met->tap * plan.g.kernel[1] + row->tap) * plan.g.kernel[2]);
      first_tap_.push_back(static_cast<int64_t>(taps_.size()));
    }
}

}  // namespace korrel::kernels
