// What all reductions share: which dimensions go, and the values without any graph. Internal: ops/reduction.cpp,
// ops/extremum.cpp and the like check dtypes, call fold() and record the gradient.
#pragma once

#include <korrel/framework/ops/reduction.h>

namespace korrel {

// A reduction's dimensions, checked against a shape.
struct ReducedDims {
  ReducedDims(const char* op, const Shape& shape, const DimList& dim);

  bool reduced[Dims::max_rank] = {};
  Shape kept;     // as with keepdim: reduced dimensions have size 1
  Shape dropped;  // without them
  int64_t count = 1;  // elements that go into one result

  const Shape& shape(ReduceOptions options) const { return options.keepdim ? kept : dropped; }
};

// The sum over the reduced dimensions: shape `dims.kept`, dtype of x, or i64 for integers and booleans.
Tensor fold_sum(const Tensor& x, const ReducedDims& dims);

}  // namespace korrel
