// Batched matrix product on raw memory, on the same engine as the convolutions. Any strides: a transposed or broadcast
// operand is a matter of strides. Knows no tensors and checks nothing; framework/ops/matmul.cpp calls it. f32 and f64.
#pragma once

#include <cstdint>
#include <string>

namespace korrel::kernels {

// In elements; may be 0 (broadcast) or negative.
struct MatrixStrides {
  int64_t batch, row, col;
};

// What has one element of the bias: a column of c (a linear layer's rows are examples) or a row (a 1x1 convolution's
// rows are channels).
enum class BiasPer { kColumn, kRow };

// c[i] = a[i] b[i] + bias for i < batch: a [m, k] and b [k, n] anywhere, c [m, n] with contiguous rows (c_strides.col
// is 1), bias [n], or [m] per row, or null. k = 0 gives zeros (or bias). c overlaps no input.
template <class T>
void matmul_into(int64_t batch, int64_t m, int64_t n, int64_t k, const T* a, MatrixStrides a_strides, const T* b,
                 MatrixStrides b_strides, T* c, MatrixStrides c_strides, const T* bias = nullptr,
                 BiasPer bias_per = BiasPer::kColumn);

// The same with c [batch, m, n] contiguous.
template <class T>
void matmul(int64_t batch, int64_t m, int64_t n, int64_t k, const T* a, MatrixStrides a_strides, const T* b,
            MatrixStrides b_strides, T* c, const T* bias = nullptr, BiasPer bias_per = BiasPer::kColumn) {
  matmul_into(batch, m, n, k, a, a_strides, b, b_strides, c, {m * n, n, 1}, bias, bias_per);
}

// Highway's name of the target that matmul's code now runs as, told by that code itself; for tests.
std::string matmul_target();

}  // namespace korrel::kernels
