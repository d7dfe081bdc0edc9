#include <korrel/framework/kernels/column_norm.h>

#include <algorithm>

#include <korrel/framework/base/buffer.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/column_norm.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/normalization-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

constexpr int64_t kRows = 64;  // that are summed in T

// first[k] = sum of g, second[k] = sum of g (x - centre[k]) over the rows of column k; g(row) gives gradients of a row.
// A chunk's running sums are as long as a row and stay in L1 up to some 4,000 columns.
template <class T, class Gradient>
HWY_INLINE void column_products(int64_t rows, int64_t columns, const T* x, const T* centre, Gradient g, double* first,
                                double* second) {
  const int64_t chunks = (rows + kRows - 1) / kRows;
  Buffer<T> sums(chunks * 2 * columns);
  parallel_for(chunks, std::max<int64_t>(1, kGrain / (kRows * columns)), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      T *f = &sums[chunk * 2 * columns], *s = f + columns;
      std::fill(f, f + 2 * columns, T(0));
      for (int64_t r = chunk * kRows; r < std::min(rows, (chunk + 1) * kRows); ++r) {
        const T* row = x + r * columns;
        for_each_vector<T>(columns, [&](auto load, auto store) HWY_ATTR {
          const auto centred = hn::Sub(load(Each<T>{row}), load(Each<T>{centre}));
          const auto value = g(r, load, centred);
          store(hn::Add(load(Each<T>{f}), value), f);
          store(hn::MulAdd(value, centred, load(Each<T>{s})), s);
        });
      }
    }
  });
  std::fill(first, first + columns, 0.0);
  std::fill(second, second + columns, 0.0);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const T *f = &sums[chunk * 2 * columns], *s = f + columns;
    for (int64_t k = 0; k < columns; ++k) {
      first[k] += static_cast<double>(f[k]);
      second[k] += static_cast<double>(s[k]);
    }
  }
}

template <class T>
HWY_INLINE void statistics_of(int64_t rows, int64_t columns, const T* x, double* mean, double* var) {
  // Squares around the first row: no digits are lost where the mean is far from zero.
  column_products(
      rows, columns, x, x, [](int64_t, auto, auto centred) HWY_ATTR { return centred; }, mean, var);
  const auto n = static_cast<double>(rows);
  Buffer<T> centre(columns);
  for (int64_t k = 0; k < columns; ++k) centre[k] = static_cast<T>(static_cast<double>(x[k]) + mean[k] / n);
  // And once more around what is nearly the mean.
  column_products(
      rows, columns, x, centre.data(), [](int64_t, auto, auto centred) HWY_ATTR { return centred; }, mean, var);
  for (int64_t k = 0; k < columns; ++k) {
    const double error = mean[k] / n;
    mean[k] = static_cast<double>(centre[k]) + error;
    var[k] = std::max(0.0, var[k] / n - error * error);
  }
}

template <class T>
HWY_INLINE void affine_of(int64_t rows, int64_t columns, const T* x, const double* mean, const double* scale,
                          const T* weight, const T* bias, T* y) {
  Buffer<T> lines(3 * columns);
  T *m = lines.data(), *a = m + columns, *b = a + columns;
  for (int64_t k = 0; k < columns; ++k) {
    m[k] = static_cast<T>(mean[k]);
    a[k] = static_cast<T>(weight ? scale[k] * static_cast<double>(weight[k]) : scale[k]);
    b[k] = bias ? bias[k] : T(0);
  }
  parallel_for(rows, std::max<int64_t>(1, kGrain / columns), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t r = begin; r < end; ++r) {
      const T* from = x + r * columns;
      T* to = y + r * columns;
      for_each_vector<T>(columns, [&](auto load, auto store) HWY_ATTR {
        store(hn::MulAdd(hn::Sub(load(Each<T>{from}), load(Each<T>{m})), load(Each<T>{a}), load(Each<T>{b})), to);
      });
    }
  });
}

