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
#include <korrel/framework/kernels/pooling_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// Calls body(d, rows, at, i, valid) for each vector of the rows [begin, end) of y: outputs at, at + 1, ... `valid` of
// them, which are columns i, i + 1, ... of a row whose windows cover `rows`; `beyond` stands outside of x.
template <class T, class Body>
HWY_INLINE void for_windows(const PoolPlan& plan, int64_t begin, int64_t end, const T* x, T beyond, Body body) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = lanes_of(d), size = plan.here[2];
  MetRows<T> rows(plan, x, (size + lanes - 1) / lanes * lanes * plan.step, !plan.inside(0, size), beyond);
  Position at(begin, plan.here);
  for (int64_t row = begin; row < end; ++row, at.next(plan.here)) {
    rows.move_to(at);
    for (int64_t i = 0; i < size; i += lanes) body(d, rows, row * size + i, i, size - i < lanes ? size - i : lanes);
  }
}

template <int kStride, class T>
void max_rows(const PoolPlan& plan, int64_t begin, int64_t end, const T* x, T* y, PoolTap* taps) {
  using Number = hn::TFromD<hn::RebindToUnsigned<hn::ScalableTag<T>>>;
  const PoolPlan::Columns columns = plan.columns(0);
  const int64_t last = end * plan.here[2], most_columns = plan.here[2] + lanes_of(hn::ScalableTag<T>());
  const WorkingMemory<Number> firsts(most_columns);  // the first tap of each column that exists
  for (int64_t i = 0; i < most_columns; ++i) {
    const PoolPlan::Column* first = columns.begin;
    while (first + 1 != columns.end && i < first->begin) ++first;
    firsts.elements()[i] = static_cast<Number>(first->tap);
  }
  const T lowest = -std::numeric_limits<T>::infinity();
  for_windows(plan, begin, end, x, lowest,
              [&](auto d, const MetRows<T>& rows, int64_t at, int64_t i, int64_t valid) HWY_ATTR {
                const hn::RebindToUnsigned<decltype(d)> du;
                auto most = hn::Set(d, lowest);
                // Where nothing is above -inf it is the first element that exists.
                auto tap = hn::Add(hn::Set(du, static_cast<Number>(rows.tap(0))), hn::Load(du, firsts.elements() + i));
                for (int64_t r = 0; r < rows.count(); ++r)
                  for (const PoolPlan::Column* column = columns.begin; column != columns.end; ++column) {
                    const auto value = load_every<kStride>(d, rows.row(r) + i * plan.step + column->shift, plan.step);
                    const auto larger = hn::Or(hn::Gt(value, most), hn::IsNaN(value));
                    most = hn::IfThenElse(larger, value, most);
                    tap = hn::IfThenElse(hn::RebindMask(du, larger),
                                         hn::Set(du, static_cast<Number>(rows.tap(r) + column->tap)), tap);
                  }
                store_some(d, most, y, at, valid, last);
                if (taps != nullptr) store_taps(d, tap, taps, at, valid, last);
              });
}

template <int kStride, class T>
void pick_rows(const PoolPlan& plan, int64_t begin, int64_t end, const T* x, const PoolTap* taps, T* y) {
  const PoolPlan::Columns columns = plan.columns(0);
  const int64_t last = end * plan.here[2];
  for_windows(plan, begin, end, x, T(0),
              [&](auto d, const MetRows<T>& rows, int64_t at, int64_t i, int64_t valid) HWY_ATTR {
                const hn::RebindToUnsigned<decltype(d)> du;
                HWY_ALIGN PoolTap lane_taps[hn::MaxLanes(d)] = {};
                for (int64_t lane = 0; lane < valid; ++lane) lane_taps[lane] = taps[at + lane];
                const auto tap = load_taps(d, lane_taps);
                auto picked = hn::Zero(d);
                for (int64_t r = 0; r < rows.count(); ++r)
                  for (const PoolPlan::Column* column = columns.begin; column != columns.end; ++column) {
                    const auto value = load_every<kStride>(d, rows.row(r) + i * plan.step + column->shift, plan.step);
                    const auto mine =
                        hn::Eq(tap, hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(rows.tap(r) + column->tap)));
                    picked = hn::IfThenElse(hn::RebindMask(d, mine), value, picked);
                  }
                store_some(d, picked, y, at, valid, last);
              });
}

template <int kStride, class T>
void average_rows(const PoolPlan& plan, int64_t begin, int64_t end, const T* x, const Divisors<T>& divisors, T* y) {
  const PoolPlan::Columns columns = plan.columns(0);
  const int64_t last = end * plan.here[2];
  for_windows(plan, begin, end, x, T(0),
              [&](auto d, const MetRows<T>& rows, int64_t at, int64_t i, int64_t valid) HWY_ATTR {
                auto sum = hn::Zero(d);
                for (int64_t r = 0; r < rows.count(); ++r)
                  for (const PoolPlan::Column* column = columns.begin; column != columns.end; ++column)
                    sum = hn::Add(sum, load_every<kStride>(d, rows.row(r) + i * plan.step + column->shift, plan.step));
                store_some(d, divisors.divide(d, sum, at, valid), y, at, valid, last);
              });
}

