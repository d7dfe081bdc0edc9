#include <korrel/framework/tensor/create.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/base/error.h>

using namespace korrel;
using Doubles = std::vector<double>;

TEST_CASE("filled") {
  CHECK(zeros({2}).to_vector() == Doubles{0, 0});
  CHECK(ones({2}, {u8}).to_vector() == Doubles{1, 1});
  CHECK(full({2}, 2.5).to_vector() == Doubles{2.5, 2.5});
  CHECK(full({1}, 2.5, {i64}).to_vector() == Doubles{2});
  CHECK(full({}, 1, {boolean}).item<bool>());
  CHECK(empty({2, 0}).shape() == Shape{2, 0});
  CHECK(zeros({2}).dtype() == f32);
  CHECK(ones({2}, {.requires_grad = true}).requires_grad());
}

TEST_CASE("like another") {
  Tensor x = tensor({{1, 2, 3}}, {.dtype = f64, .requires_grad = true});
  for (const Tensor& y : {zeros_like(x), ones_like(x), full_like(x, 3), empty_like(x)}) {
    CHECK(y.shape() == x.shape());
    CHECK(y.dtype() == f64);
    CHECK_FALSE(y.requires_grad());
  }
  CHECK(full_like(x, 3).to_vector() == Doubles{3, 3, 3});
  CHECK(ones_like(x.t()).is_contiguous());
}

TEST_CASE("eye, arange, linspace") {
  CHECK(eye(2).to_vector() == Doubles{1, 0, 0, 1});
  CHECK(arange(3).to_vector() == Doubles{0, 1, 2});
  CHECK(arange(3).dtype() == i64);
  CHECK(arange(0).numel() == 0);
  CHECK(arange(1, 2, 0.5).to_vector() == Doubles{1, 1.5});
  CHECK(arange(5, 0, -2).to_vector() == Doubles{5, 3, 1});
  CHECK(arange(0, 1, 0.1).numel() == 10);
  CHECK(linspace(0, 1, 5).to_vector() == Doubles{0, 0.25, 0.5, 0.75, 1});
  CHECK(linspace(3, 4, 1).to_vector() == Doubles{3});
  CHECK(linspace(0, 1, 0).numel() == 0);
  CHECK(linspace(0, 0.3, 4, {f64}).to_vector().back() == 0.3);
  CHECK_THROWS_WITH_AS(arange(0, 3, -1), "arange: from 0 to 3 by -1 has no end", ValueError);
  CHECK_THROWS_AS(arange(0, 3, 0), ValueError);
  CHECK_THROWS_AS(linspace(0, 1, -1), ValueError);
}

TEST_CASE("from numbers") {
  CHECK(tensor({1, 2}).shape() == Shape{2});
  CHECK(tensor({{1, 2}, {3, 4}, {5, 6}}).shape() == Shape{3, 2});
  CHECK(tensor({{{1, 2}, {3, 4}, {5, 6}}}).shape() == Shape{1, 3, 2});
  CHECK(tensor({{{1, 2}, {3, 4}}}, {i64}).to_vector() == Doubles{1, 2, 3, 4});
  CHECK(tensor({3.5}).shape() == Shape{1});
  CHECK(tensor({1, 2.5}).to_vector() == Doubles{1, 2.5});
  CHECK(tensor({{1}}).shape() == Shape{1, 1});
  CHECK(tensor({{1}, {2}}).shape() == Shape{2, 1});
  CHECK(tensor({{1}, {2.5}}).to_vector() == Doubles{1, 2.5});
  CHECK(tensor({{{1}}, {{2}}, {{3}}}, {f64}).shape() == Shape{3, 1, 1});
  CHECK(tensor({{{{1}, {2}}}}).shape() == Shape{1, 1, 2, 1});
  CHECK(tensor({}).shape() == Shape{0});
  CHECK(tensor({{}, {}}).shape() == Shape{2, 0});
  CHECK(tensor(2.5).shape() == Shape());
  int64_t n = 3;
  CHECK(tensor({{n}, {n + 1}}, {i64}).to_vector() == Doubles{3, 4});
  CHECK_THROWS_WITH_AS(tensor({{1, 2}, {3}}), "tensor: parts of shape [2] and [1] in one list", ShapeError);
  CHECK_THROWS_WITH_AS(tensor({{{1}}, {2}}), "tensor: parts of shape [1,1] and [1] in one list", ShapeError);
  CHECK_THROWS_AS(tensor({{{1, 2}, {3, 4}}, {{5, 6}}}), ShapeError);
}

TEST_CASE("from vectors") {
  CHECK(from_vector(std::vector<float>{1, 2}).dtype() == f32);
  CHECK(from_vector(Doubles{1, 2, 3, 4}, {2, 2}).dtype() == f64);
  CHECK(from_vector(std::vector<int64_t>{1, 2}).dtype() == i64);
  CHECK(from_vector(std::vector<uint8_t>{1, 255}).to_vector() == Doubles{1, 255});
  CHECK(from_vector(Doubles{}, {0, 2}).shape() == Shape{0, 2});
  CHECK_THROWS_WITH_AS(from_vector(Doubles{1, 2, 3}, {2, 2}), "from_vector: 3 values for shape [2,2]", ShapeError);
}
