#include <korrel/framework/ops/linalg.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/lapack.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel::linalg {
namespace {

Tensor mt(const Tensor& x) { return x.transpose(-2, -1); }

// The identity in x's dtype.
Tensor identity(const Tensor& x, int64_t n) { return eye(n, {x.dtype()}); }

// The matrices of a tensor: contiguous, finite, `count` of them, each [m,n].
struct Matrices {
  Tensor a;
  Shape batch;
  int64_t count, m, n;

  Matrices(const char* op, const Tensor& x) {
    check_defined(op, x, "a");
    check<DtypeError>(is_floating(x.dtype()), "{}: a must be f32 or f64, is {}", op, x.dtype());
    check<ShapeError>(x.dim() >= 2, "{}: needs matrices [...,m,n], a is {}", op, x.shape());
    a = x.contiguous();
    batch = x.shape().slice(0, x.dim() - 2);
    count = batch.numel();
    m = x.size(-2);
    n = x.size(-1);
    check<ShapeError>(m > 0 && n > 0, "{}: the matrices have no elements, a is {}", op, x.shape());
    visit_floating(a.dtype(), [&]<class T>() {
      const T* values = static_cast<const T*>(a.raw_data());
      for (int64_t i = 0; i < a.numel(); ++i)
        check<ValueError>(std::isfinite(values[i]), "{}: element {} of a is {}", op, i, values[i]);
    });
  }
  void check_square(const char* op) const {
    check<ShapeError>(m == n, "{}: needs square matrices, a is {}", op, a.shape());
  }
  Shape shape(std::initializer_list<int64_t> last) const {
    Shape result = batch;
    for (int64_t size : last) result.push_back(size);
    return result;
  }
  Tensor empty(std::initializer_list<int64_t> last) const { return make_tensor(shape(last), a.dtype()); }
};

// x over each column j, with s [...,k]: x / s[..., None, :].
Tensor over_columns(const Tensor& x, const Tensor& s) { return x / s.unsqueeze(-2); }
Tensor times_columns(const Tensor& x, const Tensor& s) { return x * s.unsqueeze(-2); }

// s_j - s_i, and 1 on the diagonal, where it divides zeros.
Tensor differences(const Tensor& s) { return s.unsqueeze(-2) - s.unsqueeze(-1) + identity(s, s.size(-1)); }

// Lower triangle mirrored upwards.
Tensor mirrored(const Tensor& x) { return tril(x) + mt(tril(x, -1)); }

// q r for m >= n (Walter & Lehmann 2010).
QR tall_qr(const Matrices& matrices, const Tensor& a) {
  int64_t m = matrices.m, n = matrices.n;
  Tensor q = matrices.empty({m, n}), r = matrices.empty({n, n});
  visit_floating(a.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < matrices.count; ++i)
      kernels::qr(m, n, matrices.a.data<T>() + i * m * n, q.data<T>() + i * m * n, r.data<T>() + i * n * n);
  });
  record_outputs("qr", {&q, &r}, {a}, [q = q.detach(), r = r.detach()](const Backward& b) -> Gradients {
    Tensor q_out = b.output(q, 0), r_out = b.output(r, 1), gq = b.grad_of(0), gr = b.grad_of(1);
    Tensor inner = matmul(r_out, mt(gr)) - matmul(mt(gq), q_out);
    Tensor left = gq + matmul(q_out, mirrored(inner));
    return {mt(solve(r_out, mt(left)))};  // left r^-T
  });
  return {q, r};
}

}  // namespace

QR qr(const Tensor& a) {
  Matrices matrices("qr", a);
  if (matrices.m >= matrices.n) return tall_qr(matrices, a);
  // Wide: the first m columns decide q, the others follow.
  Tensor square = a.narrow(-1, 0, matrices.m), rest = a.narrow(-1, matrices.m, matrices.n - matrices.m);
  QR first = tall_qr(Matrices("qr", square), square);
  return {first.q, cat({first.r, matmul(mt(first.q), rest)}, -1)};
}