// Rows [begin, end) of gx: one vector of sums for each phase of the stride, woven together. With kMasked a tap counts
// only where it is the window's maximum; without, sums are divided by `divisor`.
template <int kStride, bool kMasked, class T>
void gradient_rows(const PoolPlan& plan, int64_t begin, int64_t end, const T* gy, const PoolTap* taps,
                   const Divisors<T>& divisor, T* gx) {
  const hn::ScalableTag<T> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const int64_t lanes = lanes_of(d), stride = kStride == 0 ? plan.g.stride[2] : kStride;
  const int64_t size = plan.here[2], last = end * size, vectors = (size + stride * lanes - 1) / (stride * lanes);
  MetRows<T> rows(plan, gy, vectors * lanes, true, T(0));
  MetRows<PoolTap> tap_rows(plan, taps, vectors * lanes, true, PoolTap(0));

  // The sums of column i and those that follow, for x's elements i * stride + phase, ...
  const auto sums_of = [&](int64_t phase, int64_t i) HWY_ATTR {
    const PoolPlan::Columns columns = plan.columns(phase);
    auto sum = hn::Zero(d);
    for (int64_t r = 0; r < rows.count(); ++r)
      for (const PoolPlan::Column* column = columns.begin; column != columns.end; ++column) {
        auto value = hn::LoadU(d, rows.row(r) + i + column->shift);
        if constexpr (kMasked) {
          const auto number = hn::Set(du, static_cast<hn::TFromD<decltype(du)>>(rows.tap(r) + column->tap));
          const auto mine = hn::Eq(load_taps(d, tap_rows.row(r) + i + column->shift), number);
          value = hn::IfThenElseZero(hn::RebindMask(d, mine), value);
        }
        sum = hn::Add(sum, value);
      }
    if constexpr (!kMasked) sum = divisor.divide(d, sum, 0, 0);
    return sum;
  };

  HWY_ALIGN T lane_values[2 * hn::MaxLanes(d)];
  Position at(begin, plan.here);
  for (int64_t row = begin; row < end; ++row, at.next(plan.here)) {
    rows.move_to(at);
    if constexpr (kMasked) tap_rows.move_to(at);
    for (int64_t i = 0, place = row * size; i * stride < size; i += lanes, place += stride * lanes) {
      const int64_t valid = size - i * stride;
      if constexpr (kStride == 1) {
        store_some(d, sums_of(0, i), gx, place, valid, last);
      } else if constexpr (kStride == 2) {
        const bool whole =
            place + 2 * lanes <= last;  // what goes behind the row's end is written again, with the next row
        hn::StoreInterleaved2(sums_of(0, i), sums_of(1, i), d, whole ? gx + place : lane_values);
        if (!whole)
          for (int64_t k = 0; k < valid; ++k) gx[place + k] = lane_values[k];
      } else {
        for (int64_t phase = 0; phase < stride; ++phase) {
          hn::Store(sums_of(phase, i), d, lane_values);
          for (int64_t lane = 0; lane < lanes && lane * stride + phase < valid; ++lane)
            gx[place + lane * stride + phase] = lane_values[lane];
        }
      }
    }
  }
}

// f<kStride>() with the stride of the columns if that is 1 or 2, else 0.
template <class F>
HWY_INLINE void with_stride(int64_t stride, F f) {
  if (stride == 1) {
    f(std::integral_constant<int, 1>());
  } else if (stride == 2) {
    f(std::integral_constant<int, 2>());
  } else {
    f(std::integral_constant<int, 0>());
  }
}

// Rows that are worth a thread: some 30 us.
int64_t grain(const PoolGeometry& g, const std::array<int64_t, 3>& sizes) {
  const int64_t row = sizes[2] * g.kernel[0] * g.kernel[1] * g.kernel[2];
  return 1 + 100000 / (row + 20);
}

template <class T>
void max_pool_of(const PoolGeometry& g, const T* x, T* y, PoolTap* taps) {
  if (is_halving(g)) {
    for_halves<T>(g, [&](const Halving& h, auto d, int64_t begin, int64_t end)
                         HWY_ATTR { max_2x2(d, h, begin, end, x, y, taps); });
    return;
  }
  const PoolPlan plan(g, PoolPlan::Direction::forward);
  parallel_for(g.planes * g.out[0] * g.out[1], grain(g, g.out), [&](int64_t begin, int64_t end) HWY_ATTR {
    with_stride(g.stride[2], [&](auto stride) HWY_ATTR { max_rows<stride()>(plan, begin, end, x, y, taps); });
  });
}

