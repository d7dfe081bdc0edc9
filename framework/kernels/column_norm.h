// Batch normalisation of a matrix [rows, columns], whose channels are the columns, where it lies: f32 and f64, on
// Highway, with its gradient. batch_norm.h is for channels that are runs of memory. Sums run over fixed chunks of rows
// that are joined in f64: same bits for any number of threads. Knows no tensors; ops/batch_norm.cpp calls it.
#pragma once

#include <cstdint>

namespace korrel::kernels {

// Mean and (biased) variance of each column.
template <class T>
void column_statistics(int64_t rows, int64_t columns, const T* x, double* mean, double* var);

// y = (x - mean) * scale * weight + bias; weight, bias: one for each column, or null for 1 and 0.
template <class T>
void column_affine(int64_t rows, int64_t columns, const T* x, const double* mean, const double* scale, const T* weight,
                   const T* bias, T* y);

// The gradient; scale = 1 / sqrt(var + eps). With `fixed`, mean and scale are constants (evaluation). gx, gweight and
// gbias may each be null.
template <class T>
void column_norm_gradient(int64_t rows, int64_t columns, const T* x, const T* gy, const T* weight, const double* mean,
                          const double* scale, bool fixed, T* gx, T* gweight, T* gbias);

}  // namespace korrel::kernels
