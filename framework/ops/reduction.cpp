#include <korrel/framework/ops/reduction.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/fold.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/scan.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {

using kernels::Fold;

namespace {

// For every element the product of all the others that are reduced with it: right where there are zeros, too.
Tensor products_of_others(const Tensor& x, const Dims& reduced) {
  int rank = x.dim(), kept = rank - reduced.rank();
  Dims last;
  for (int i = kept; i < rank; ++i) last.push_back(i);
  Tensor moved = movedim(x, reduced, last), rows = flatten(moved, kept, -1);
  int64_t n = rows.size(-1);
  Tensor one = ones_like(narrow(rows, -1, 0, 1));
  Tensor before = cumprod(cat({one, narrow(rows, -1, 0, n - 1)}, -1), -1);
  Tensor after = flip(cumprod(cat({one, flip(narrow(rows, -1, 1, n - 1), {-1})}, -1), -1), {-1});
  return movedim((before * after).reshape(moved.shape()), last, reduced);
}

}  // namespace

Tensor sum(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  Folding folding("sum", x, dim);
  Tensor y = with_shape(folding.fold(Fold::sum, x), folding.shape(options));
  return record("sum", y, {x}, [kept = folding.kept(), shape = x.shape()](const Backward& b) -> Gradients {
    return {b.grad.reshape(kept).expand(shape)};
  });
}

Tensor nansum(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  Folding("nansum", x, dim);  // names this op where x or dim is wrong, here and below
  return sum(is_floating(x.dtype()) ? masked_fill(x, x != x, 0) : x, dim, options);
}

Tensor mean(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  checked_floating("mean", x);
  Folding folding("mean", x, dim);
  auto n = static_cast<double>(folding.count());
  Tensor y = with_shape(folding.fold(Fold::sum, x, {.divisor = n}), folding.shape(options));
  return record("mean", y, {x}, [kept = folding.kept(), shape = x.shape(), n](const Backward& b) -> Gradients {
    return {(b.grad / n).reshape(kept).expand(shape)};
  });
}

Tensor prod(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  Folding folding("prod", x, dim);
  Tensor y = with_shape(folding.fold(Fold::prod, x), folding.shape(options));
  return record("prod", y, {x}, [x, y = y.detach(), folding](const Backward& b) -> Gradients {
    Tensor grad = b.grad.reshape(folding.kept());
    if (x.numel() == 0) return {grad.expand(x.shape())};
    if (any(x.detach() == 0).item<bool>()) return {grad * products_of_others(x, folding.dims())};
    return {grad * b.output(y).reshape(folding.kept()) / x};
  });
}

Tensor var(const Tensor& x, const DimList& dim, const VarOptions& options) {
  checked_floating("var", x);
  Folding folding("var", x, dim);
  auto n = static_cast<double>(folding.count()), divisor = std::max(0.0, n - options.unbiased);
  Tensor centre = folding.fold(Fold::sum, x, {.divisor = n});
  Tensor y = with_shape(folding.fold(Fold::square_sum, x, {divisor, centre}), folding.shape({options.keepdim}));
  return record("var", y, {x}, [x, folding, divisor](const Backward& b) -> Gradients {
    Tensor centred = x - mean(x, folding.dims(), {.keepdim = true});
    return {(b.grad * (2 / divisor)).reshape(folding.kept()) * centred};
  });
}

Tensor std(const Tensor& x, const DimList& dim, const VarOptions& options) {
  checked_floating("std", x);
  Tensor variance = var(x, dim, options), y = no_grad([&] { return sqrt(variance); });
  return record("std", y, {variance}, [y = y.detach()](const Backward& b) -> Gradients {
    // Where all elements are equal the root has no slope: 0, as in PyTorch.
    Tensor root = b.output(y), flat = y == 0;
    return {masked_fill(b.grad / (2 * masked_fill(root, flat, 1)), flat, 0)};
  });
}

Tensor logsumexp(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  checked_floating("logsumexp", x);
  Folding folding("logsumexp", x, dim);
  folding.check_not_empty();
  Tensor y = no_grad([&] {
    Tensor largest = folding.fold(Fold::max, x);
    largest = masked_fill(largest, abs(largest) == HUGE_VAL, 0);
    return log(folding.fold(Fold::sum, exp(x - largest))) + largest;
  });
  y = with_shape(y, folding.shape(options));
  return record("logsumexp", y, {x}, [x, y = y.detach(), kept = folding.kept()](const Backward& b) -> Gradients {
    return {b.grad.reshape(kept) * exp(x - b.output(y).reshape(kept))};
  });
}

Tensor count_nonzero(const Tensor& x, const DimList& dim) {
  Folding("count_nonzero", x, dim);
  return sum(x.dtype() == boolean ? x : x != 0, dim);
}

Tensor all(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  Folding("all", x, dim);
  Tensor none = x.dtype() == boolean ? logical_not(x) : x == 0;
  return (sum(none, dim, options) == 0).to(x.dtype() == u8 ? u8 : boolean);
}

Tensor any(const Tensor& x, const DimList& dim, const ReduceOptions& options) {
  Folding("any", x, dim);
  return (sum(x.dtype() == boolean ? x : x != 0, dim, options) != 0).to(x.dtype() == u8 ? u8 : boolean);
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  check_defined("sum_to", x);
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
