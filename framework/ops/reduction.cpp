#include <korrel/framework/ops/reduction.h>

#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/fold.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {

using kernels::Fold;

namespace {

void check_floating(const char* op, const Tensor& x) {
  check<DtypeError>(is_floating(x.dtype()), "{}: expects a floating tensor, x is {}", op, x.dtype());
}

}  // namespace

Tensor sum(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  Folding folding("sum", x.shape(), dim);
  Tensor y = with_shape(folding.fold(Fold::sum, x), folding.shape(options));
  return record("sum", y, {x}, [kept = folding.kept(), shape = x.shape()](const Backward& b) -> Gradients {
    return {b.grad.reshape(kept).expand(shape)};
  });
}

Tensor nansum(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  return sum(is_floating(x.dtype()) ? masked_fill(x, x != x, 0) : x, dim, options);
}

Tensor mean(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  check_floating("mean", x);
  Folding folding("mean", x.shape(), dim);
  auto n = static_cast<double>(folding.count());
  Tensor y = with_shape(folding.fold(Fold::sum, x, {.divisor = n}), folding.shape(options));
  return record("mean", y, {x}, [kept = folding.kept(), shape = x.shape(), n](const Backward& b) -> Gradients {
    return {(b.grad / n).reshape(kept).expand(shape)};
  });
}

Tensor var(const Tensor& x, const DimList& dim, const VarOptions& options) {
  check_floating("var", x);
  Folding folding("var", x.shape(), dim);
  auto n = static_cast<double>(folding.count()), divisor = std::max(0.0, n - options.unbiased);
  Tensor centre = folding.fold(Fold::sum, x, {.divisor = n});
  Tensor y = with_shape(folding.fold(Fold::square_sum, x, {divisor, centre}), folding.shape({options.keepdim}));
  return record("var", y, {x}, [x, folding, divisor](const Backward& b) -> Gradients {
    Tensor centred = x - mean(x, folding.dims(), {.keepdim = true});
    return {(b.grad * (2 / divisor)).reshape(folding.kept()) * centred};
  });
}

Tensor count_nonzero(const Tensor& x, const DimList& dim) { return sum(x != 0, dim); }

Tensor all(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  return (sum(x == 0, dim, options) == 0).to(x.dtype() == u8 ? u8 : boolean);
}

Tensor any(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  return (sum(x != 0, dim, options) != 0).to(x.dtype() == u8 ? u8 : boolean);
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
