// What all reductions share: which dimensions go, and the values without any graph. Internal: ops/reduction.cpp,
// ops/extremum.cpp and the like check dtypes, fold, and record the gradient.
#pragma once

#include <korrel/framework/kernels/reduction.h>
#include <korrel/framework/ops/reduction.h>

namespace korrel {

// The dimensions of one reduction, checked against the tensor's.
class Folding {
 public:
  Folding(const char* op, const Tensor& x, const DimList& dim);

  const Shape& kept() const { return kept_; }  // as with keepdim: reduced dimensions have size 1
  const Shape& shape(ReduceOptions options) const { return options.keepdim ? kept_ : dropped_; }
  int64_t count() const { return count_; }  // elements that go into one result
  Dims dims() const;                        // the reduced dimensions

  // Throws ValueError naming `op` where a result would be made of no elements.
  void check_not_empty() const;

  // The values, shaped kept(), divided by `divisor`. Floating x keep their dtype, others fold in i64. `centre` is
  // shaped kept() and has x's dtype.
  struct Options {
    double divisor = 1;
    Tensor centre = {};
  };
  Tensor fold(kernels::Fold how, const Tensor& x, const Options& options) const;
  Tensor fold(kernels::Fold how, const Tensor& x) const { return fold(how, x, {}); }

 private:
  const char* op_;
  Shape full_, kept_, dropped_;
  bool reduced_[Dims::max_rank] = {};
  int64_t count_ = 1;
};

// The same elements, which lie without gaps, under another shape; outside any graph.
inline Tensor with_shape(const Tensor& dense, const Shape& shape) {
  Layout layout = Layout::contiguous(shape);
  layout.offset = dense.body().layout.offset;
  return make_view(dense, layout);
}

}  // namespace korrel
