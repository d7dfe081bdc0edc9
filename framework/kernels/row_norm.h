// Normalisation of rows on raw memory, fused, f32 and f64, on Highway, with its gradient: layer, group and instance
// norm. Knows no tensors; ops/normalization.cpp calls it. Sums run in fixed blocks that are joined in f64, as in
// batch_norm.h.
#pragma once

#include <cstdint>

namespace korrel::kernels {

// Row i of x [rows, n] normalised by its own mean and variance, times weight[i % period] plus bias[i % period], which
// are [period, n / repeat], or null for 1 and 0: `repeat` neighbours share a parameter, as the pixels of a channel do.
// mean and scale = 1 / sqrt(var + eps) are kept for the gradient.
struct RowGeometry {
  int64_t rows, n, period, repeat = 1;
};
template <class T>
void row_norm(const RowGeometry& geometry, const T* x, const T* weight, const T* bias, double eps, double* mean,
              double* scale, T* y);
template <class T>
void row_norm_gradient(const RowGeometry& geometry, const T* x, const T* gy, const T* weight, const double* mean,
                       const double* scale, T* gx, T* gweight, T* gbias);

}  // namespace korrel::kernels
