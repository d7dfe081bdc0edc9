// New tensors from nothing, from numbers and from vectors. Defaults: f32, no gradient.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

Tensor empty(const Shape& shape, TensorOptions options = {});               // uninitialised
Tensor zeros(const Shape& shape, TensorOptions options = {});               // 0 everywhere
Tensor ones(const Shape& shape, TensorOptions options = {});                // 1 everywhere
Tensor full(const Shape& shape, double value, TensorOptions options = {});  // value everywhere
Tensor empty_like(const Tensor& x);                                         // shape and dtype of x, contiguous
Tensor zeros_like(const Tensor& x);                                         // 0, of the shape and dtype of x
Tensor ones_like(const Tensor& x);                                          // 1, likewise
Tensor full_like(const Tensor& x, double value);                            // value, likewise
Tensor eye(int64_t n, TensorOptions options = {});                          // [n,n], 1 on the diagonal
Tensor arange(double end, TensorOptions options = {.dtype = i64});  // 0, 1, ... below end; or from start on by step
Tensor arange(double start, double end, double step = 1, TensorOptions options = {});
Tensor linspace(double start, double end, int64_t steps, TensorOptions options = {});  // both ends included

Tensor scalar(double value, DType dtype = f32);  // 0 dimensions. PyTorch: torch.tensor

// What tensor() is given: a number, or a list in braces of what it is given. {1, 2} is [2], {{1}, {2}} is [2,1].
struct NestedNumbers {
  NestedNumbers(double value) : values{value} {}
  template <class T>
  requires std::is_arithmetic_v<T> NestedNumbers(std::initializer_list<T> numbers)
      : values(numbers.begin(), numbers.end()), shape{static_cast<int64_t>(numbers.size())} {}
  NestedNumbers(std::initializer_list<NestedNumbers> parts);  // throws ShapeError where they differ in shape

  std::vector<double> values;
  Shape shape;
};
Tensor tensor(const NestedNumbers& values, TensorOptions options = {});  // nested lists: [n], [m,n], [l,m,n], ...

// A copy of `values`; its dtype is T's. T: float, double, int64_t, uint8_t. PyTorch: torch.tensor
template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape);
template <class T>
Tensor from_vector(const std::vector<T>& values) {
  return from_vector(values, {static_cast<int64_t>(values.size())});
}

}  // namespace korrel
