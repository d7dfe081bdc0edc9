// PyTorch's type promotion in one place. Types rank bool < u8 < i64 < f32 < f64; a tensor without dimensions, and a
// number even less, raises the type of a tensor with dimensions only to a higher category (bool, integer, floating).
#pragma once

#include <korrel/framework/base/scalar.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

DType promote_types(DType a, DType b);
// Of an op on a and b, which is named where one of them is undefined (ValueError).
DType result_type(const char* op, const Tensor& a, const Tensor& b);
DType result_type(const char* op, const Tensor& a, const Scalar& b);
DType result_type(const char* op, const Scalar& a, const Tensor& b);
DType floating_type(DType dtype);  // itself, or f32 for integers and bool: what exp, sqrt and a / b compute in

}  // namespace korrel
