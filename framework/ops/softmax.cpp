#include <korrel/framework/ops/softmax.h>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/softmax.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/reduction.h>

namespace korrel {
namespace {

using kernels::Softmax;

// Calls f(outer, n, inner) with the sizes before, along and behind dimension `dim`.
template <class F>
void with_lines(const Shape& shape, int dim, F f) {
  int64_t outer = 1, inner = 1;
  for (int i = 0; i < dim; ++i) outer *= shape[i];
  for (int i = dim + 1; i < shape.rank(); ++i) inner *= shape[i];
  f(outer, shape.empty() ? 1 : shape[dim], inner);
}

Tensor normalised(const char* op, Softmax kind, const Tensor& x, int64_t along) {
  checked_floating(op, x);
  int dim = wrap_dim(op, along, x.dim());
  Tensor dense = x.detach().contiguous(), y = make_tensor(x.shape(), x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    with_lines(x.shape(), dim, [&](int64_t outer, int64_t n, int64_t inner) {
      kernels::softmax<T>(kind, outer, n, inner, dense.data<T>(), y.data<T>());
    });
  });
  return record(op, y, {x}, [kind, dim, y = y.detach()](const Backward& b) -> Gradients {
    if (grad_enabled()) {
      Tensor graph = b.output(y);
      if (kind == Softmax::logarithm) return {b.grad - exp(graph) * sum(b.grad, dim, {.keepdim = true})};
      Tensor weighted = b.grad * graph;
      return {weighted - graph * sum(weighted, dim, {.keepdim = true})};
    }
    Tensor gy = b.grad.contiguous(), gx = make_tensor(y.shape(), y.dtype());
    visit_floating(y.dtype(), [&]<class T>() {
      with_lines(y.shape(), dim, [&](int64_t outer, int64_t n, int64_t inner) {
        kernels::softmax_gradient<T>(kind, outer, n, inner, y.data<T>(), gy.data<T>(), gx.data<T>());
      });
    });
    return {gx};
  });
}

}  // namespace

Tensor softmax(const Tensor& x, int64_t dim) { return normalised("softmax", Softmax::plain, x, dim); }
Tensor log_softmax(const Tensor& x, int64_t dim) { return normalised("log_softmax", Softmax::logarithm, x, dim); }
Tensor softmin(const Tensor& x, int64_t dim) {
  checked_floating("softmin", x);
  return normalised("softmin", Softmax::plain, -x, dim);
}

}  // namespace korrel
