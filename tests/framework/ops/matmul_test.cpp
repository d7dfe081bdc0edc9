// Matrix products as ops: what wrong use is told, and layouts that are no plain matrices. Numbers:
// tests/golden/matmul_test.cpp; gradients and the rest: samples/matmul.cpp.
#include <korrel/framework/ops/matmul.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

// sum over k of a[i,k] b[k,j], by the definition.
std::vector<double> by_hand(const Tensor& a, const Tensor& b) {
  std::vector<double> x = a.to_vector(), y = b.to_vector(), result;
  int64_t m = a.size(0), k = a.size(1), n = b.size(1);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l) sum += x[i * k + l] * y[l * n + j];
      result.push_back(sum);
    }
  return result;
}

void check_close(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-12));
}

}  // namespace

TEST_CASE("Integers multiply exactly, and wrap around") {
  using Integers = std::vector<int64_t>;
  Tensor a = tensor({{1, 2, 3}, {4, 5, 6}}, {i64}), b = tensor({{7, -8}, {9, 10}, {-11, 12}}, {i64});
  CHECK(matmul(a, b).dtype() == i64);
  CHECK(matmul(a, b).to_vector<int64_t>() == Integers{-8, 48, 7, 90});
  CHECK(mm(b.t(), a.t()).to_vector<int64_t>() == Integers{-8, 7, 48, 90});
  CHECK(mv(a, tensor({1, 0, -1}, {i64})).to_vector<int64_t>() == Integers{-2, -2});
  CHECK(dot(tensor({1, 2}, {i64}), tensor({3, 4}, {i64})).item<int64_t>() == 11);
  Tensor batch = stack({a, a * 2});  // [2,2,3] by [3,2], then by a batch of its own
  CHECK(matmul(batch, b).to_vector<int64_t>() == Integers{-8, 48, 7, 90, -16, 96, 14, 180});
  CHECK(bmm(batch, stack({b, b})).to_vector<int64_t>() == Integers{-8, 48, 7, 90, -16, 96, 14, 180});
  CHECK(addmm(tensor({1, 2}, {i64}), a, b, {.beta = 10, .alpha = -1}).to_vector<int64_t>() ==
        Integers{18, -28, 3, -70});
  CHECK(matmul(zeros({2, 0}, {i64}), zeros({0, 1}, {i64})).to_vector<int64_t>() == Integers{0, 0});
  // More digits than a double has; and past the largest integer it goes on from the smallest, as in PyTorch.
  Tensor large = from_vector(Integers{(int64_t{1} << 53) + 1, 1});
  CHECK(dot(large, tensor({1, 1}, {i64})).item<int64_t>() == (int64_t{1} << 53) + 2);
  CHECK(dot(from_vector(Integers{INT64_MAX}), tensor({2}, {i64})).item<int64_t>() == -2);
  CHECK(dot(tensor({200, 100}, {u8}), tensor({2, 1}, {u8})).item<int64_t>() == 500 % 256);
}

