#include <korrel/framework/kernels/pooling.h>

#include <cmath>
#include <limits>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/pooling_plan.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/pooling.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/pooling_2x2-inl.h>
#include <korrel/framework/kernels/pooling_3x3-inl.h>
#include <korrel/framework/kernels/pooling_gradient-inl.h>
#include <korrel/framework/kernels/pooling_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// Where a unit's outputs are in y, and how many of them.
struct Outputs {
  HWY_INLINE Outputs(const PoolBand& band, const Unit& unit, int64_t lanes)
      : at(((band.plane * band.plan.here[0] + band.depth) * band.plan.here[1] + unit.row) * band.plan.here[2] +
           unit.column),
        valid(band.plan.here[2] - unit.column < lanes ? band.plan.here[2] - unit.column : lanes) {}
  int64_t at, valid;
};

template <class T>
void max_rows(const PoolPlan& plan, int64_t begin, int64_t end, const T* x, T* y, PoolTap* taps, T floor) {
  const hn::ScalableTag<T> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  using Number = hn::TFromD<decltype(du)>;
  const int64_t lanes = lanes_of(d), last = end * plan.here[2];
  const T lowest = -std::numeric_limits<T>::infinity();
  const WorkingMemory<Number> firsts(plan.here[2] + lanes);  // the first tap of each column that exists
  for (int64_t i = 0; i < plan.here[2] + lanes; ++i) firsts.elements()[i] = static_cast<Number>(plan.first_tap(2, i));
  PoolBand band(plan, PoolBand::Content::rows, lanes, sizeof(T));
  BandRows<decltype(d)> met(band, x, lowest);
  for (int64_t row = begin; row < end;) {
    row = band.move_to(row, end);
    met.update();
    const int64_t first_depth = plan.depths(band.depth).begin->tap;
    for_units(band, lanes, [&](const Unit(&units)[kUnits], int count) HWY_ATTR {
      hn::Vec<decltype(d)> most[kUnits];
      hn::Vec<decltype(du)> tap[kUnits];
#pragma GCC unroll 4
      for (int u = 0; u < kUnits; ++u) {
        most[u] = hn::Set(d, lowest);
        // Where nothing is above -inf it is the first element that exists.
        const int64_t first = (first_depth * plan.g.kernel[1] + plan.first_tap(1, units[u].row)) * plan.g.kernel[2];
        tap[u] = hn::Add(hn::Set(du, static_cast<Number>(first)), hn::LoadU(du, firsts.elements() + units[u].column));
      }
      const PoolBand::Taps all = band.taps(0, 0);
      for (const PoolBand::Tap* t = all.begin; t != all.end; ++t) {
        const auto number = hn::Set(du, static_cast<Number>(t->number));
#pragma GCC unroll 4
        for (int u = 0; u < kUnits; ++u) {
          const auto value = hn::LoadU(d, met.elements() + t->distance + units[u].place);
          const auto larger = hn::Or(hn::Gt(value, most[u]), hn::IsNaN(value));
          most[u] = hn::IfThenElse(larger, value, most[u]);
          tap[u] = hn::IfThenElse(hn::RebindMask(du, larger), number, tap[u]);
        }
      }
#pragma GCC unroll 4
      for (int u = 0; u < kUnits; ++u) {
        if (u >= count) break;
        const Outputs to(band, units[u], lanes);
        store_maxima(d, most[u], tap[u], floor, y, taps, to.at, to.valid, last);
      }
    });
  }
}

template <class T>
void average_rows(const PoolPlan& plan, int64_t begin, int64_t end, const T* x, const Divisors<T>& divisors, T* y) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = lanes_of(d), last = end * plan.here[2];
  PoolBand band(plan, PoolBand::Content::sums, lanes, sizeof(T));
  BandSums<T> met(band, x);
  for (int64_t row = begin; row < end;) {
    row = band.move_to(row, end);
    met.update();
    for_units(band, lanes, [&](const Unit(&units)[kUnits], int count) HWY_ATTR {
      hn::Vec<decltype(d)> sum[kUnits];
#pragma GCC unroll 4
      for (int u = 0; u < kUnits; ++u) sum[u] = hn::Zero(d);
      const PoolBand::Taps all = band.taps(0, 0);
      for (const PoolBand::Tap* t = all.begin; t != all.end; ++t) {
#pragma GCC unroll 4
        for (int u = 0; u < kUnits; ++u)
          sum[u] = hn::Add(sum[u], hn::LoadU(d, met.elements() + t->distance + units[u].place));
      }
#pragma GCC unroll 4
      for (int u = 0; u < kUnits; ++u) {
        if (u >= count) break;
        const Outputs to(band, units[u], lanes);
        store_some(d, divisors.divide(d, sum[u], to.at, to.valid), y, to.at, to.valid, last);
      }
    });
  }
}

