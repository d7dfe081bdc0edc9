// The convolution primitives as their definition reads: seven loops around one line. What the engine is compared with.
// Sums in double, so that an f32 result can be held against it.
#pragma once

#include <cstdint>
#include <vector>

#include <korrel/framework/kernels/convolution.h>

namespace korrel::kernels {

// Calls body(x index, w index, y index) for every product of the trilinear form.
template <class Body>
void for_each_product(const ConvGeometry& g, const Body& body) {
  const int64_t channels = g.c / g.groups, filters = g.k / g.groups;
  for (int64_t n = 0; n < g.n; ++n)
    for (int64_t k = 0; k < g.k; ++k)
      for (int64_t o0 = 0; o0 < g.out[0]; ++o0)
        for (int64_t o1 = 0; o1 < g.out[1]; ++o1)
          for (int64_t o2 = 0; o2 < g.out[2]; ++o2)
            for (int64_t c = 0; c < channels; ++c)
              for (int64_t r0 = 0; r0 < g.kernel[0]; ++r0)
                for (int64_t r1 = 0; r1 < g.kernel[1]; ++r1)
                  for (int64_t r2 = 0; r2 < g.kernel[2]; ++r2) {
                    const int64_t i0 = o0 * g.stride[0] + r0 * g.dilation[0] - g.padding[0];
                    const int64_t i1 = o1 * g.stride[1] + r1 * g.dilation[1] - g.padding[1];
                    const int64_t i2 = o2 * g.stride[2] + r2 * g.dilation[2] - g.padding[2];
                    if (i0 < 0 || i0 >= g.in[0] || i1 < 0 || i1 >= g.in[1] || i2 < 0 || i2 >= g.in[2]) continue;
                    const int64_t x_channel = n * g.c + k / filters * channels + c;
                    body(((x_channel * g.in[0] + i0) * g.in[1] + i1) * g.in[2] + i2,
                         (((k * channels + c) * g.kernel[0] + r0) * g.kernel[1] + r1) * g.kernel[2] + r2,
                         (((n * g.k + k) * g.out[0] + o0) * g.out[1] + o1) * g.out[2] + o2);
                  }
}

inline int64_t elements(const std::array<int64_t, 3>& dims) { return dims[0] * dims[1] * dims[2]; }
inline int64_t x_elements(const ConvGeometry& g) { return g.n * g.c * elements(g.in); }
inline int64_t w_elements(const ConvGeometry& g) { return g.k * (g.c / g.groups) * elements(g.kernel); }
inline int64_t y_elements(const ConvGeometry& g) { return g.n * g.k * elements(g.out); }

template <class T>
std::vector<double> naive_output(const ConvGeometry& g, const T* x, const T* w, const T* bias) {
  std::vector<double> y(y_elements(g));
  for_each_product(g, [&](int64_t ix, int64_t iw, int64_t iy) { y[iy] += static_cast<double>(x[ix]) * w[iw]; });
  const int64_t plane = elements(g.out);
  for (int64_t i = 0; bias != nullptr && i < y_elements(g); ++i) y[i] += bias[i / plane % g.k];
  return y;
}

template <class T>
std::vector<double> naive_input_gradient(const ConvGeometry& g, const T* gy, const T* w, const T* bias) {
  std::vector<double> gx(x_elements(g));
  for_each_product(g, [&](int64_t ix, int64_t iw, int64_t iy) { gx[ix] += static_cast<double>(gy[iy]) * w[iw]; });
  const int64_t plane = elements(g.in);
  for (int64_t i = 0; bias != nullptr && i < x_elements(g); ++i) gx[i] += bias[i / plane % g.c];
  return gx;
}

template <class T>
std::vector<double> naive_weight_gradient(const ConvGeometry& g, const T* x, const T* gy) {
  std::vector<double> gw(w_elements(g));
  for_each_product(g, [&](int64_t ix, int64_t iw, int64_t iy) { gw[iw] += static_cast<double>(x[ix]) * gy[iy]; });
  return gw;
}

// The sums of gy per output channel; in double alone its own rounding were as large as what it measures in f64.
template <class T>
std::vector<double> naive_bias_gradient(const ConvGeometry& g, const T* gy) {
  std::vector<long double> gb(g.k);
  const int64_t plane = g.out[0] * g.out[1] * g.out[2];
  for (int64_t i = 0; i < g.n * g.k * plane; ++i) gb[i / plane % g.k] += gy[i];
  return {gb.begin(), gb.end()};
}

}  // namespace korrel::kernels