SVD svd(const Tensor& a, SvdOptions options) {
  Matrices matrices("svd", a);
  int64_t m = matrices.m, n = matrices.n, k = std::min(m, n);
  bool full = options.full_matrices && m != n;
  check<ValueError>(!full || !a.requires_grad() || !grad_enabled(),
                    "svd: gradients need {{.full_matrices = false}}, a is {}", a.shape());
  Tensor u = matrices.empty({m, full ? m : k}), s = matrices.empty({k}), vh = matrices.empty({full ? n : k, n});
  visit_floating(a.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < matrices.count; ++i) {
      bool converged = kernels::svd(m, n, matrices.a.data<T>() + i * m * n, full, u.data<T>() + i * m * u.size(-1),
                                    s.data<T>() + i * k, vh.data<T>() + i * vh.size(-2) * n);
      check<ValueError>(converged, "svd: matrix {} did not converge", i);
    }
  });
  // Townsend 2016, "Differentiating the singular value decomposition".
  record_outputs("svd", {&u, &s, &vh}, {a},
                 [u = u.detach(), s = s.detach(), vh = vh.detach(), m, n, k](const Backward& b) -> Gradients {
                   Tensor u_out = b.output(u, 0), s_out = b.output(s, 1), vh_out = b.output(vh, 2);
                   Tensor gu = b.grad_of(0), gs = b.grad_of(1), gv = mt(b.grad_of(2));
                   Tensor v_out = mt(vh_out), between = differences(s_out * s_out);
                   Tensor on_u = matmul(mt(u_out), gu), on_v = matmul(mt(v_out), gv);
                   Tensor inner = times_columns((on_u - mt(on_u)) / between, s_out) +
                                  s_out.unsqueeze(-1) * ((on_v - mt(on_v)) / between) + diag_embed(gs);
                   Tensor ga = matmul(u_out, inner);
                   if (m > k) ga = ga + over_columns(gu - matmul(u_out, on_u), s_out);
                   ga = matmul(ga, vh_out);
                   if (n > k) ga = ga + matmul(over_columns(u_out, s_out), mt(gv - matmul(v_out, on_v)));
                   return {ga};
                 });
  return {u, s, vh};
}

Eigh eigh(const Tensor& a) {
  Matrices matrices("eigh", a);
  matrices.check_square("eigh");
  int64_t n = matrices.n;
  Tensor values = matrices.empty({n}), vectors = matrices.empty({n, n});
  visit_floating(a.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < matrices.count; ++i)
      check<ValueError>(
          kernels::eigh(n, matrices.a.data<T>() + i * n * n, values.data<T>() + i * n, vectors.data<T>() + i * n * n),
          "eigh: matrix {} did not converge", i);
  });
  record_outputs("eigh", {&values, &vectors}, {a},
                 [values = values.detach(), vectors = vectors.detach()](const Backward& b) -> Gradients {
                   Tensor w = b.output(values, 0), v = b.output(vectors, 1), on_v = matmul(mt(v), b.grad_of(1));
                   // The diagonal of on_v is the vectors' length, which does not change.
                   Tensor off_diagonal = on_v - diag_embed(diagonal(on_v, 0, -2, -1));
                   Tensor inner = off_diagonal / differences(w) + diag_embed(b.grad_of(0));
                   return {matmul(matmul(v, inner), mt(v))};
                 });
  return {values, vectors};
}

Tensor solve(const Tensor& a, const Tensor& b) {
  Matrices matrices("solve", a);
  matrices.check_square("solve");
  int64_t n = matrices.n;
  check_defined("solve", b, "b");
  check<DtypeError>(b.dtype() == a.dtype(), "solve: a is {}, b is {}", a.dtype(), b.dtype());
  if (b.dim() == 1 || (b.dim() == a.dim() - 1 && b.shape() == a.shape().slice(0, a.dim() - 1)))
    return solve(a, b.unsqueeze(-1)).squeeze(-1);
  check<ShapeError>(b.dim() >= 2 && b.size(-2) == n, "solve: b needs {} rows, a is {} and b {}", n, a.shape(),
                    b.shape());
  int64_t k = b.size(-1);
  Shape batch = broadcast_shapes("solve", matrices.batch, b.shape().slice(0, b.dim() - 2));
  auto broadcast = [&](const Tensor& x) {
    Shape shape = batch;
    shape.push_back(x.size(-2));
    shape.push_back(x.size(-1));
    return x.shape() == shape ? x : x.expand(shape);
  };
  const Tensor left = broadcast(a).contiguous(), right = broadcast(b).contiguous();
  Tensor x = make_tensor(right.shape(), a.dtype());
  visit_floating(a.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < batch.numel() && k > 0; ++i)
      check<ValueError>(
          kernels::solve(n, k, left.data<T>() + i * n * n, right.data<T>() + i * n * k, x.data<T>() + i * n * k),
          "solve: matrix {} of a {} is singular", i, a.shape());
  });
  return record("solve", x, {left, right}, [left, x = x.detach()](const Backward& bw) -> Gradients {
    Tensor gb = solve(mt(left), bw.grad);
    return {bw.needs(0) ? -matmul(gb, mt(bw.output(x))) : Tensor(), gb};
  });
}

Tensor inv(const Tensor& a) {
  Matrices matrices("inv", a);
  matrices.check_square("inv");
  int64_t n = matrices.n;
  Tensor y = matrices.empty({n, n});
  visit_floating(a.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < matrices.count; ++i)
      check<ValueError>(kernels::inverse(n, matrices.a.data<T>() + i * n * n, y.data<T>() + i * n * n),
                        "inv: matrix {} of a {} is singular", i, a.shape());
  });
  return record("inv", y, {a}, [y = y.detach()](const Backward& b) -> Gradients {
    Tensor t = mt(b.output(y));
    return {-matmul(matmul(t, b.grad), t)};
  });
}

