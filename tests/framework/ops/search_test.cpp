#include <korrel/framework/ops/search.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/base/error.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;
using Ints = std::vector<int>;

namespace {
Tensor ints(std::initializer_list<double> values) { return tensor(values, {i64}); }
Ints values(const Tensor& x) { return x.to_vector<int>(); }
}  // namespace

TEST_CASE("one_hot") {
  CHECK(values(one_hot(ints({0, 2}))) == Ints{1, 0, 0, 0, 0, 1});
  CHECK(one_hot(ints({0, 2}), 5).shape() == Shape{2, 5});
  CHECK(one_hot(zeros({0}, {i64}), 3).shape() == Shape{0, 3});
  CHECK(values(one_hot(scalar(1, i64), 2)) == Ints{0, 1});
  CHECK_THROWS_WITH_AS(one_hot(ints({3}), 3), "one_hot: class 3 of 3 classes", ValueError);
  CHECK_THROWS_WITH_AS(one_hot(ints({-1})), "one_hot: class -1 is negative", ValueError);
  CHECK_THROWS_WITH_AS(one_hot(zeros({0}, {i64})), "one_hot: the number of classes cannot be told from an empty x",
                       ValueError);
  CHECK_THROWS_WITH_AS(one_hot(tensor({1})), "one_hot: x must be i64, it is f32", DtypeError);
}

TEST_CASE("bincount") {
  CHECK(values(bincount(ints({1, 3, 1}))) == Ints{0, 2, 0, 1});
  CHECK(values(bincount(ints({1}), {}, 4)) == Ints{0, 1, 0, 0});
  CHECK(bincount(ints({0, 0}), tensor({0.5, 1})).item() == 1.5);
  CHECK(bincount(ints({0, 0}), tensor({0.5, 1})).dtype() == f32);
  CHECK(bincount(zeros({0}, {i64})).shape() == Shape{0});
  CHECK_THROWS_WITH_AS(bincount(ints({-2})), "bincount: -2 is negative", ValueError);
  CHECK_THROWS_WITH_AS(bincount(ints({1, 2}), tensor({1})), "bincount: weights and x differ (weights [1], x [2])",
                       ShapeError);
  CHECK_THROWS_AS(bincount(zeros({1, 1}, {i64})), ShapeError);
}

TEST_CASE("searchsorted") {
  Tensor sorted = tensor({1, 3, 3, 5});
  CHECK(values(searchsorted(sorted, tensor({0, 3, 9}))) == Ints{0, 1, 4});
  CHECK(values(searchsorted(sorted, tensor({0, 3, 9}), {.right = true})) == Ints{0, 3, 4});
  CHECK(values(searchsorted(sorted, tensor({{1, 2}, {4, NAN}}))) == Ints{0, 1, 3, 4});
  CHECK(values(searchsorted(tensor({{1, 2}, {5, 6}}), tensor({{3, 0}, {5, 7}}))) == Ints{2, 0, 0, 2});
  CHECK(searchsorted(sorted, scalar(4)).item() == 3);
  CHECK(searchsorted(zeros({0}), tensor({1})).item() == 0);
  CHECK_THROWS_WITH_AS(searchsorted(sorted, ints({1})), "searchsorted: the sequence is f32, x is i64", DtypeError);
  CHECK_THROWS_WITH_AS(searchsorted(zeros({2, 3}), zeros({3, 1})),
                       "searchsorted: all dimensions but the last must agree (sequence [2,3], x [3,1])", ShapeError);
}
