// Orthogonal initialisation: rows or columns, whichever are fewer, orthonormal times gain; drawn from the generator
// given.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/init.h>

using namespace korrel;

namespace {

double distance(const Tensor& a, const Tensor& b) {
  double most = 0;
  for (double difference : (a - b).to_vector()) most = std::max(most, std::abs(difference));
  return most;
}

}  // namespace

TEST_CASE("Rows of a wide weight, columns of a tall one are orthonormal times gain") {
  for (DType dtype : {f32, f64}) {
    double tolerance = dtype == f32 ? 1e-5 : 1e-12;
    Tensor wide = zeros({4, 6}, {dtype}), tall = zeros({6, 4}, {dtype}), kernel = zeros({5, 3, 2, 2}, {dtype});
    nn::init::orthogonal_(wide, 2);
    nn::init::orthogonal_(tall);
    nn::init::orthogonal_(kernel);
    CHECK(distance(matmul(wide, wide.t()), 4 * eye(4, {dtype})) < tolerance);
    CHECK(distance(matmul(tall.t(), tall), eye(4, {dtype})) < tolerance);
    Tensor flat = kernel.reshape({5, 12});
    CHECK(distance(matmul(flat, flat.t()), eye(5, {dtype})) < tolerance);
  }
}

TEST_CASE("The same seed gives the same weights, and signs are not LAPACK's") {
  Generator a(7), b(7);
  Tensor x = zeros({8, 8}), y = zeros({8, 8});
  nn::init::orthogonal_(x, 1, a);
  nn::init::orthogonal_(y, 1, b);
  CHECK(x.to_vector() == y.to_vector());
  // LAPACK's q of a matrix with positive first column has a negative first entry; uniformly drawn ones have both signs.
  int positive = 0;
  for (int i = 0; i < 40; ++i) {
    nn::init::orthogonal_(x, 1, a);
    positive += x[0][0].item() > 0;
  }
  CHECK(positive > 5);
  CHECK(positive < 35);
}

TEST_CASE("Vectors and integers have no orthogonal form") {
  Tensor vector = zeros({3}), integers = zeros({3, 3}, {.dtype = i64});
  CHECK_THROWS_WITH_AS(nn::init::orthogonal_(vector), "orthogonal_: needs two dimensions or more, got shape [3]",
                       ShapeError);
  CHECK_THROWS_AS(nn::init::orthogonal_(integers), DtypeError);
}
