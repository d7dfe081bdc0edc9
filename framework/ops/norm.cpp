// norm(): apart from the other reductions because each p has its own formula and slope.
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/fold.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

using kernels::Fold;

Tensor norm_values(const Tensor& x, double p, const Folding& folding) {
  if (p == 0) return folding.fold(Fold::sum, (x != 0).to(x.dtype()));
  if (p == 1) return folding.fold(Fold::sum, abs(x));
  if (p == 2) return sqrt(folding.fold(Fold::square_sum, x));
  if (std::isinf(p)) return folding.fold(p > 0 ? Fold::max : Fold::min, abs(x));
  return pow(folding.fold(Fold::sum, pow(abs(x), p)), 1 / p);
}

// The gradient of x where that of the norm is `grad`; both `grad` and the norm `y` broadcast to x. Written so that
// nothing divides by a zero that is masked afterwards: the second derivative would be NaN there.
Tensor norm_gradient(const Tensor& x, const Tensor& y, const Tensor& grad, double p, const Dims& dims) {
  if (p == 0) return zeros_like(x);
  if (p == 1) return sign(x) * grad;
  if (std::isinf(p)) {
    Tensor ties = (abs(x) == y).to(x.dtype());
    return sign(x) * ties * (grad / sum(ties, dims, {.keepdim = true}));
  }
  Tensor origin = y.detach() == 0;
  Tensor scale = masked_fill(grad / pow(masked_fill(y, origin, 1), p - 1), origin, 0);
  if (p == 2) return x * scale;
  if (p > 2) return x * pow(abs(x), p - 2) * scale;
  Tensor zero = x.detach() == 0;
  return masked_fill(sign(x) * pow(masked_fill(abs(x), zero, 1), p - 1), zero, 0) * scale;
}

}  // namespace

Tensor norm(const Tensor& x, double p, const DimList& dim, const ReduceOptions& options) {
  checked_floating("norm", x);
  Folding folding("norm", x, dim);
  if (p < 0 || std::isinf(p)) folding.check_not_empty();
  Tensor y = no_grad([&] { return with_shape(norm_values(x, p, folding), folding.shape(options)); });
  return record("norm", y, {x}, [x, y = y.detach(), p, folding](const Backward& b) -> Gradients {
    const Shape& kept = folding.kept();
    return {norm_gradient(x, b.output(y).reshape(kept), b.grad.reshape(kept), p, folding.dims())};
  });
}

}  // namespace korrel
