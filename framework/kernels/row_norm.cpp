#include <korrel/framework/kernels/row_norm.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/buffer.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/row_norm.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/normalization-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

template <class T>
void find_statistics(int64_t n, const T* x, double eps, double* mean, double* scale) {
  *mean = fold_run<Sum>(x, n, T(0)) / static_cast<double>(n);
  const T centre = static_cast<T>(*mean);
  const double error = *mean - static_cast<double>(centre);
  const double var = fold_run<SquareSum>(x, n, centre) / static_cast<double>(n) - error * error;
  *scale = 1 / std::sqrt(std::max(0.0, var) + eps);
}

template <class T>
void normalise_row(int64_t n, const T* x, const T* weight, const T* bias, double eps, double* mean, double* scale,
                   T* y) {
  find_statistics(n, x, eps, mean, scale);
  const Same<T> m{static_cast<T>(*mean)}, s{static_cast<T>(*scale)};
  for_each_vector<T>(n, [&](auto load, auto store) HWY_ATTR {
    auto v = hn::Mul(hn::Sub(load(Each<T>{x}), load(m)), load(s));
    if (weight) v = hn::Mul(v, load(Each<T>{weight}));
    if (bias) v = hn::Add(v, load(Each<T>{bias}));
    store(v, y);
  });
}

// A row of channels, each of `size` neighbours that share a parameter.
template <class T>
void normalise_channels(int64_t channels, int64_t size, const T* x, const T* weight, const T* bias, double eps,
                        double* mean, double* scale, T* y) {
  find_statistics(channels * size, x, eps, mean, scale);
  const Same<T> m{static_cast<T>(*mean)};
  for (int64_t c = 0; c < channels; ++c, x += size, y += size) {
    const Same<T> a{static_cast<T>(weight ? *scale * static_cast<double>(weight[c]) : *scale)},
        b{bias ? bias[c] : T(0)};
    for_each_vector<T>(size, [&](auto load, auto store) HWY_ATTR {
      store(hn::MulAdd(hn::Sub(load(Each<T>{x}), load(m)), load(a), load(b)), y);
    });
  }
}

template <class T>
void gradient_channels(int64_t channels, int64_t size, const T* x, const T* gy, const T* weight, double mean,
                       double scale, T* gx, T* gweight, T* gbias) {
  const T centre = static_cast<T>(mean);
  Products total;
  for (int64_t c = 0; c < channels; ++c) {
    const Products own = products(size, x + c * size, Each<T>{gy + c * size}, centre, Same<T>{T(1)});
    const double w = weight ? static_cast<double>(weight[c]) : 1;
    total.first += w * own.first;
    total.second += w * own.second;
    if (gweight) gweight[c] += static_cast<T>(own.second * scale);
    if (gbias) gbias[c] += static_cast<T>(own.first);
  }
  if (!gx) return;
  const auto count = static_cast<double>(channels * size);
  const Same<T> m{centre}, b{static_cast<T>(-scale * scale * scale * total.second / count)},
      shift{static_cast<T>(-scale * total.first / count)};
  for (int64_t c = 0; c < channels; ++c, x += size, gy += size, gx += size) {
    const Same<T> a{static_cast<T>(weight ? scale * static_cast<double>(weight[c]) : scale)};
    for_each_vector<T>(size, [&](auto load, auto store) HWY_ATTR {
      const auto rest = hn::MulAdd(hn::Sub(load(Each<T>{x}), load(m)), load(b), load(shift));
      store(hn::MulAdd(load(Each<T>{gy}), load(a), rest), gx);
    });
  }
}

template <class T>
void gradient_row(int64_t n, const T* x, const T* gy, const T* weight, double mean, double scale, T* gx, T* gweight,
                  T* gbias) {
  const T centre = static_cast<T>(mean);
  const Same<T> m{centre}, s{static_cast<T>(scale)};
  if (gx) {
    const Products total = weight ? products(n, x, Each<T>{gy}, centre, Each<T>{weight})
                                  : products(n, x, Each<T>{gy}, centre, Same<T>{T(1)});
    const auto count = static_cast<double>(n);
    const Same<T> b{static_cast<T>(-scale * scale * scale * total.second / count)},
        c{static_cast<T>(-scale * total.first / count)};
    for_each_vector<T>(n, [&](auto load, auto store) HWY_ATTR {
      auto a = load(s);
      if (weight) a = hn::Mul(a, load(Each<T>{weight}));
      const auto rest = hn::MulAdd(hn::Sub(load(Each<T>{x}), load(m)), load(b), load(c));
      store(hn::MulAdd(load(Each<T>{gy}), a, rest), gx);
    });
  }
  if (!gweight && !gbias) return;
  for_each_vector<T>(n, [&](auto load, auto store) HWY_ATTR {
    const auto g = load(Each<T>{gy});
    if (gbias) store(hn::Add(load(Each<T>{gbias}), g), gbias);
    if (gweight) {
      const auto v = hn::Mul(hn::Sub(load(Each<T>{x}), load(m)), load(s));
      store(hn::MulAdd(g, v, load(Each<T>{gweight})), gweight);
    }
  });
}

