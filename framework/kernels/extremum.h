// Where the largest or smallest element of a row or of a column is: f32 and f64 in dense memory. A NaN counts as beyond
// all others; of equal elements it is the first. For ops/extremum.cpp.
#pragma once

#include <cstdint>

namespace korrel::kernels {

// at[i] for the n > 0 numbers at x + i n.
template <class T>
void extreme_in_rows(bool largest, int64_t rows, int64_t n, const T* x, int64_t* at);

// at[b, k] = the r for x[b, r, k].
template <class T>
void extreme_in_columns(bool largest, int64_t batch, int64_t rows, int64_t columns, const T* x, int64_t* at);

}  // namespace korrel::kernels
