// Reductions that sum or multiply: sum(x), sum(x, 1), sum(x, {0, 2}, {.keepdim = true}). Names, defaults and corner
// cases are PyTorch's. Those that pick elements (max, argmax, median) are in ops/extremum.h, running ones (cumsum) in
// ops/scan.h. All of them throw ShapeError for a dimension that is out of range or named twice.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// The dimensions that a reduction goes over: one number or a list, negative ones counted from the end. None means all.
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

// Integers and booleans give i64. Floating sums are right to a few units in the last place whatever the length,
// and the same for any number of threads. Nothing adds up to 0 and multiplies to 1; the mean of nothing is NaN.
Tensor sum(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});
Tensor nansum(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});  // sum, NaN counting as 0
Tensor mean(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});    // of floating x
Tensor prod(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});    // the product

// Variance; std: its root. Over n elements: the sum of (x - mean)^2, divided by n - 1 if unbiased, else by n. Floating
// x only.
struct VarOptions {
  bool unbiased = true;
  bool keepdim = false;
};
Tensor var(const Tensor& x, const DimList& dim = {}, const VarOptions& options = {});
Tensor std(const Tensor& x, const DimList& dim = {}, const VarOptions& options = {});

// log(sum(exp(x))) without overflow. Floating x only.
Tensor logsumexp(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});

// sum(|x|^p)^(1/p) over all the dimensions together; p = 0 counts the elements that are not zero, p = inf and -inf are
// the largest and the smallest magnitude. The slope at the origin is 0. Floating x only.
Tensor norm(const Tensor& x, double p = 2, const DimList& dim = {}, const ReduceOptions& options = {});

// Whether all or any elements are not zero: bool (u8 for u8). How many: i64.
Tensor all(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});  // whether none is 0
Tensor any(const Tensor& x, const DimList& dim = {}, const ReduceOptions& options = {});  // whether one is not 0
Tensor count_nonzero(const Tensor& x, const DimList& dim = {});  // how many elements are not 0: i64

// The sum over the dimensions that broadcasting `shape` to x's shape makes or stretches: the gradient of a broadcast. x
// itself where nothing is to be done; ShapeError if `shape` does not broadcast so. PyTorch: torch.Tensor.sum_to_size
Tensor sum_to(const Tensor& x, const Shape& shape);

}  // namespace korrel