TEST_CASE("Wrong use is told with the rule and the shapes") {
  CHECK_THROWS_WITH_AS(matmul(zeros({2, 3}), zeros({4, 5})), "matmul: a has 3 columns, b 4 rows (a [2,3], b [4,5])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(matmul(zeros({3}), zeros({4})), "matmul: a has 3 columns, b 4 rows (a [3], b [4])", ShapeError);
  CHECK_THROWS_WITH_AS(matmul(scalar(1), zeros({4})), "matmul: both operands need at least one dimension (a [], b [4])",
                       ShapeError);
  CHECK_THROWS_AS(matmul(zeros({2, 3, 4}), zeros({3, 4, 5})), ShapeError);
  CHECK_THROWS_WITH_AS(matmul(zeros({2, 3}), zeros({3, 5}, {.dtype = f64})),
                       "matmul: a and b must have one dtype, f32, f64, i64 or u8, are f32 and f64", DtypeError);
  CHECK_THROWS_WITH_AS(matmul(zeros({2}, {.dtype = boolean}), zeros({2}, {.dtype = boolean})),
                       "matmul: a and b must have one dtype, f32, f64, i64 or u8, are bool and bool", DtypeError);
  CHECK_THROWS_WITH_AS(matmul(zeros({2, 3}), Tensor()), "matmul: b is undefined", ValueError);
  CHECK_THROWS_WITH_AS(mm(zeros({2, 3, 4}), zeros({4, 5})), "mm: a needs 2 dimensions and b 2 (a [2,3,4], b [4,5])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(bmm(zeros({2, 3, 4}), zeros({3, 4, 5})), "bmm: a is a batch of 2, b of 3 (a [2,3,4], b [3,4,5])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(dot(zeros({2}), zeros({3})), "dot: a has 2 elements, b 3", ShapeError);
  CHECK_THROWS_WITH_AS(linear(zeros({64, 256}), zeros({120, 400})),
                       "linear: weight expects 400 features, x has 256 (x [64,256], weight [120,400])", ShapeError);
  CHECK_THROWS_WITH_AS(linear(zeros({64, 400}), zeros({120, 400}), zeros({400})),
                       "linear: bias needs shape [120], has [400] (x [64,400], weight [120,400])", ShapeError);
  CHECK_THROWS_WITH_AS(addmm(zeros({4}), zeros({2, 3}), zeros({3, 5})),
                       "addmm: shapes [4] and [2,5] do not broadcast: 4 against 5 at dimension -1", ShapeError);
  CHECK_THROWS_AS(addmm(zeros({1, 2, 5}), zeros({2, 3}), zeros({3, 5})), ShapeError);
}

TEST_CASE("Transposed, sliced and broadcast operands are used where they lie") {
  Tensor a = randn({7, 5}, {.dtype = f64}), b = randn({5, 6}, {.dtype = f64});
  check_close(matmul(a, b).to_vector(), by_hand(a, b));
  Tensor at = randn({5, 7}, {.dtype = f64}).t(), bt = randn({6, 5}, {.dtype = f64}).t();
  check_close(matmul(at, bt).to_vector(), by_hand(at, bt));
  Tensor every_other = slice(randn({14, 5}, {.dtype = f64}), 0, 0, 14, 2);
  check_close(matmul(every_other, b).to_vector(), by_hand(every_other, b));
  Tensor one_row = randn({1, 5}, {.dtype = f64}).expand({7, 5});
  check_close(matmul(one_row, b).to_vector(), by_hand(one_row, b));
}

TEST_CASE("Batches that no single stride walks are taken apart") {
  Tensor a = randn({4, 3, 2, 5}, {.dtype = f64}).permute({1, 0, 2, 3});  // [3,4,2,5]
  Tensor b = randn({1, 4, 5, 6}, {.dtype = f64});
  Tensor y = matmul(a, b);
  REQUIRE(y.shape() == Shape{3, 4, 2, 6});
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 4; ++j) check_close(y[i][j].to_vector(), by_hand(a[i][j], b[0][j]));
}

TEST_CASE("A product over nothing is zero, of nothing is empty") {
  CHECK(matmul(zeros({2, 0}), zeros({0, 3})).to_vector() == std::vector<double>(6, 0.0));
  CHECK(matmul(zeros({0, 2}), zeros({2, 3})).shape() == Shape{0, 3});
  CHECK(matmul(zeros({4, 0, 2}), zeros({2, 3})).shape() == Shape{4, 0, 3});
  CHECK(linear(zeros({3, 0}), zeros({2, 0}), ones({2})).to_vector() == std::vector<double>(6, 1.0));
  CHECK(dot(zeros({0}), zeros({0})).item() == 0);
}

TEST_CASE("A beta of zero leaves the input out, even a NaN") {
  Tensor y = addmm(full({2, 2}, std::nan("")), eye(2), eye(2), {.beta = 0});
  CHECK(y.to_vector() == std::vector<double>{1, 0, 0, 1});
  Tensor left_out = ones({2}).requires_grad_();  // its gradient is zero, not missing
  sum(addmm(left_out, eye(2), eye(2), {.beta = 0})).backward();
  CHECK(left_out.grad().to_vector() == std::vector<double>{0, 0});
}

TEST_CASE("linear is the product with the transposed weight, with its gradients") {
  Tensor x = randn({2, 3, 4}, {.dtype = f64}).requires_grad_(), w = randn({5, 4}, {.dtype = f64}).requires_grad_(),
         bias = randn({5}, {.dtype = f64}).requires_grad_();
  Tensor y = linear(x, w, bias), other = matmul(x, w.t()) + bias;
  check_close(y.to_vector(), other.to_vector());
  Tensor g = randn(y.shape(), {.dtype = f64});
  std::vector<Tensor> a = grad({y}, {x, w, bias}, {g}), b = grad({other}, {x, w, bias}, {g});
  for (int i = 0; i < 3; ++i) check_close(a[i].to_vector(), b[i].to_vector());
}
