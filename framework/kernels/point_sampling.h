// Reading an image at points between its elements, for framework/ops/grid_sample.cpp: the sum over k of
// w[n,k,p] x[n,c,index[n,k,p]], and what its gradients need. Knows no tensors and not where indices and weights come
// from. f32 and f64; every result is one thread's, its terms added in the order of k or c.
#pragma once

#include <cstdint>

namespace korrel::kernels {

struct SamplePoints {
  int64_t batch, channels, size;  // x [batch, channels, size]
  int64_t taps, points;           // w, index [batch, taps, points]; y [batch, channels, points]
  const int64_t* index;           // below size, or negative: outside, counts as zero
};

template <class T>
void sample_points(const SamplePoints& s, const T* x, const T* w, T* y);

// gx[n,c,index[n,k,p]] += gy[n,c,p] w[n,k,p], on zeros.
template <class T>
void sample_points_input_gradient(const SamplePoints& s, const T* gy, const T* w, T* gx);

// gw[n,k,p] = sum over c of gy[n,c,p] x[n,c,index[n,k,p]].
template <class T>
void sample_points_weight_gradient(const SamplePoints& s, const T* gy, const T* x, T* gw);

}  // namespace korrel::kernels
