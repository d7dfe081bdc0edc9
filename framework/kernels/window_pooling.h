#pragma once
// Pooling over windows of any sizes, each axis with its own list: adaptive and global pooling, and large kernels.
// Slower per element than kernels/pooling.h for small windows on a regular grid. Knows no tensors and checks nothing;
// framework/ops/pooling.cpp calls it. f32 and f64; all arrays are row-major and contiguous: x [planes, in...], y
// [planes, out...].

#include <array>
#include <cstdint>

#include <korrel/framework/base/cached_vector.h>

namespace korrel::kernels {

// `count` elements of one axis: begin, begin + step, ... All inside of x, at least one.
struct Window {
  int64_t begin, count, step;
};

struct WindowGeometry {
  int64_t planes;
  std::array<int64_t, 3> in;
  CachedVector<Window> windows[3];  // for each output along each axis
};

// y[o] = maximum of window o, indices[o] = where it is, flat within the plane: the first one of several; a NaN beats
// all.
template <class T>
void max_windows(const WindowGeometry& geometry, const T* x, T* y, int64_t* indices);

// y[o] = sum of window o / divisor. `divisors` [out...] holds one for every window, or is null and `divisor` serves for
// all.
template <class T>
void average_windows(const WindowGeometry& geometry, const T* x, const T* divisors, T divisor, T* y);

// gx[i] = sum of gy[o] / divisor over the windows that contain i.
template <class T>
void average_windows_gradient(const WindowGeometry& geometry, const T* gy, const T* divisors, T divisor, T* gx);

// For each plane: to[indices[i]] += from[i] for i < count, in an array of `size` zeros.
template <class T>
void scatter_planes(int64_t planes, int64_t size, int64_t count, const T* from, const int64_t* indices, T* to);

// For each plane: to[i] = from[indices[i]] for i < count, from an array of `size`.
template <class T>
void gather_planes(int64_t planes, int64_t size, int64_t count, const T* from, const int64_t* indices, T* to);

}  // namespace korrel::kernels
