#include <korrel/framework/kernels/point_sampling.h>

#include <algorithm>

#include <korrel/framework/base/parallel.h>

namespace korrel::kernels {
namespace {

int64_t grain(int64_t elements) { return 1 + 16384 / (1 + elements); }

}  // namespace

template <class T>
void sample_points(const SamplePoints& s, const T* x, const T* w, T* y) {
  parallel_for(s.batch * s.channels, grain(s.taps * s.points), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t first = plane / s.channels * s.taps * s.points;
      const T* from = x + plane * s.size;
      T* to = y + plane * s.points;
      std::fill(to, to + s.points, T(0));
      for (int64_t k = 0; k < s.taps; ++k) {
        const int64_t* index = s.index + first + k * s.points;
        const T* weight = w + first + k * s.points;
        for (int64_t p = 0; p < s.points; ++p)
          if (index[p] >= 0) to[p] += weight[p] * from[index[p]];
      }
    }
  });
}

template <class T>
void sample_points_input_gradient(const SamplePoints& s, const T* gy, const T* w, T* gx) {
  parallel_for(s.batch * s.channels, grain(s.taps * s.points), [&](int64_t begin, int64_t end) {
    std::fill(gx + begin * s.size, gx + end * s.size, T(0));
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t first = plane / s.channels * s.taps * s.points;
      const T* from = gy + plane * s.points;
      T* to = gx + plane * s.size;
      for (int64_t k = 0; k < s.taps; ++k) {
        const int64_t* index = s.index + first + k * s.points;
        const T* weight = w + first + k * s.points;
        for (int64_t p = 0; p < s.points; ++p)
          if (index[p] >= 0) to[index[p]] += weight[p] * from[p];
      }
    }
  });
}

template <class T>
void sample_points_weight_gradient(const SamplePoints& s, const T* gy, const T* x, T* gw) {
  parallel_for(s.batch * s.taps, grain(s.channels * s.points), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t* index = s.index + row * s.points;
      T* to = gw + row * s.points;
      std::fill(to, to + s.points, T(0));
      for (int64_t c = 0; c < s.channels; ++c) {
        const int64_t plane = row / s.taps * s.channels + c;
        const T *from = x + plane * s.size, *slope = gy + plane * s.points;
        for (int64_t p = 0; p < s.points; ++p)
          if (index[p] >= 0) to[p] += slope[p] * from[index[p]];
      }
    }
  });
}

template void sample_points(const SamplePoints&, const float*, const float*, float*);
template void sample_points(const SamplePoints&, const double*, const double*, double*);
template void sample_points_input_gradient(const SamplePoints&, const float*, const float*, float*);
template void sample_points_input_gradient(const SamplePoints&, const double*, const double*, double*);
template void sample_points_weight_gradient(const SamplePoints&, const float*, const float*, float*);
template void sample_points_weight_gradient(const SamplePoints&, const double*, const double*, double*);

}  // namespace korrel::kernels
