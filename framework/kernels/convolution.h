// The three convolution primitives on raw memory: one trilinear form T(x, w, y) = sum y[n,k,o] x[n,c, o*s + r*d - p]
// w[k,c,r], of which two are given and the third is what T is differentiated by. Each one's gradients are the other
// two. Knows no tensors and checks nothing: framework/ops/convolution.cpp has checked shapes before it calls. f32 and
// f64.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace korrel::kernels {

// Always three-dimensional; 1-D and 2-D have leading dimensions of 1. All arrays are row-major and contiguous:
// x [n, c, in...], w [k, c / groups, kernel...], y [n, k, out...].
// y[n,k,o] = sum over c, r of x[n, c, o*stride + r*dilation - padding] * w[k,c,r]; `padding` is the one at the
// beginning, and whatever lies outside of x is zero, so that padding at the end only shows in `out`. Any size may be
// zero.
struct ConvGeometry {
  int64_t n = 1, c = 1, k = 1, groups = 1;
  std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1};
  std::array<int64_t, 3> stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};
};

// y = correlation of x with w, plus bias[k] if bias is not null. The layers' forward.
template <class T>
void conv_output(const ConvGeometry& geometry, const T* x, const T* w, const T* bias, T* y);

// gx[n,c,i] = sum of gy[n,k,o] * w[k,c,r] over all (k, o, r) with o*stride + r*dilation - padding = i, plus bias[c] if
// bias is not null. Also conv_transpose, whose input is gy here and whose output is gx. Every element of gx is written.
template <class T>
void conv_input_gradient(const ConvGeometry& geometry, const T* gy, const T* w, const T* bias, T* gx);

// gw[k,c,r] = sum over n, o of gy[n,k,o] * x[n, c, o*stride + r*dilation - padding]. Every element of gw is written. If
// gb is not null, it may become the sum of gy[n,k,o] over n and o, the bias's gradient: true, if it did, which few
// channels have for next to nothing.
template <class T>
bool conv_weight_gradient(const ConvGeometry& geometry, const T* x, const T* gy, T* gw, T* gb = nullptr);

// Highway's name of the target that these now run as, told by their code itself; for tests.
std::string convolution_target();

}  // namespace korrel::kernels