template <class T>
HWY_INLINE void gradient_of(int64_t rows, int64_t columns, const T* x, const T* gy, const T* weight, const double* mean,
                            const double* scale, bool fixed, T* gx, T* gweight, T* gbias) {
  Buffer<T> lines(4 * columns);
  T *m = lines.data(), *a = m + columns, *b = a + columns, *c = b + columns;
  for (int64_t k = 0; k < columns; ++k) m[k] = static_cast<T>(mean[k]);
  Buffer<double> sums(2 * columns);
  double *first = sums.data(), *second = first + columns;
  if (!fixed || gweight || gbias)
    column_products(
        rows, columns, x, m, [&](int64_t r, auto load, auto) HWY_ATTR { return load(Each<T>{gy + r * columns}); },
        first, second);
  for (int64_t k = 0; k < columns; ++k) {
    if (gweight) gweight[k] = static_cast<T>(second[k] * scale[k]);
    if (gbias) gbias[k] = static_cast<T>(first[k]);
  }
  if (!gx) return;
  const auto n = static_cast<double>(rows);
  for (int64_t k = 0; k < columns; ++k) {
    const double slope = weight ? scale[k] * static_cast<double>(weight[k]) : scale[k];
    a[k] = static_cast<T>(slope);
    b[k] = static_cast<T>(fixed ? 0 : -slope * scale[k] * scale[k] * second[k] / n);
    c[k] = static_cast<T>(fixed ? 0 : -slope * first[k] / n);
  }
  parallel_for(rows, std::max<int64_t>(1, kGrain / columns), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t r = begin; r < end; ++r) {
      const T *from = x + r * columns, *upstream = gy + r * columns;
      T* to = gx + r * columns;
      for_each_vector<T>(columns, [&](auto load, auto store) HWY_ATTR {
        const auto centred = hn::Sub(load(Each<T>{from}), load(Each<T>{m}));
        const auto rest = hn::MulAdd(centred, load(Each<T>{b}), load(Each<T>{c}));
        store(hn::MulAdd(load(Each<T>{upstream}), load(Each<T>{a}), rest), to);
      });
    }
  });
}

void statistics_f32(int64_t rows, int64_t columns, const float* x, double* mean, double* var) {
  statistics_of(rows, columns, x, mean, var);
}
void statistics_f64(int64_t rows, int64_t columns, const double* x, double* mean, double* var) {
  statistics_of(rows, columns, x, mean, var);
}
void affine_f32(int64_t rows, int64_t columns, const float* x, const double* mean, const double* scale,
                const float* weight, const float* bias, float* y) {
  affine_of(rows, columns, x, mean, scale, weight, bias, y);
}
void affine_f64(int64_t rows, int64_t columns, const double* x, const double* mean, const double* scale,
                const double* weight, const double* bias, double* y) {
  affine_of(rows, columns, x, mean, scale, weight, bias, y);
}
void gradient_f32(int64_t rows, int64_t columns, const float* x, const float* gy, const float* weight,
                  const double* mean, const double* scale, bool fixed, float* gx, float* gweight, float* gbias) {
  gradient_of(rows, columns, x, gy, weight, mean, scale, fixed, gx, gweight, gbias);
}
void gradient_f64(int64_t rows, int64_t columns, const double* x, const double* gy, const double* weight,
                  const double* mean, const double* scale, bool fixed, double* gx, double* gweight, double* gbias) {
  gradient_of(rows, columns, x, gy, weight, mean, scale, fixed, gx, gweight, gbias);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(statistics_f32);
HWY_EXPORT(statistics_f64);
HWY_EXPORT(affine_f32);
HWY_EXPORT(affine_f64);
HWY_EXPORT(gradient_f32);
HWY_EXPORT(gradient_f64);

}  // namespace

template <>
void column_statistics(int64_t rows, int64_t columns, const float* x, double* mean, double* var) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(statistics_f32)(rows, columns, x, mean, var);
}
template <>
void column_statistics(int64_t rows, int64_t columns, const double* x, double* mean, double* var) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(statistics_f64)(rows, columns, x, mean, var);
}
template <>
void column_affine(int64_t rows, int64_t columns, const float* x, const double* mean, const double* scale,
                   const float* weight, const float* bias, float* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(affine_f32)(rows, columns, x, mean, scale, weight, bias, y);
}
template <>
void column_affine(int64_t rows, int64_t columns, const double* x, const double* mean, const double* scale,
                   const double* weight, const double* bias, double* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(affine_f64)(rows, columns, x, mean, scale, weight, bias, y);
}
template <>
void column_norm_gradient(int64_t rows, int64_t columns, const float* x, const float* gy, const float* weight,
                          const double* mean, const double* scale, bool fixed, float* gx, float* gweight,
                          float* gbias) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(gradient_f32)(rows, columns, x, gy, weight, mean, scale, fixed, gx, gweight, gbias);
}
template <>
void column_norm_gradient(int64_t rows, int64_t columns, const double* x, const double* gy, const double* weight,
                          const double* mean, const double* scale, bool fixed, double* gx, double* gweight,
                          double* gbias) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(gradient_f64)(rows, columns, x, gy, weight, mean, scale, fixed, gx, gweight, gbias);
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
