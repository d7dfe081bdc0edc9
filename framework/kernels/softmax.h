// Softmax, its logarithm and their gradients on raw memory, f32 and f64, on Highway. Every line is shifted by its
// largest element, so nothing overflows. Knows no tensors; ops/softmax.cpp and ops/cross_entropy.cpp call it. A line is
// worked off by one thread: same bits for any number of threads.
#pragma once

#include <cstdint>

namespace korrel::kernels {

enum class Softmax { plain, logarithm };

// Along the middle dimension of x [outer, n, inner]; y has x's shape.
template <class T>
void softmax(Softmax kind, int64_t outer, int64_t n, int64_t inner, const T* x, T* y);

// From the result y and its gradient: y (gy - sum(gy y)), or gy - exp(y) sum(gy) for the logarithm.
template <class T>
void softmax_gradient(Softmax kind, int64_t outer, int64_t n, int64_t inner, const T* y, const T* gy, T* gx);

// totals[i] = log(sum(exp(x[i]))) for the rows of x [rows, n]. A row of -inf gives -inf.
template <class T>
void log_sum_exp_rows(int64_t rows, int64_t n, const T* x, T* totals);

// y[i] = exp(x[i] - totals[i]) * scales[i]: rows of softmax, scaled; a row whose scale is 0 is zero whatever x holds.
template <class T>
void scaled_softmax_rows(int64_t rows, int64_t n, const T* x, const T* totals, const T* scales, T* y);

}  // namespace korrel::kernels
