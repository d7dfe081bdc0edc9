#include <korrel/framework/kernels/softmax.h>

#include <algorithm>
#include <limits>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/softmax.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/softmax_rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

template <class T>
void softmax_row(Softmax kind, int64_t n, const T* x, T* y) {
  const RowOf<T> row{x, n};
  const auto d = row.d;
  const T shift = largest(row);
  if (kind == Softmax::logarithm) {
    const auto total = hn::Set(d, shift), rest = math::log(d, hn::Set(d, sum_of_exponentials<false>(row, shift, y)));
    map_row(row, y, [&](auto v) HWY_ATTR { return hn::Sub(hn::Sub(v, total), rest); });
  } else {
    const auto scale = hn::Set(d, T(1) / sum_of_exponentials<true>(row, shift, y));
    map_row(RowOf<T>{y, n}, y, [&](auto v) HWY_ATTR { return hn::Mul(v, scale); });
  }
}

// One vector of the gradient.
template <class D, class V>
HWY_INLINE V gradient_of(D d, Softmax kind, V y, V gy, V total) {
  return kind == Softmax::logarithm ? hn::NegMulAdd(math::exp(d, y), total, gy) : hn::Mul(y, hn::Sub(gy, total));
}

template <class T>
void gradient_row(Softmax kind, int64_t n, const T* y, const T* gy, T* gx) {
  const RowOf<T> row{gy, n};
  const auto d = row.d;
  const auto total = hn::Set(d, dot(row, kind == Softmax::plain ? y : nullptr));
  int64_t i = 0;
  for (; i < row.whole(); i += row.lanes())
    hn::StoreU(gradient_of(d, kind, hn::LoadU(d, y + i), hn::LoadU(d, gy + i), total), d, gx + i);
  if (const std::size_t m = row.rest(); m > 0)
    store_part(gradient_of(d, kind, load_part(d, y + i, m), load_part(d, gy + i, m), total), d, gx + i, m);
}

// The same for as many neighbouring columns as a vector has lanes: line r of the vector is at x + r stride. `count` of
// the lanes are there.
template <class T>
void softmax_columns(Softmax kind, int64_t n, int64_t stride, std::size_t count, const T* x, T* y) {
  const hn::ScalableTag<T> d;
  const bool whole = count == hn::Lanes(d);
  auto load = [&](const T* from) HWY_ATTR { return whole ? hn::LoadU(d, from) : load_part(d, from, count); };
  auto store = [&](auto v, T* to) HWY_ATTR { whole ? hn::StoreU(v, d, to) : store_part(v, d, to, count); };
  auto shift = load(x), sum = hn::Zero(d);
  for (int64_t r = 1; r < n; ++r) shift = hn::Max(shift, load(x + r * stride));
  for (int64_t r = 0; r < n; ++r) {
    const auto e = math::exp(d, hn::Sub(load(x + r * stride), shift));
    if (kind == Softmax::plain) store(e, y + r * stride);
    sum = hn::Add(sum, e);
  }
  if (kind == Softmax::logarithm) {
    const auto rest = math::log(d, sum);
    for (int64_t r = 0; r < n; ++r) store(hn::Sub(hn::Sub(load(x + r * stride), shift), rest), y + r * stride);
  } else {
    const auto scale = hn::Div(hn::Set(d, T(1)), sum);
    for (int64_t r = 0; r < n; ++r) store(hn::Mul(load(y + r * stride), scale), y + r * stride);
  }
}

template <class T>
void gradient_columns(Softmax kind, int64_t n, int64_t stride, std::size_t count, const T* y, const T* gy, T* gx) {
  const hn::ScalableTag<T> d;
  const bool whole = count == hn::Lanes(d);
  auto load = [&](const T* from) HWY_ATTR { return whole ? hn::LoadU(d, from) : load_part(d, from, count); };
  auto total = hn::Zero(d);
  for (int64_t r = 0; r < n; ++r) {
    const auto g = load(gy + r * stride);
    total = kind == Softmax::plain ? hn::MulAdd(g, load(y + r * stride), total) : hn::Add(total, g);
  }
  for (int64_t r = 0; r < n; ++r) {
    const auto g = gradient_of(d, kind, load(y + r * stride), load(gy + r * stride), total);
    whole ? hn::StoreU(g, d, gx + r * stride) : store_part(g, d, gx + r * stride, count);
  }
}

// One thread's share is worth at least this many elements: some 10 us.
constexpr int64_t kGrain = 16384;

// Calls columns(offset, count) for whole vectors and parts of them, or row(offset) where inner is 1.
template <class T, class Row, class Columns>
HWY_INLINE void for_each_line(int64_t outer, int64_t n, int64_t inner, Row row, Columns columns) {
  if (n == 0 || inner == 0) return;
  if (inner == 1) {
    parallel_for(outer, std::max<int64_t>(1, kGrain / n), [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) row(i * n);
    });
    return;
  }
  const auto lanes = static_cast<int64_t>(hn::Lanes(hn::ScalableTag<T>()));
  const int64_t parts = (inner + lanes - 1) / lanes;
  parallel_for(outer * parts, std::max<int64_t>(1, kGrain / (n * lanes)), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t k = i % parts * lanes;
      columns(i / parts * n * inner + k, static_cast<std::size_t>(std::min(lanes, inner - k)));
    }
  });
}

