// Matrix products in all rank combinations, on the convolution engine's tile.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// As torch.matmul: [k]x[k] -> [], [m,k]x[k] -> [m], [k]x[k,n] -> [n], [m,k]x[k,n] -> [m,n]; further leading axes are
// batches and broadcast.
Tensor matmul(const Tensor& a, const Tensor& b);
Tensor mm(const Tensor& a, const Tensor& b);   // [m,k] [k,n]
Tensor bmm(const Tensor& a, const Tensor& b);  // [b,m,k] [b,k,n]
Tensor mv(const Tensor& a, const Tensor& x);   // [m,k] [k]
Tensor dot(const Tensor& a, const Tensor& b);  // [k] [k]
Tensor outer(const Tensor& a, const Tensor& b);
// beta * input + alpha * (a @ b)
struct AddmmOptions {
  double beta = 1, alpha = 1;
};
Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, const AddmmOptions& options = {});
Tensor baddbmm(const Tensor& input, const Tensor& a, const Tensor& b, const AddmmOptions& options = {});
// x [...,in], weight [out,in], bias [out] or undefined -> x weight^T + bias, [...,out].
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});
// y[...,o] = sum_ij x1[...,i] weight[o,i,j] x2[...,j] + bias[o].
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias = {});
Tensor kron(const Tensor& a, const Tensor& b);

}  // namespace korrel
