// Folds of dense memory into one value per row or per column: sums, products, extrema; f32 and f64 on Highway, i64 in
// plain loops. Knows no tensors and no gradients; ops/fold.cpp calls it. Every result is made of fixed blocks, each
// folded in T and joined in f64 in order, so it does not depend on the number of threads and its error hardly grows
// with the length: a sum of a million f32 numbers is right to 1e-7.
#pragma once

#include <cstdint>

namespace korrel::kernels {

enum class Fold {
  sum,
  square_sum,  // of x - centre
  prod,
  max,  // NaN if there is one
  min,  // NaN if there is one
};

// y[i] = fold of the n numbers at x + i n, divided by `divisor`. centre[i] is the row's, or null for zero. Folding no
// numbers gives 0, 1 for prod, -inf for max, inf for min. i64 knows sum, prod, max and min, and no divisor.
template <class T>
void fold_rows(Fold fold, int64_t rows, int64_t n, const T* x, const T* centre, double divisor, T* y);

// y[b, k] = fold over r of x[b, r, k], divided by `divisor`; centre[b, k] or null.
template <class T>
void fold_columns(Fold fold, int64_t batch, int64_t rows, int64_t columns, const T* x, const T* centre, double divisor,
                  T* y);

// Sums of bytes (u8, bool), likewise.
void sum_bytes_in_rows(int64_t rows, int64_t n, const uint8_t* x, int64_t* y);
void sum_bytes_in_columns(int64_t batch, int64_t rows, int64_t columns, const uint8_t* x, int64_t* y);

}  // namespace korrel::kernels
