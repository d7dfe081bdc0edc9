#include <korrel/framework/ops/reduction.h>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/fold.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {

Tensor mul(const Tensor& a, const Tensor& b);

namespace {

// Gives the same layout on fresh values another shape (dimensions of size 1 dropped): no graph.
Tensor shaped(const Tensor& y, const Shape& shape) { return make_view(y, Layout::contiguous(shape)); }

}  // namespace

Tensor sum(const Tensor& x, const DimList& dim, ReduceOptions options) {
  ReducedDims dims("sum", x.shape(), dim);
  Tensor y = shaped(fold_sum(x, dims), dims.shape(options));
  return record("sum", y, {x}, [kept = dims.kept, shape = x.shape()](const Backward& b) -> Gradients {
    return {b.grad.reshape(kept).expand(shape)};
  });
}

Tensor mean(const Tensor& x, const DimList& dim, ReduceOptions options) {
  check<DtypeError>(is_floating(x.dtype()), "mean: expects a floating tensor, x is {}", x.dtype());
  ReducedDims dims("mean", x.shape(), dim);
  return mul(sum(x, dim, options), scalar(1.0 / static_cast<double>(dims.count), x.dtype()));
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  int extra = x.dim() - shape.rank();
  check<ShapeError>(extra >= 0, "sum_to: {} does not broadcast to {}", shape, x.shape());
  Dims over;
  for (int i = 0; i < x.dim(); ++i) {
    int64_t target = i < extra ? 1 : shape[i - extra];
    check<ShapeError>(target == 1 || target == x.shape()[i], "sum_to: {} does not broadcast to {}", shape, x.shape());
    if (target != x.shape()[i] || i < extra) over.push_back(i);
  }
  return sum(x, over, {.keepdim = true}).reshape(shape);
}

}  // namespace korrel
