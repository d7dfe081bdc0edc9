#include <korrel/framework/kernels/batch_norm.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/leaves_caches.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/batch_norm.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <korrel/framework/kernels/normalization-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// A channel's data (0.5 MB for 128 images of 32x32) is worked off pass by pass, so that every pass but the first
// finds it in the second-level cache.

template <class T>
struct Channel {
  const ChannelGeometry& g;
  int64_t c;

  HWY_INLINE int64_t run(int64_t i) const { return (i * g.channels + c) * g.size; }
  HWY_INLINE double count() const { return static_cast<double>(g.n * g.size); }

  // Whether results, in whole cache lines, are written past the caches: those of a large tensor leave them before
  // anyone reads them, and need not be read before they are written (128x16x32x32: a quarter faster).
  HWY_INLINE bool streams(const T* to) const {
    constexpr int64_t kLine = 64;
    const int64_t run_bytes = g.size * static_cast<int64_t>(sizeof(T));
    return g.n * g.channels * run_bytes >= kNormalisationLeavesCaches && run_bytes % kLine == 0 &&
           reinterpret_cast<uintptr_t>(to) % kLine == 0;
  }
};

// for_each_vector(n, f) for aligned runs of whole vectors, written past the caches if `streams`.
template <class T, class F>
HWY_INLINE void for_each_vector_to(int64_t n, bool streams, F f) {
  if (!streams) return for_each_vector<T>(n, f);
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < n; i += lanes)
    f([&](const auto& from) HWY_ATTR { return from.at(i); }, [&](auto v, T* to) HWY_ATTR { hn::Stream(v, d, to + i); });
}

// The gradient of a run behind relu: none where its result is not positive.
template <class T>
struct Passed {
  const T *gy, *y;
  HWY_INLINE auto at(int64_t i) const { return pass(Each<T>{gy}.at(i), Each<T>{y}.at(i)); }
  HWY_INLINE auto at(int64_t i, std::size_t n) const { return pass(Each<T>{gy}.at(i, n), Each<T>{y}.at(i, n)); }
  static HWY_INLINE auto pass(auto g, auto result) {
    return hn::IfThenZeroElse(hn::Le(result, hn::Zero(hn::DFromV<decltype(g)>())), g);
  }
};

// y = after((x - mean) * scale + shift, load).
template <class T, class After>
HWY_INLINE void affine_runs(const Channel<T>& channel, const T* x, T mean, T scale, T shift, T* y, After after) {
  const bool streams = channel.streams(y);
  for (int64_t i = 0; i < channel.g.n; ++i) {
    const int64_t run = channel.run(i);
    for_each_vector_to<T>(channel.g.size, streams, [&](auto load, auto store) HWY_ATTR {
      const auto centred = hn::Sub(load(Each<T>{x + run}), load(Same<T>{mean}));
      store(after(hn::MulAdd(centred, load(Same<T>{scale}), load(Same<T>{shift})), load, run), y + run);
    });
  }
  if (streams) hwy::FlushStream();
}

template <class T>
void affine_channel(const Channel<T>& channel, const T* x, double mean, double scale, double shift,
                    const Rectified<T>& rectified, T* y) {
  const auto relu = [](auto v) HWY_ATTR {  // a NaN stays one
    return hn::IfThenZeroElse(hn::Lt(v, hn::Zero(hn::DFromV<decltype(v)>())), v);
  };
  const auto run = [&](auto after) HWY_ATTR {
    affine_runs(channel, x, static_cast<T>(mean), static_cast<T>(scale), static_cast<T>(shift), y, after);
  };
  if (!rectified.on)
    run([](auto v, auto, int64_t) HWY_ATTR { return v; });
  else if (!rectified.residual)
    run([&](auto v, auto, int64_t) HWY_ATTR { return relu(v); });
  else
    run([&](auto v, auto load, int64_t at)
            HWY_ATTR { return relu(hn::Add(v, load(Each<T>{rectified.residual + at}))); });
}

