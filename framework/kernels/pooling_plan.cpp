#include <korrel/framework/kernels/pooling_plan.h>

#include <algorithm>

namespace korrel::kernels {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

}  // namespace

PoolPlan::PoolPlan(const PoolGeometry& geometry, Direction direction) : g(geometry) {
  const bool forward = direction == Direction::forward;
  here = forward ? g.out : g.in;
  there = forward ? g.in : g.out;
  step = forward ? g.stride[2] : 1;
  elements_there = g.planes * there[0] * there[1] * there[2];

  for (int axis = 0; axis < 2; ++axis) {
    const int64_t stride = g.stride[axis], dilation = g.dilation[axis], padding = g.padding[axis];
    first_[axis].push_back(0);
    for (int64_t i = 0; i < here[axis]; ++i) {
      for (int64_t tap = 0; tap < g.kernel[axis]; ++tap) {
        const int64_t scaled = forward ? i * stride + tap * dilation - padding : i + padding - tap * dilation;
        if (scaled < 0 || (!forward && scaled % stride != 0)) continue;
        const int64_t other = forward ? scaled : scaled / stride;
        if (other < there[axis]) meetings_[axis].push_back({tap, other});
      }
      first_[axis].push_back(static_cast<int64_t>(meetings_[axis].size()));
    }
  }

  const int64_t stride = g.stride[2];
  for (int64_t phase = 0; phase < (forward ? 1 : stride); ++phase) {
    for (int64_t tap = 0; tap < g.kernel[2]; ++tap) {
      const int64_t at = tap * g.dilation[2];
      if (!forward && (phase + g.padding[2] - at) % stride != 0) continue;
      const int64_t shift = forward ? at - g.padding[2] : (phase + g.padding[2] - at) / stride;
      columns_.push_back({tap, shift, ceil_div(-shift, step), ceil_div(there[2] - shift, step)});
      most_before = std::max(most_before, -shift);
      most_behind = std::max(most_behind, shift);
    }
    first_column_.push_back(static_cast<int64_t>(columns_.size()));
  }
  inside_end_ = here[2];
  for (const Column* column = columns(0).begin; column != columns(0).end; ++column) {
    inside_begin_ = std::max(inside_begin_, column->begin);
    inside_end_ = std::min(inside_end_, column->end);
  }
}

}  // namespace korrel::kernels