template <class T>
HWY_INLINE void row_norm_of(const RowGeometry& g, const T* x, const T* weight, const T* bias, double eps, double* mean,
                            double* scale, T* y) {
  parallel_for(g.rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(g.n, 1)),
               [&](int64_t begin, int64_t end) HWY_ATTR {
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t channels = g.n / g.repeat, p = i % g.period * channels;
                   const T *w = weight ? weight + p : nullptr, *b = bias ? bias + p : nullptr;
                   if (g.repeat == 1)
                     normalise_row(g.n, x + i * g.n, w, b, eps, mean + i, scale + i, y + i * g.n);
                   else
                     normalise_channels(channels, g.repeat, x + i * g.n, w, b, eps, mean + i, scale + i, y + i * g.n);
                 }
               });
}

template <class T>
HWY_INLINE void gradient_of_row_norm(const RowGeometry& g, const T* x, const T* gy, const T* weight, const double* mean,
                                     const double* scale, T* gx, T* gweight, T* gbias) {
  // The parameters' gradients are summed over chunks of rows in T, then over the chunks in f64.
  const int64_t periods = (g.rows + g.period - 1) / g.period, per_chunk = std::max<int64_t>(1, 64 / g.period);
  const int64_t chunks = (periods + per_chunk - 1) / per_chunk, channels = g.n / g.repeat, width = g.period * channels;
  Buffer<T> weights(gweight ? chunks * width : 0), biases(gbias ? chunks * width : 0);
  const int64_t work = std::max<int64_t>(1, per_chunk * g.period * g.n);
  parallel_for(chunks, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      T* w = gweight ? &weights[chunk * width] : nullptr;
      T* b = gbias ? &biases[chunk * width] : nullptr;
      if (w) std::fill(w, w + width, T(0));
      if (b) std::fill(b, b + width, T(0));
      const int64_t last = std::min(g.rows, (chunk + 1) * per_chunk * g.period);
      for (int64_t i = chunk * per_chunk * g.period; i < last; ++i) {
        const int64_t p = i % g.period * channels;
        const T *from = x + i * g.n, *upstream = gy + i * g.n, *factors = weight ? weight + p : nullptr;
        T *to = gx ? gx + i * g.n : nullptr, *own_w = w ? w + p : nullptr, *own_b = b ? b + p : nullptr;
        if (g.repeat == 1)
          gradient_row(g.n, from, upstream, factors, mean[i], scale[i], to, own_w, own_b);
        else
          gradient_channels(channels, g.repeat, from, upstream, factors, mean[i], scale[i], to, own_w, own_b);
      }
    }
  });
  for (int64_t k = 0; k < width && (gweight || gbias); ++k) {
    double w = 0, b = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      if (gweight) w += static_cast<double>(weights[chunk * width + k]);
      if (gbias) b += static_cast<double>(biases[chunk * width + k]);
    }
    if (gweight) gweight[k] = static_cast<T>(w);
    if (gbias) gbias[k] = static_cast<T>(b);
  }
}

void row_norm_f32(const RowGeometry& g, const float* x, const float* weight, const float* bias, double eps,
                  double* mean, double* scale, float* y) {
  row_norm_of(g, x, weight, bias, eps, mean, scale, y);
}
void row_norm_f64(const RowGeometry& g, const double* x, const double* weight, const double* bias, double eps,
                  double* mean, double* scale, double* y) {
  row_norm_of(g, x, weight, bias, eps, mean, scale, y);
}
void row_norm_gradient_f32(const RowGeometry& g, const float* x, const float* gy, const float* weight,
                           const double* mean, const double* scale, float* gx, float* gweight, float* gbias) {
  gradient_of_row_norm(g, x, gy, weight, mean, scale, gx, gweight, gbias);
}
void row_norm_gradient_f64(const RowGeometry& g, const double* x, const double* gy, const double* weight,
                           const double* mean, const double* scale, double* gx, double* gweight, double* gbias) {
  gradient_of_row_norm(g, x, gy, weight, mean, scale, gx, gweight, gbias);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(row_norm_f32);
HWY_EXPORT(row_norm_f64);
HWY_EXPORT(row_norm_gradient_f32);
HWY_EXPORT(row_norm_gradient_f64);

}  // namespace

template <>
void row_norm(const RowGeometry& g, const float* x, const float* weight, const float* bias, double eps, double* mean,
              double* scale, float* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(row_norm_f32)(g, x, weight, bias, eps, mean, scale, y);
}
template <>
void row_norm(const RowGeometry& g, const double* x, const double* weight, const double* bias, double eps, double* mean,
              double* scale, double* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(row_norm_f64)(g, x, weight, bias, eps, mean, scale, y);
}
template <>
void row_norm_gradient(const RowGeometry& g, const float* x, const float* gy, const float* weight, const double* mean,
                       const double* scale, float* gx, float* gweight, float* gbias) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(row_norm_gradient_f32)(g, x, gy, weight, mean, scale, gx, gweight, gbias);
}
template <>
void row_norm_gradient(const RowGeometry& g, const double* x, const double* gy, const double* weight,
                       const double* mean, const double* scale, double* gx, double* gweight, double* gbias) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(row_norm_gradient_f64)(g, x, gy, weight, mean, scale, gx, gweight, gbias);
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
