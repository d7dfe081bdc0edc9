// Reductions: sum(x), sum(x, 1), sum(x, {0, 2}, {.keepdim = true}). Names, defaults and corner cases are PyTorch's.
// Those that pick elements (max, argmax, median) are in ops/extremum.h, running ones (cumsum) in ops/scan.h.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// The dimensions that a reduction goes over: none given means all. One number or a list; negative ones count from the end.
class DimList {
 public:
  DimList() = default;
  DimList(int64_t dim) : dims_{dim} {}
  DimList(int dim) : dims_{dim} {}
  DimList(std::initializer_list<int64_t> dims) : dims_(dims) {}
  DimList(const Dims& dims) : dims_(dims) {}

  const Dims& dims() const { return dims_; }

 private:
  Dims dims_;
};

struct ReduceOptions {
  bool keepdim = false;  // leave the reduced dimensions in place, with size 1
};

// All of them throw ShapeError for a dimension out of range or named twice.

// Integers and booleans sum to i64; floating sums are accurate to a few units in the last place (blocked, then in f64) and
// the same for any number of threads. The sum of nothing is 0.
Tensor sum(const Tensor& x, const DimList& dim = {}, ReduceOptions options = {});
// Floating only. The mean of nothing is NaN.
Tensor mean(const Tensor& x, const DimList& dim = {}, ReduceOptions options = {});

// The sum of `x` over the dimensions that broadcasting `shape` to x's shape has made or stretched: the gradient of a
// broadcast. Throws ShapeError where `shape` does not broadcast to x's.
Tensor sum_to(const Tensor& x, const Shape& shape);

}  // namespace korrel