template <class T>
void pick_taps_of(const PoolGeometry& g, const T* x, const PoolTap* taps, T* y) {
  const PoolPlan plan(g, PoolPlan::Direction::forward);
  parallel_for(g.planes * g.out[0] * g.out[1], grain(g, g.out), [&](int64_t begin, int64_t end) HWY_ATTR {
    with_stride(g.stride[2], [&](auto stride) HWY_ATTR { pick_rows<stride()>(plan, begin, end, x, taps, y); });
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
  const PoolPlan plan(g, PoolPlan::Direction::forward);
  parallel_for(g.planes * g.out[0] * g.out[1], grain(g, g.out), [&](int64_t begin, int64_t end) HWY_ATTR {
    with_stride(g.stride[2], [&](auto stride) HWY_ATTR { average_rows<stride()>(plan, begin, end, x, by, y); });
  });
}

template <bool kMasked, class T>
void gradient_of(const PoolGeometry& g, const T* gy, const PoolTap* taps, const Divisors<T>& divisor, T* gx) {
  const PoolPlan plan(g, PoolPlan::Direction::backward);
  parallel_for(g.planes * g.in[0] * g.in[1], grain(g, g.in), [&](int64_t begin, int64_t end) HWY_ATTR {
    with_stride(g.stride[2], [&](auto stride) HWY_ATTR {
      gradient_rows<stride(), kMasked>(plan, begin, end, gy, taps, divisor, gx);
    });
  });
}

template <class T>
void max_pool_gradient_of(const PoolGeometry& g, const T* gy, const PoolTap* taps, T* gx) {
  if (is_halving(g)) {
    for_halves<T>(g, [&](const Halving& h, auto d, int64_t begin, int64_t end)
                         HWY_ATTR { max_gradient_2x2(d, h, begin, end, gy, taps, gx); });
    return;
  }
  gradient_of<true>(g, gy, taps, Divisors<T>(g, nullptr, T(1)), gx);
}

template <class T>
void avg_pool_gradient_of(const PoolGeometry& g, const T* gy, const T* divisors, T divisor, T* gx) {
  const Divisors<T> by(g, divisors, divisor);
  if (is_halving(g)) {
    for_halves<T>(g, [&](const Halving& h, auto d, int64_t begin, int64_t end)
                         HWY_ATTR { average_gradient_2x2(d, h, begin, end, gy, by, gx); });
    return;
  }
  if (divisors == nullptr) return gradient_of<false, T>(g, gy, nullptr, by, gx);
  const int64_t row = g.out[2], rows = g.planes * g.out[0] * g.out[1];
  const WorkingMemory<T> memory(rows * row);
  T* scaled = memory.elements();
  parallel_for(rows, 1 + 100000 / (row + 1), [&](int64_t begin, int64_t end) HWY_ATTR {
    const hn::ScalableTag<T> d;
    for (int64_t r = begin; r < end; ++r)
      for (int64_t i = 0; i < row; i += lanes_of(d)) {
        const int64_t at = r * row + i, valid = row - i < lanes_of(d) ? row - i : lanes_of(d);
        store_some(d, by.divide(d, load_some(d, gy, at, valid, rows * row), at, valid), scaled, at, valid, end * row);
      }
  });
  gradient_of<false, T>(g, scaled, nullptr, Divisors<T>(g, nullptr, T(1)), gx);
}

void max_f32(const PoolGeometry& g, const float* x, float* y, PoolTap* taps) { max_pool_of(g, x, y, taps); }
void max_f64(const PoolGeometry& g, const double* x, double* y, PoolTap* taps) { max_pool_of(g, x, y, taps); }
void pick_f32(const PoolGeometry& g, const float* x, const PoolTap* taps, float* y) { pick_taps_of(g, x, taps, y); }
void pick_f64(const PoolGeometry& g, const double* x, const PoolTap* taps, double* y) { pick_taps_of(g, x, taps, y); }
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
HWY_EXPORT(pick_f32);
HWY_EXPORT(pick_f64);
HWY_EXPORT(average_f32);
HWY_EXPORT(average_f64);
HWY_EXPORT(max_gradient_f32);
HWY_EXPORT(max_gradient_f64);
HWY_EXPORT(average_gradient_f32);
HWY_EXPORT(average_gradient_f64);

}  // namespace

template <>
void max_pool(const PoolGeometry& geometry, const float* x, float* y, PoolTap* taps) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(max_f32)(geometry, x, y, taps);
}
template <>
void max_pool(const PoolGeometry& geometry, const double* x, double* y, PoolTap* taps) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(max_f64)(geometry, x, y, taps);
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
void pick_taps(const PoolGeometry& geometry, const float* x, const PoolTap* taps, float* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(pick_f32)(geometry, x, taps, y);
}
template <>
void pick_taps(const PoolGeometry& geometry, const double* x, const PoolTap* taps, double* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(pick_f64)(geometry, x, taps, y);
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

}  // namespace korrel::kernels
#endif  // HWY_ONCE