// body(plan, begin, end) for parts of the rows of positions; some 30 us are worth a thread.
template <class Body>
HWY_INLINE void for_rows(const PoolGeometry& g, PoolPlan::Direction direction, Body body) {
  const PoolPlan plan(g, direction);
  const int64_t row = g.out[2] * g.kernel[0] * g.kernel[1] * g.kernel[2];
  parallel_for(plan.rows(), 1 + 100000 / (row + 20),
               [&](int64_t begin, int64_t end) HWY_ATTR { body(plan, begin, end); });
}

template <class T>
void max_pool_of(const PoolGeometry& g, const T* x, T* y, PoolTap* taps, T floor) {
  if (is_halving(g)) {
    for_halves<T>(g, [&](const Halving& h, auto d, int64_t begin, int64_t end)
                         HWY_ATTR { max_2x2(d, h, begin, end, x, y, taps, floor); });
    return;
  }
  if constexpr (kHasOverlapping<T>)
    if (is_overlapping(g)) {
      const Overlapping o(g);
      for_parts<T>(o, o.planes * o.out_rows, [&](const Overlapping& part, auto d, int64_t begin, int64_t end) HWY_ATTR {
        max_3x3(d, part, begin, end, x, y, taps, floor);
      });
      return;
    }
  for_rows(g, PoolPlan::Direction::forward, [&](const PoolPlan& plan, int64_t begin, int64_t end) HWY_ATTR {
    max_rows(plan, begin, end, x, y, taps, floor);
  });
}

template <class T>
void avg_pool_of(const PoolGeometry& g, const T* x, const T* divisors, T divisor, T* y) {
  const Divisors<T> by(g, divisors, divisor);
  if (is_halving(g)) {
    for_halves<T>(g, [&](const Halving& h, auto d, int64_t begin, int64_t end)
                         HWY_ATTR { average_2x2(d, h, begin, end, x, by, y); });
    return;
  }
  if constexpr (kHasOverlapping<T>)
    if (is_overlapping(g)) {
      const Overlapping o(g);
      for_parts<T>(o, o.planes * o.out_rows, [&](const Overlapping& part, auto d, int64_t begin, int64_t end) HWY_ATTR {
        average_3x3(d, part, begin, end, x, by, y);
      });
      return;
    }
  for_rows(g, PoolPlan::Direction::forward, [&](const PoolPlan& plan, int64_t begin, int64_t end) HWY_ATTR {
    average_rows(plan, begin, end, x, by, y);
  });
}

template <class T>
void max_pool_gradient_of(const PoolGeometry& g, const T* gy, const PoolTap* taps, T* gx) {
  if (is_halving(g)) {
    for_halves<T>(g, [&](const Halving& h, auto d, int64_t begin, int64_t end)
                         HWY_ATTR { max_gradient_2x2(d, h, begin, end, gy, taps, gx); });
    return;
  }
  if constexpr (kHasOverlapping<T>)
    if (is_overlapping(g)) {
      const Overlapping o(g);
      for_parts<T>(o, o.planes * o.pairs(), [&](const Overlapping& part, auto d, int64_t begin, int64_t end) HWY_ATTR {
        max_gradient_3x3(d, part, begin, end, gy, taps, gx);
      });
      return;
    }
  for_rows(g, PoolPlan::Direction::backward, [&](const PoolPlan& plan, int64_t begin, int64_t end) HWY_ATTR {
    max_gradient_rows(plan, begin, end, gy, taps, gx);
  });
}

template <class T>
void avg_pool_gradient_of(const PoolGeometry& g, const T* gy, const T* divisors, T divisor, T* gx) {
  const Divisors<T> by(g, divisors, divisor);
  if (is_halving(g)) {
    for_halves<T>(g, [&](const Halving& h, auto d, int64_t begin, int64_t end)
                         HWY_ATTR { average_gradient_2x2(d, h, begin, end, gy, by, gx); });
    return;
  }
  if constexpr (kHasOverlapping<T>)
    if (is_overlapping(g)) {
      const Overlapping o(g);
      for_parts<T>(o, o.planes * o.pairs(), [&](const Overlapping& part, auto d, int64_t begin, int64_t end) HWY_ATTR {
        average_gradient_3x3(d, part, begin, end, gy, by, gx);
      });
      return;
    }
  for_rows(g, PoolPlan::Direction::backward, [&](const PoolPlan& plan, int64_t begin, int64_t end) HWY_ATTR {
    average_gradient_rows(plan, begin, end, gy, by, gx);
  });
}

