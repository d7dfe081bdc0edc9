#include <korrel/framework/ops/scan.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// Calls run(offset, stride, n) for every line along `dim` of a contiguous tensor of shape `shape`.
template <class Run>
void for_each_line(const Shape& shape, int dim, Run run) {
  int64_t n = shape.empty() ? 1 : shape[dim], inner = 1;
  for (int i = dim + 1; i < shape.rank(); ++i) inner *= shape[i];
  if (shape.numel() == 0) return;
  parallel_for(shape.numel() / n, std::max<int64_t>(1, 16384 / n), [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) run(line / inner * n * inner + line % inner, inner, n);
  });
}

// y[i] = step(y[i - 1], x[i]) along `dim`, running in Wide: f64, or i64 for integers.
template <class Step>
Tensor scan(const Tensor& x, int dim, double start, Step step) {
  Tensor source = x.detach().contiguous();
  if (!is_floating(x.dtype())) source = source.to(i64);
  Tensor y = make_tensor(x.shape(), source.dtype());
  auto run = [&]<class T, class Wide>() {
    const T* from = source.data<T>();
    T* to = y.data<T>();
    for_each_line(x.shape(), dim, [&](int64_t at, int64_t stride, int64_t n) {
      auto running = static_cast<Wide>(start);
      for (int64_t i = 0; i < n; ++i, at += stride) {
        running = step(running, static_cast<Wide>(from[at]));
        to[at] = static_cast<T>(running);
      }
    });
  };
  if (source.dtype() == i64)
    run.template operator()<int64_t, int64_t>();
  else if (source.dtype() == f64)
    run.template operator()<double, double>();
  else
    run.template operator()<float, double>();
  return y;
}

// x moved by one along `dim`, towards the end or the beginning; `fill` comes in.
Tensor moved_back(const Tensor& x, int dim, double fill) {
  if (x.shape()[dim] == 0) return x;
  return cat({full_like(narrow(x, dim, 0, 1), fill), narrow(x, dim, 0, x.shape()[dim] - 1)}, dim);
}
Tensor moved_forward(const Tensor& x, int dim, double fill) {
  if (x.shape()[dim] == 0) return x;
  return cat({narrow(x, dim, 1, x.shape()[dim] - 1), full_like(narrow(x, dim, 0, 1), fill)}, dim);
}

// y[i] = b[i] + a[i] y[i - 1], y before the first being 0. Its gradient is the same recurrence backwards, so the scans
// below have gradients of every order without a division.
Tensor recurrence(const Tensor& a, const Tensor& b, int dim);

// s[i] = g[i] + a[i + 1] s[i + 1].
Tensor recurrence_back(const Tensor& a, const Tensor& g, int dim) {
  return flip(recurrence(flip(moved_forward(a, dim, 0), {dim}), flip(g, {dim}), dim), {dim});
}

Tensor recurrence(const Tensor& a, const Tensor& b, int dim) {
  Tensor factors = a.detach().contiguous(), terms = b.detach().contiguous(), y = make_tensor(b.shape(), b.dtype());
  visit_floating(b.dtype(), [&]<class T>() {
    const T* factor = factors.data<T>();
    const T* term = terms.data<T>();
    T* to = y.data<T>();
    for_each_line(b.shape(), dim, [&](int64_t at, int64_t stride, int64_t n) {
      double running = 0;
      for (int64_t i = 0; i < n; ++i, at += stride) {
        running = static_cast<double>(term[at]) + static_cast<double>(factor[at]) * running;
        to[at] = static_cast<T>(running);
      }
    });
  });
  return record("recurrence", y, {a, b}, [a, y = y.detach(), dim](const Backward& back) -> Gradients {
    Tensor gradient = recurrence_back(a, back.grad, dim);
    return {back.needs(0) ? gradient * moved_back(back.output(y), dim, 0) : Tensor(), gradient};
  });
}

WithIndices running_extreme(const char* op, const Tensor& x, int64_t dim, bool largest) {
  int d = wrap_dim(op, dim, x);
  Tensor source = x.detach().contiguous(), values = make_tensor(x.shape(), x.dtype()),
         indices = make_tensor(x.shape(), i64);
  visit(x.dtype(), [&]<class T>() {
    const T* from = source.data<T>();
    T* to = values.data<T>();
    int64_t* index = indices.data<int64_t>();
    for_each_line(x.shape(), d, [&](int64_t at, int64_t stride, int64_t n) {
      T best = from[at];
      int64_t where = 0;
      for (int64_t i = 0; i < n; ++i, at += stride) {
        T next = from[at];
        bool better = largest ? next >= best : next <= best;
        if (best == best && (better || next != next)) {
          best = next;
          where = i;
        }
        to[at] = best;
        index[at] = where;
      }
    });
  });
  values = record(op, values, {x}, [indices, d](const Backward& b) -> Gradients {
    if (b.grad.dim() == 0) return {b.grad};
    return {scatter_add(zeros_like(b.grad), d, indices, b.grad)};
  });
  return {values, indices};
}

}  // namespace

Tensor cumsum(const Tensor& x, int64_t dim) {
  int d = wrap_dim("cumsum", dim, x);
  Tensor y = scan(x, d, 0, [](auto a, auto b) { return a + b; });
  return record("cumsum", y, {x}, [d](const Backward& b) -> Gradients {
    if (b.grad.dim() == 0) return {b.grad};
    return {flip(cumsum(flip(b.grad, {d}), d), {d})};
  });
}

Tensor cumprod(const Tensor& x, int64_t dim) {
  int d = wrap_dim("cumprod", dim, x);
  Tensor y = scan(x, d, 1, [](auto a, auto b) { return a * b; });
  return record("cumprod", y, {x}, [x, y = y.detach(), d](const Backward& b) -> Gradients {
    if (x.dim() == 0) return {b.grad};
    // x[k] is in every product from k on: what comes before k, times the sum over i >= k of grad[i] x[k + 1] ... x[i].
    return {moved_back(b.output(y), d, 1) * recurrence_back(x, b.grad, d)};
  });
}

Tensor logcumsumexp(const Tensor& x, int64_t dim) {
  checked_floating("logcumsumexp", x);
  int d = wrap_dim("logcumsumexp", dim, x);
  Tensor y = scan(x, d, -HUGE_VAL, [](auto a, auto b) {
    auto high = std::max(a, b), low = std::min(a, b);
    return low == high && std::isinf(static_cast<double>(low)) ? low : high + std::log1p(std::exp(low - high));
  });
  return record("logcumsumexp", y, {x}, [x, y = y.detach(), d](const Backward& b) -> Gradients {
    if (x.dim() == 0) return {b.grad};
    // sum over i >= k of grad[i] exp(x[k] - y[i]), with exponents <= 0 only: y never falls. -inf - -inf counts as 0.
    double lowest = x.dtype() == f32 ? std::numeric_limits<float>::lowest() : std::numeric_limits<double>::lowest();
    Tensor total = b.output(y);
    total = masked_fill(total, total.detach() == -HUGE_VAL, lowest);
    Tensor ratio = exp(moved_back(total, d, lowest) - total);
    return {exp(x - total) * recurrence_back(ratio, b.grad, d)};
  });
}

WithIndices cummax(const Tensor& x, int64_t dim) { return running_extreme("cummax", x, dim, true); }
WithIndices cummin(const Tensor& x, int64_t dim) { return running_extreme("cummin", x, dim, false); }

}  // namespace korrel