// The straight line that is the gradient: gx = a gy + b (x - mean) + c. gradient(i): gy of the run at i. Stores gy
// itself in gresidual, if that is not null.
template <class T, class Gradient>
HWY_INLINE void combine_runs(const Channel<T>& channel, const T* x, Gradient gradient, T mean, T a, T b, T c, T* gx,
                             T* gresidual) {
  const bool streams = channel.streams(gx) && (gresidual == nullptr || channel.streams(gresidual));
  for (int64_t i = 0; i < channel.g.n; ++i) {
    const int64_t run = channel.run(i);
    const auto each = [&](auto store_gradient) HWY_ATTR {
      for_each_vector_to<T>(channel.g.size, streams, [&](auto load, auto store) HWY_ATTR {
        const auto centred = hn::Sub(load(Each<T>{x + run}), load(Same<T>{mean}));
        const auto gy = load(gradient(run));
        store(hn::MulAdd(gy, load(Same<T>{a}), hn::MulAdd(centred, load(Same<T>{b}), load(Same<T>{c}))), gx + run);
        store_gradient(gy, store);
      });
    };
    if (gresidual)
      each([&](auto gy, auto store) HWY_ATTR { store(gy, gresidual + run); });
    else
      each([](auto, auto) HWY_ATTR {});
  }
  if (streams) hwy::FlushStream();
}

template <class T>
void normalise_channel(const Channel<T>& channel, const T* x, double weight, double bias, double eps,
                       const Rectified<T>& rectified, double* mean, double* var, T* y) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < channel.g.n; ++i) sum += fold_run<Sum>(x + channel.run(i), channel.g.size, T(0));
  *mean = sum / channel.count();
  // The mean as T is off by its rounding error e: the squares are too large by e^2 each.
  const T centre = static_cast<T>(*mean);
  const double error = *mean - static_cast<double>(centre);
  for (int64_t i = 0; i < channel.g.n; ++i) squares += fold_run<SquareSum>(x + channel.run(i), channel.g.size, centre);
  *var = std::max(0.0, squares / channel.count() - error * error);
  affine_channel(channel, x, *mean, weight / std::sqrt(*var + eps), bias, rectified, y);
}

template <class T, class Gradient>
void gradient_channel(const Channel<T>& channel, const T* x, Gradient gradient, double weight, double mean,
                      double scale, bool fixed, T* gx, T* gresidual, T* gweight, T* gbias) {
  Products total;
  if (!fixed || gweight || gbias) {
    for (int64_t i = 0; i < channel.g.n; ++i) {
      const int64_t run = channel.run(i);
      const Products part = products(channel.g.size, x + run, gradient(run), static_cast<T>(mean), Same<T>{T(1)});
      total.first += part.first;
      total.second += part.second;
    }
  }
  if (gweight) *gweight = static_cast<T>(total.second * scale);
  if (gbias) *gbias = static_cast<T>(total.first);
  if (!gx) return;
  const double a = weight * scale, count = channel.count();
  const double b = fixed ? 0 : -a * scale * scale * total.second / count, c = fixed ? 0 : -a * total.first / count;
  combine_runs(channel, x, gradient, static_cast<T>(mean), static_cast<T>(a), static_cast<T>(b), static_cast<T>(c), gx,
               gresidual);
}

HWY_INLINE int64_t channel_grain(const ChannelGeometry& g) {
  return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, g.n * g.size));
}

template <class T>
HWY_INLINE void batch_norm_of(const ChannelGeometry& g, const T* x, const T* weight, const T* bias, double eps,
                              const Rectified<T>& rectified, double* mean, double* var, T* y) {
  parallel_for(g.channels, channel_grain(g), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t c = begin; c < end; ++c)
      normalise_channel(Channel<T>{g, c}, x, weight ? weight[c] : 1.0, bias ? bias[c] : 0.0, eps, rectified, mean + c,
                        var + c, y);
  });
}

template <class T>
HWY_INLINE void gradient_of_batch_norm(const ChannelGeometry& g, const T* x, const T* gy, const T* y, const T* weight,
                                       const double* mean, const double* scale, bool fixed, T* gx, T* gresidual,
                                       T* gweight, T* gbias) {
  parallel_for(g.channels, channel_grain(g), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t c = begin; c < end; ++c) {
      const auto run = [&](auto gradient) HWY_ATTR {
        gradient_channel(Channel<T>{g, c}, x, gradient, weight ? weight[c] : 1.0, mean[c], scale[c], fixed, gx,
                         gresidual, gweight ? gweight + c : nullptr, gbias ? gbias + c : nullptr);
      };
      if (y)
        run([=](int64_t at) HWY_ATTR { return Passed<T>{gy + at, y + at}; });
      else
        run([=](int64_t at) HWY_ATTR { return Each<T>{gy + at}; });
    }
  });
}

