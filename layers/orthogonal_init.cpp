#include <korrel/framework/autograd/grad_mode.h>

#include <algorithm>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/linalg.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/init.h>

namespace korrel::nn::init {

Tensor& orthogonal_(Tensor& x, double gain, Generator& generator) {
  check<DtypeError>(is_floating(x.dtype()), "orthogonal_: needs a floating tensor, got {}", x.dtype());
  check<ShapeError>(x.dim() >= 2, "orthogonal_: needs two dimensions or more, got shape {}", x.shape());
  if (x.numel() == 0) return x;
  NoGradGuard guard;
  int64_t rows = x.size(0), columns = x.numel() / rows;
  bool wide = rows < columns;
  // The q of a normal matrix is uniform among the orthonormal ones once r's diagonal is made positive (Mezzadri 2007).
  linalg::QR parts = linalg::qr(randn(wide ? Shape{columns, rows} : Shape{rows, columns}, {x.dtype()}, generator));
  Tensor diagonal = korrel::diagonal(parts.r);
  Tensor q = parts.q * where(diagonal < 0, full_like(diagonal, -gain), full_like(diagonal, gain));
  if (wide) q = q.t();
  q = q.contiguous();
  visit_floating(x.dtype(), [&]<class T>() { std::copy_n(q.data<T>(), q.numel(), x.data<T>()); });
  return x;
}

}  // namespace korrel::nn::init