void max_f32(const PoolGeometry& g, const float* x, float* y, PoolTap* taps, float floor) {
  max_pool_of(g, x, y, taps, floor);
}
void max_f64(const PoolGeometry& g, const double* x, double* y, PoolTap* taps, double floor) {
  max_pool_of(g, x, y, taps, floor);
}
void average_f32(const PoolGeometry& g, const float* x, const float* divisors, float divisor, float* y) {
  avg_pool_of(g, x, divisors, divisor, y);
}
void average_f64(const PoolGeometry& g, const double* x, const double* divisors, double divisor, double* y) {
  avg_pool_of(g, x, divisors, divisor, y);
}
void max_gradient_f32(const PoolGeometry& g, const float* gy, const PoolTap* taps, float* gx) {
  max_pool_gradient_of(g, gy, taps, gx);
}
void max_gradient_f64(const PoolGeometry& g, const double* gy, const PoolTap* taps, double* gx) {
  max_pool_gradient_of(g, gy, taps, gx);
}
void average_gradient_f32(const PoolGeometry& g, const float* gy, const float* divisors, float divisor, float* gx) {
  avg_pool_gradient_of(g, gy, divisors, divisor, gx);
}
void average_gradient_f64(const PoolGeometry& g, const double* gy, const double* divisors, double divisor, double* gx) {
  avg_pool_gradient_of(g, gy, divisors, divisor, gx);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(max_f32);
HWY_EXPORT(max_f64);
HWY_EXPORT(average_f32);
HWY_EXPORT(average_f64);
HWY_EXPORT(max_gradient_f32);
HWY_EXPORT(max_gradient_f64);
HWY_EXPORT(average_gradient_f32);
HWY_EXPORT(average_gradient_f64);

}  // namespace

template <>
void max_pool(const PoolGeometry& geometry, const float* x, float* y, PoolTap* taps, float floor) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(max_f32)(geometry, x, y, taps, floor);
}
template <>
void max_pool(const PoolGeometry& geometry, const double* x, double* y, PoolTap* taps, double floor) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(max_f64)(geometry, x, y, taps, floor);
}
template <>
void max_pool_gradient(const PoolGeometry& geometry, const float* gy, const PoolTap* taps, float* gx) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(max_gradient_f32)(geometry, gy, taps, gx);
}
template <>
void max_pool_gradient(const PoolGeometry& geometry, const double* gy, const PoolTap* taps, double* gx) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(max_gradient_f64)(geometry, gy, taps, gx);
}
template <>
void avg_pool(const PoolGeometry& geometry, const float* x, const float* divisors, float divisor, float* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(average_f32)(geometry, x, divisors, divisor, y);
}
template <>
void avg_pool(const PoolGeometry& geometry, const double* x, const double* divisors, double divisor, double* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(average_f64)(geometry, x, divisors, divisor, y);
}
template <>
void avg_pool_gradient(const PoolGeometry& geometry, const float* gy, const float* divisors, float divisor, float* gx) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(average_gradient_f32)(geometry, gy, divisors, divisor, gx);
}
template <>
void avg_pool_gradient(const PoolGeometry& geometry, const double* gy, const double* divisors, double divisor,
                       double* gx) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(average_gradient_f64)(geometry, gy, divisors, divisor, gx);
}

// One load for each window, from no two neighbours alike: nothing for vectors.
template <class T>
void pick_taps(const PoolGeometry& g, const T* x, const PoolTap* taps, T* y) {
  int64_t distances[kMaxTaps], tap = 0;  // from a window's first element
  for (int64_t d = 0; d < g.kernel[0]; ++d)
    for (int64_t h = 0; h < g.kernel[1]; ++h)
      for (int64_t w = 0; w < g.kernel[2]; ++w)
        distances[tap++] = (d * g.dilation[0] * g.in[1] + h * g.dilation[1]) * g.in[2] + w * g.dilation[2];
  parallel_for(g.planes * g.out[0] * g.out[1], 1 + 20000 / g.out[2], [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t plane = row / (g.out[0] * g.out[1]), depth = row / g.out[1] % g.out[0];
      const int64_t first_depth = plane * g.in[0] + depth * g.stride[0] - g.padding[0];
      const int64_t first_row = first_depth * g.in[1] + row % g.out[1] * g.stride[1] - g.padding[1];
      const int64_t first = first_row * g.in[2] - g.padding[2];
      for (int64_t i = 0; i < g.out[2]; ++i) {
        const PoolTap place = taps[row * g.out[2] + i];
        y[row * g.out[2] + i] = place == kNoTap ? T(0) : x[first + i * g.stride[2] + distances[place]];
      }
    }
  });
}
template void pick_taps(const PoolGeometry&, const float*, const PoolTap*, float*);
template void pick_taps(const PoolGeometry&, const double*, const PoolTap*, double*);

}  // namespace korrel::kernels
#endif  // HWY_ONCE