template <class T>
HWY_INLINE void softmax_of(Softmax kind, int64_t outer, int64_t n, int64_t inner, const T* x, T* y) {
  for_each_line<T>(
      outer, n, inner, [&](int64_t at) HWY_ATTR { softmax_row(kind, n, x + at, y + at); },
      [&](int64_t at, std::size_t count) HWY_ATTR { softmax_columns(kind, n, inner, count, x + at, y + at); });
}
template <class T>
HWY_INLINE void gradient_of_softmax(Softmax kind, int64_t outer, int64_t n, int64_t inner, const T* y, const T* gy,
                                    T* gx) {
  for_each_line<T>(
      outer, n, inner, [&](int64_t at) HWY_ATTR { gradient_row(kind, n, y + at, gy + at, gx + at); },
      [&](int64_t at, std::size_t count)
          HWY_ATTR { gradient_columns(kind, n, inner, count, y + at, gy + at, gx + at); });
}

template <class T>
HWY_INLINE void log_sum_exp(int64_t rows, int64_t n, const T* x, T* totals) {
  parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) HWY_ATTR {
    const hn::ScalableTag<T> d;
    for (int64_t i = begin; i < end; ++i) {
      const RowOf<T> row{x + i * n, n};
      const T shift = largest(row);
      totals[i] = shift == -std::numeric_limits<T>::infinity()
                      ? shift
                      : shift + hn::GetLane(math::log(d, hn::Set(d, sum_of_exponentials<false>(row, shift, totals))));
    }
  });
}

template <class T>
HWY_INLINE void scaled_softmax(int64_t rows, int64_t n, const T* x, const T* totals, const T* scales, T* y) {
  parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) HWY_ATTR {
    const hn::ScalableTag<T> d;
    for (int64_t i = begin; i < end; ++i) {
      if (scales[i] == 0) {
        std::fill(y + i * n, y + (i + 1) * n, T(0));
        continue;
      }
      const auto total = hn::Set(d, totals[i]), scale = hn::Set(d, scales[i]);
      map_row(RowOf<T>{x + i * n, n}, y + i * n,
              [&](auto v) HWY_ATTR { return hn::Mul(math::exp(d, hn::Sub(v, total)), scale); });
    }
  });
}

void softmax_f32(Softmax kind, int64_t outer, int64_t n, int64_t inner, const float* x, float* y) {
  softmax_of(kind, outer, n, inner, x, y);
}
void softmax_f64(Softmax kind, int64_t outer, int64_t n, int64_t inner, const double* x, double* y) {
  softmax_of(kind, outer, n, inner, x, y);
}
void gradient_f32(Softmax kind, int64_t outer, int64_t n, int64_t inner, const float* y, const float* gy, float* gx) {
  gradient_of_softmax(kind, outer, n, inner, y, gy, gx);
}
void gradient_f64(Softmax kind, int64_t outer, int64_t n, int64_t inner, const double* y, const double* gy,
                  double* gx) {
  gradient_of_softmax(kind, outer, n, inner, y, gy, gx);
}
void log_sum_exp_f32(int64_t rows, int64_t n, const float* x, float* totals) { log_sum_exp(rows, n, x, totals); }
void log_sum_exp_f64(int64_t rows, int64_t n, const double* x, double* totals) { log_sum_exp(rows, n, x, totals); }
void scaled_f32(int64_t rows, int64_t n, const float* x, const float* totals, const float* scales, float* y) {
  scaled_softmax(rows, n, x, totals, scales, y);
}
void scaled_f64(int64_t rows, int64_t n, const double* x, const double* totals, const double* scales, double* y) {
  scaled_softmax(rows, n, x, totals, scales, y);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(softmax_f32);
HWY_EXPORT(softmax_f64);
HWY_EXPORT(gradient_f32);
HWY_EXPORT(gradient_f64);
HWY_EXPORT(log_sum_exp_f32);
HWY_EXPORT(log_sum_exp_f64);
HWY_EXPORT(scaled_f32);
HWY_EXPORT(scaled_f64);

}  // namespace

template <>
void softmax(Softmax kind, int64_t outer, int64_t n, int64_t inner, const float* x, float* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(softmax_f32)(kind, outer, n, inner, x, y);
}
template <>
void softmax(Softmax kind, int64_t outer, int64_t n, int64_t inner, const double* x, double* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(softmax_f64)(kind, outer, n, inner, x, y);
}
template <>
void softmax_gradient(Softmax kind, int64_t outer, int64_t n, int64_t inner, const float* y, const float* gy,
                      float* gx) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(gradient_f32)(kind, outer, n, inner, y, gy, gx);
}
template <>
void softmax_gradient(Softmax kind, int64_t outer, int64_t n, int64_t inner, const double* y, const double* gy,
                      double* gx) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(gradient_f64)(kind, outer, n, inner, y, gy, gx);
}
template <>
void log_sum_exp_rows(int64_t rows, int64_t n, const float* x, float* totals) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(log_sum_exp_f32)(rows, n, x, totals);
}
template <>
void log_sum_exp_rows(int64_t rows, int64_t n, const double* x, double* totals) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(log_sum_exp_f64)(rows, n, x, totals);
}
template <>
void scaled_softmax_rows(int64_t rows, int64_t n, const float* x, const float* totals, const float* scales, float* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(scaled_f32)(rows, n, x, totals, scales, y);
}
template <>
void scaled_softmax_rows(int64_t rows, int64_t n, const double* x, const double* totals, const double* scales,
                         double* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(scaled_f64)(rows, n, x, totals, scales, y);
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
