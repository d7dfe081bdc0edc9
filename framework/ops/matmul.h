// Matrix products in all rank combinations, on the convolution engine's tile.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// Integers (i64, u8) multiply too and wrap around; linear and bilinear take f32 and f64 only.

// As torch.matmul: [k]x[k] -> [], [m,k]x[k] -> [m], [k]x[k,n] -> [n], [m,k]x[k,n] -> [m,n]; further leading axes are
// batches and broadcast.
Tensor matmul(const Tensor& a, const Tensor& b);
Tensor mm(const Tensor& a, const Tensor& b);     // [m,k] [k,n] -> [m,n]
Tensor bmm(const Tensor& a, const Tensor& b);    // [b,m,k] [b,k,n] -> [b,m,n]
Tensor mv(const Tensor& a, const Tensor& x);     // [m,k] [k] -> [m]
Tensor dot(const Tensor& a, const Tensor& b);    // [k] [k] -> []
Tensor outer(const Tensor& a, const Tensor& b);  // [m] [n] -> [m,n]: a[i] b[j]
// beta * input + alpha * (a @ b): mm, or (baddbmm) bmm; input broadcasts
struct AddmmOptions {
  double beta = 1, alpha = 1;
};
Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, const AddmmOptions& options = {});
Tensor baddbmm(const Tensor& input, const Tensor& a, const Tensor& b, const AddmmOptions& options = {});
// x [...,in], weight [out,in], bias [out] or none: [...,out], x weight^T + bias. PyTorch: torch.nn.functional.linear
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});
// y[...,o] = sum_ij x1[...,i] weight[o,i,j] x2[...,j] + bias[o]. PyTorch: torch.nn.functional.bilinear
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias = {});
Tensor kron(const Tensor& a, const Tensor& b);  // Kronecker product: every element of a times the whole of b

}  // namespace korrel
