// Linear algebra: what each decomposition promises, by the definition, and what has none is told. Gradients:
// samples/linalg.cpp.
#include <korrel/framework/ops/linalg.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

Tensor noise(const Shape& shape) { return randn(shape, {.dtype = f64}); }

void check_close(const Tensor& a, const Tensor& b, double tolerance = 1e-12) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::abs(x[i] - y[i]) <= tolerance);
}
void check_orthonormal_columns(const Tensor& q, double tolerance = 1e-12) {
  check_close(matmul(q.transpose(-2, -1), q), eye(q.size(-1), {q.dtype()}).expand({q.size(0), q.size(-1), q.size(-1)}),
              tolerance);
}

}  // namespace

TEST_CASE("qr: orthonormal columns times an upper triangle, tall, square and wide, f32 too") {
  for (auto [m, n] : {std::pair<int64_t, int64_t>{5, 3}, {4, 4}, {3, 6}, {1, 1}, {40, 17}}) {
    Tensor a = noise({2, m, n});
    linalg::QR result = linalg::qr(a);
    CHECK(result.q.shape() == Shape{2, m, std::min(m, n)});
    check_orthonormal_columns(result.q);
    check_close(result.r, triu(result.r), 0);
    check_close(matmul(result.q, result.r), a);
    linalg::QR single = linalg::qr(a.to(f32));
    CHECK(single.q.dtype() == f32);
    check_close(matmul(single.q, single.r), a.to(f32), 1e-4);
  }
}

TEST_CASE("svd: u diag(s) vh, descending; full or not") {
  for (auto [m, n] : {std::pair<int64_t, int64_t>{5, 3}, {4, 4}, {3, 6}}) {
    Tensor a = noise({2, m, n});
    linalg::SVD small = linalg::svd(a, {.full_matrices = false}), full = linalg::svd(a);
    check_close(matmul(small.u * small.s.unsqueeze(-2), small.vh), a);
    check_orthonormal_columns(small.u);
    CHECK(full.u.shape() == Shape{2, m, m});
    CHECK(full.vh.shape() == Shape{2, n, n});
    check_orthonormal_columns(full.u);
    check_close(full.s, small.s);
    std::vector<double> s = small.s[0].to_vector();
    CHECK(std::is_sorted(s.rbegin(), s.rend()));
  }
}

TEST_CASE("eigh: a v = v diag(w), of the lower triangle only") {
  Tensor a = noise({2, 4, 4}), symmetric = a + a.transpose(-2, -1);
  linalg::Eigh result = linalg::eigh(symmetric), lower = linalg::eigh(tril(symmetric));
  check_close(matmul(symmetric, result.vectors), result.vectors * result.values.unsqueeze(-2));
  check_close(lower.values, result.values, 0);
  Tensor known = tensor({{2, 1}, {1, 2}}, {.dtype = f64});
  check_close(linalg::eigh(known).values, tensor({1, 3}, {.dtype = f64}));
}

TEST_CASE("solve and inv: the product with the matrix gives back") {
  Tensor a = noise({3, 4, 4}), b = noise({3, 4, 2});
  check_close(matmul(a, linalg::solve(a, b)), b, 1e-10);
  check_close(matmul(a, linalg::inv(a)), eye(4, {f64}).expand({3, 4, 4}), 1e-10);
  Tensor vector = noise({4});
  check_close(matmul(a[0], linalg::solve(a[0], vector)), vector, 1e-10);
  CHECK(linalg::solve(a, noise({3, 4})).shape() == Shape{3, 4});
  CHECK(linalg::solve(a[0], noise({5, 4, 2})).shape() == Shape{5, 4, 2});
}

TEST_CASE("det and slogdet, known, singular, large") {
  Tensor a = tensor({{1, 2}, {3, 4}}, {.dtype = f64});
  CHECK(linalg::det(a).item() == doctest::Approx(-2));
  CHECK(linalg::slogdet(a).sign.item() == -1);
  CHECK(linalg::slogdet(a).logabsdet.item() == doctest::Approx(std::log(2)));
  Tensor singular = tensor({{1, 2}, {2, 4}}, {.dtype = f64}).requires_grad_();
  Tensor zero = linalg::det(singular);
  CHECK(zero.item() == 0);
  zero.backward();
  check_close(singular.grad(), tensor({{4, -2}, {-2, 1}}, {.dtype = f64}));
  CHECK(linalg::slogdet(singular.detach()).logabsdet.item() == -INFINITY);
  CHECK(linalg::slogdet(1e3 * eye(200, {f64})).logabsdet.item() == doctest::Approx(200 * std::log(1e3)));
}

TEST_CASE("cholesky: l l^T") {
  Tensor a = noise({2, 4, 4}), spd = matmul(a, a.transpose(-2, -1)) + eye(4, {f64});
  Tensor l = linalg::cholesky(spd);
  check_close(l, tril(l), 0);
  check_close(matmul(l, l.transpose(-2, -1)), spd, 1e-10);
}

TEST_CASE("lstsq: the residual is orthogonal to the columns; the shortest solution if there are several") {
  Tensor a = noise({6, 3}), b = noise({6, 2}), x = linalg::lstsq(a, b);
  check_close(matmul(a.t(), matmul(a, x) - b), zeros({3, 2}, {f64}), 1e-10);
  Tensor wide = noise({3, 6}), c = noise({3, 1}), y = linalg::lstsq(wide, c);
  check_close(matmul(wide, y), c, 1e-10);
  Tensor shortest = matmul(wide.t(), linalg::solve(matmul(wide, wide.t()), c));
  check_close(y, shortest, 1e-10);
}

TEST_CASE("What has no result is told") {
  Tensor singular = tensor({{1, 2}, {2, 4}}), a = randn({3, 3});
  CHECK_THROWS_WITH_AS(linalg::inv(singular), "inv: matrix 0 of a [2,2] is singular", ValueError);
  CHECK_THROWS_WITH_AS(linalg::solve(singular, ones({2})), "solve: matrix 0 of a [2,2] is singular", ValueError);
  CHECK_THROWS_WITH_AS(linalg::cholesky(tensor({{1, 2}, {2, 1}})),
                       "cholesky: matrix 0 of a [2,2] is not positive definite", ValueError);
  CHECK_THROWS_WITH_AS(linalg::lstsq(tensor({{1, 2}, {2, 4}, {3, 6}}), ones({3, 1})),
                       "lstsq: matrix 0 of a [3,2] has not full rank", ValueError);
  CHECK_THROWS_WITH_AS(linalg::inv(zeros({2, 3})), "inv: needs square matrices, a is [2,3]", ShapeError);
  CHECK_THROWS_WITH_AS(linalg::qr(zeros({3})), "qr: needs matrices [...,m,n], a is [3]", ShapeError);
  CHECK_THROWS_WITH_AS(linalg::qr(zeros({3, 0})), "qr: the matrices have no elements, a is [3,0]", ShapeError);
  CHECK_THROWS_WITH_AS(linalg::solve(a, ones({2, 1})), "solve: b needs 3 rows, a is [3,3] and b [2,1]", ShapeError);
  CHECK_THROWS_WITH_AS(linalg::svd(full({2, 2}, NAN)), "svd: element 0 of a is nan", ValueError);
  CHECK_THROWS_WITH_AS(linalg::det(eye(2, {.dtype = i64})), "det: a must be f32 or f64, is i64", DtypeError);
  CHECK_THROWS_WITH_AS(linalg::svd(randn({3, 2}).requires_grad_()),
                       "svd: gradients need {.full_matrices = false}, a is [3,2]", ValueError);
}