template <class T>
HWY_INLINE void affine_of_channels(const ChannelGeometry& g, const T* x, const double* mean, const double* scale,
                                   const T* weight, const T* bias, const Rectified<T>& rectified, T* y) {
  parallel_for(g.channels, channel_grain(g), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t c = begin; c < end; ++c)
      affine_channel(Channel<T>{g, c}, x, mean[c], weight ? scale[c] * weight[c] : scale[c], bias ? bias[c] : 0.0,
                     rectified, y);
  });
}

void batch_norm_f32(const ChannelGeometry& g, const float* x, const float* weight, const float* bias, double eps,
                    const Rectified<float>& rectified, double* mean, double* var, float* y) {
  batch_norm_of(g, x, weight, bias, eps, rectified, mean, var, y);
}
void batch_norm_f64(const ChannelGeometry& g, const double* x, const double* weight, const double* bias, double eps,
                    const Rectified<double>& rectified, double* mean, double* var, double* y) {
  batch_norm_of(g, x, weight, bias, eps, rectified, mean, var, y);
}
void batch_norm_gradient_f32(const ChannelGeometry& g, const float* x, const float* gy, const float* y,
                             const float* weight, const double* mean, const double* scale, bool fixed, float* gx,
                             float* gresidual, float* gweight, float* gbias) {
  gradient_of_batch_norm(g, x, gy, y, weight, mean, scale, fixed, gx, gresidual, gweight, gbias);
}
void batch_norm_gradient_f64(const ChannelGeometry& g, const double* x, const double* gy, const double* y,
                             const double* weight, const double* mean, const double* scale, bool fixed, double* gx,
                             double* gresidual, double* gweight, double* gbias) {
  gradient_of_batch_norm(g, x, gy, y, weight, mean, scale, fixed, gx, gresidual, gweight, gbias);
}
void affine_f32(const ChannelGeometry& g, const float* x, const double* mean, const double* scale, const float* weight,
                const float* bias, const Rectified<float>& rectified, float* y) {
  affine_of_channels(g, x, mean, scale, weight, bias, rectified, y);
}
void affine_f64(const ChannelGeometry& g, const double* x, const double* mean, const double* scale,
                const double* weight, const double* bias, const Rectified<double>& rectified, double* y) {
  affine_of_channels(g, x, mean, scale, weight, bias, rectified, y);
}
}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(batch_norm_f32);
HWY_EXPORT(batch_norm_f64);
HWY_EXPORT(batch_norm_gradient_f32);
HWY_EXPORT(batch_norm_gradient_f64);
HWY_EXPORT(affine_f32);
HWY_EXPORT(affine_f64);

}  // namespace

template <>
void batch_norm(const ChannelGeometry& g, const float* x, const float* weight, const float* bias, double eps,
                const Rectified<float>& rectified, double* mean, double* var, float* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(batch_norm_f32)(g, x, weight, bias, eps, rectified, mean, var, y);
}
template <>
void batch_norm_gradient(const ChannelGeometry& g, const float* x, const float* gy, const float* y, const float* weight,
                         const double* mean, const double* scale, bool fixed, float* gx, float* gresidual,
                         float* gweight, float* gbias) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(batch_norm_gradient_f32)
  (g, x, gy, y, weight, mean, scale, fixed, gx, gresidual, gweight, gbias);
}
template <>
void channel_affine(const ChannelGeometry& g, const float* x, const double* mean, const double* scale,
                    const float* weight, const float* bias, const Rectified<float>& rectified, float* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(affine_f32)(g, x, mean, scale, weight, bias, rectified, y);
}
template <>
void batch_norm(const ChannelGeometry& g, const double* x, const double* weight, const double* bias, double eps,
                const Rectified<double>& rectified, double* mean, double* var, double* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(batch_norm_f64)(g, x, weight, bias, eps, rectified, mean, var, y);
}
template <>
void batch_norm_gradient(const ChannelGeometry& g, const double* x, const double* gy, const double* y,
                         const double* weight, const double* mean, const double* scale, bool fixed, double* gx,
                         double* gresidual, double* gweight, double* gbias) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(batch_norm_gradient_f64)
  (g, x, gy, y, weight, mean, scale, fixed, gx, gresidual, gweight, gbias);
}
template <>
void channel_affine(const ChannelGeometry& g, const double* x, const double* mean, const double* scale,
                    const double* weight, const double* bias, const Rectified<double>& rectified, double* y) {
  ensure_target();
  HWY_DYNAMIC_DISPATCH(affine_f64)(g, x, mean, scale, weight, bias, rectified, y);
}
}  // namespace korrel::kernels
#endif  // HWY_ONCE
