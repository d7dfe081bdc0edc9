#pragma once
// Max and average pooling over a regular grid of small windows, their gradients, and the gradients of those, on raw
// memory. Not for windows of varying or great size (adaptive, global pooling): those are window_pooling.h. Knows no
// tensors and checks nothing; framework/ops/pooling.cpp calls it. f32 and f64.

#include <array>
#include <cstdint>
#include <limits>

namespace korrel::kernels {

// Always three-dimensional; 1-D and 2-D have leading dimensions of 1. All arrays are row-major and contiguous: x
// [planes, in...], y [planes, out...]. Window o covers o*stride + r*dilation - padding for r in the kernel, as far as
// that is inside of x; every window contains at least one element of x.
struct PoolGeometry {
  int64_t planes = 1;  // batch times channels
  std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1};
  std::array<int64_t, 3> stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};
};

// The place of an element in its window, row-major: kernel sizes must multiply to at most kMaxTaps.
using PoolTap = uint8_t;
inline constexpr int64_t kMaxTaps = 254;
inline constexpr PoolTap kNoTap = 255;

// y[o] = the window's maximum, taps[o] = its place: the first one of several, a NaN beats all (PyTorch's rule); kNoTap
// where the maximum is at or below `floor`, which by default none is. taps may be null.
template <class T>
void max_pool(const PoolGeometry& geometry, const T* x, T* y, PoolTap* taps,
              T floor = std::numeric_limits<T>::quiet_NaN());

// gx[i] = sum of gy[o] over the windows that have their maximum at i (kNoTap: nowhere). Every element of gx is written.
template <class T>
void max_pool_gradient(const PoolGeometry& geometry, const T* gy, const PoolTap* taps, T* gx);

// y[o] = x at the place of window o's maximum, 0 if it has none: the gradient of max_pool_gradient.
template <class T>
void pick_taps(const PoolGeometry& geometry, const T* x, const PoolTap* taps, T* y);

// y[o] = sum of the window / divisor. `divisors` [out...] holds one for every window, or is null and `divisor` serves
// for all.
template <class T>
void avg_pool(const PoolGeometry& geometry, const T* x, const T* divisors, T divisor, T* y);

// gx[i] = sum of gy[o] / divisor over the windows that contain i. Every element of gx is written.
template <class T>
void avg_pool_gradient(const PoolGeometry& geometry, const T* gy, const T* divisors, T divisor, T* gx);

}  // namespace korrel::kernels
