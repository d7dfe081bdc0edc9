// New tensors from nothing, from numbers and from vectors. Defaults: f32, no gradient.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

Tensor empty(const Shape& shape, TensorOptions options = {});  // uninitialised
Tensor zeros(const Shape& shape, TensorOptions options = {});
Tensor ones(const Shape& shape, TensorOptions options = {});
Tensor full(const Shape& shape, double value, TensorOptions options = {});
Tensor empty_like(const Tensor& x);  // shape and dtype of x, contiguous
Tensor zeros_like(const Tensor& x);
Tensor ones_like(const Tensor& x);
Tensor full_like(const Tensor& x, double value);
Tensor eye(int64_t n, TensorOptions options = {});
Tensor arange(double end, TensorOptions options = {.dtype = i64});  // 0, 1, ... below end
Tensor arange(double start, double end, double step = 1, TensorOptions options = {});
Tensor linspace(double start, double end, int64_t steps, TensorOptions options = {});  // both ends included

Tensor scalar(double value, DType dtype = f32);  // 0 dimensions
Tensor tensor(std::initializer_list<double> values, TensorOptions options = {});
Tensor tensor(std::initializer_list<std::initializer_list<double>> rows, TensorOptions options = {});
Tensor tensor(std::initializer_list<std::initializer_list<std::initializer_list<double>>> planes,
              TensorOptions options = {});

// A copy of `values`; its dtype is T's. T: float, double, int64_t, uint8_t.
template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape);
template <class T>
Tensor from_vector(const std::vector<T>& values) {
  return from_vector(values, {static_cast<int64_t>(values.size())});
}

}  // namespace korrel