namespace {

// The matrix of cofactors, which is det(a) a^-T but exists for singular matrices too: by the SVD, without a graph.
Tensor cofactors(const Tensor& a) {
  NoGradGuard guard;
  SVD parts = svd(a);
  int64_t k = parts.s.size(-1);
  std::vector<Tensor> others;  // for each singular value the product of all the others
  for (int64_t i = 0; i < k; ++i) {
    Tensor product = ones_like(parts.s.select(-1, 0));
    for (int64_t j = 0; j < k; ++j)
      if (j != i) product = product * parts.s.select(-1, j);
    others.push_back(product);
  }
  Tensor sign = det(parts.u) * det(parts.vh);
  return matmul(times_columns(parts.u, stack(others, -1)), parts.vh) * sign.unsqueeze(-1).unsqueeze(-1);
}

}  // namespace

Tensor det(const Tensor& a) {
  Matrices matrices("det", a);
  matrices.check_square("det");
  int64_t n = matrices.n;
  Tensor y = make_tensor(matrices.batch, a.dtype());
  bool singular = false;
  visit_floating(a.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < matrices.count; ++i) {
      T sign, log;
      kernels::log_determinant(n, matrices.a.data<T>() + i * n * n, &sign, &log);
      y.data<T>()[i] = sign * std::exp(log);
      singular |= sign == 0;
    }
  });
  return record("det", y, {a}, [a, y = y.detach(), singular](const Backward& b) -> Gradients {
    Tensor g = b.grad.unsqueeze(-1).unsqueeze(-1);
    if (singular) return {g * cofactors(a.detach())};  // first order only
    return {g * b.output(y).unsqueeze(-1).unsqueeze(-1) * mt(inv(a))};
  });
}

Slogdet slogdet(const Tensor& a) {
  Matrices matrices("slogdet", a);
  matrices.check_square("slogdet");
  int64_t n = matrices.n;
  Tensor sign = make_tensor(matrices.batch, a.dtype()), log = make_tensor(matrices.batch, a.dtype());
  visit_floating(a.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < matrices.count; ++i)
      kernels::log_determinant(n, matrices.a.data<T>() + i * n * n, sign.data<T>() + i, log.data<T>() + i);
  });
  log = record("slogdet", log, {a},
               [a](const Backward& b) -> Gradients { return {b.grad.unsqueeze(-1).unsqueeze(-1) * mt(inv(a))}; });
  return {sign, log};
}

Tensor cholesky(const Tensor& a) {
  Matrices matrices("cholesky", a);
  matrices.check_square("cholesky");
  int64_t n = matrices.n;
  Tensor y = matrices.empty({n, n});
  visit_floating(a.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < matrices.count; ++i)
      check<ValueError>(kernels::cholesky(n, matrices.a.data<T>() + i * n * n, y.data<T>() + i * n * n),
                        "cholesky: matrix {} of a {} is not positive definite", i, a.shape());
  });
  // Murray 2016, "Differentiation of the Cholesky decomposition".
  return record("cholesky", y, {a}, [y = y.detach(), n](const Backward& b) -> Gradients {
    Tensor l = b.output(y), inner = tril(matmul(mt(l), b.grad)) * (1 - 0.5 * identity(l, n));
    Tensor left = solve(mt(l), inner);         // l^-T inner
    Tensor both = mt(solve(mt(l), mt(left)));  // l^-T inner l^-1
    return {0.5 * (both + mt(both))};
  });
}

Tensor lstsq(const Tensor& a, const Tensor& b) {
  Matrices matrices("lstsq", a);
  check_defined("lstsq", b, "b");
  check<DtypeError>(b.dtype() == a.dtype(), "lstsq: a is {}, b is {}", a.dtype(), b.dtype());
  check<ShapeError>(b.dim() >= 2 && b.size(-2) == matrices.m, "lstsq: b needs {} rows, a is {} and b {}", matrices.m,
                    a.shape(), b.shape());
  bool tall = matrices.m >= matrices.n;
  QR parts = qr(tall ? a : mt(a));
  std::vector<double> pivots = diagonal(parts.r.detach(), 0, -2, -1).to_vector();
  std::size_t k = static_cast<std::size_t>(parts.r.size(-1));
  double epsilon = a.dtype() == f64 ? 2.3e-16 : 1.2e-7;
  for (std::size_t i = 0; i < pivots.size(); i += k) {
    double most = 0, least = INFINITY;
    for (std::size_t j = i; j < i + k; ++j)
      most = std::max(most, std::abs(pivots[j])), least = std::min(least, std::abs(pivots[j]));
    check<ValueError>(least > most * epsilon * static_cast<double>(std::max(matrices.m, matrices.n)),
                      "lstsq: matrix {} of a {} has not full rank", i / k, a.shape());
  }
  return tall ? solve(parts.r, matmul(mt(parts.q), b)) : matmul(parts.q, solve(mt(parts.r), b));
}

}  // namespace korrel::linalg
