#include <korrel/framework/ops/shape.h>

#include <doctest/doctest.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;
using Ints = std::vector<int>;

namespace {

Tensor numbers(const Shape& shape) { return arange(static_cast<double>(shape.numel())).reshape(shape); }
Ints values(const Tensor& x) { return x.to_vector<int>(); }
bool shares(const Tensor& view, const Tensor& x) { return view.body().storage == x.body().storage; }

// The gradient of sum(f(x) * 1, 2, 3, ...).
template <class F>
Ints gradient(const Shape& shape, F f) {
  Tensor x = zeros(shape, {.dtype = f64, .requires_grad = true}), y = f(x);
  Tensor upstream = arange(1, static_cast<double>(y.numel()) + 1, 1, {f64}).reshape(y.shape());
  return grad({y}, {x}, {upstream})[0].to_vector<int>();
}

}  // namespace

TEST_CASE("reshape is a view where it can be, and a copy elsewhere") {
  Tensor x = numbers({2, 6});
  CHECK(x.reshape({3, -1}).shape() == Shape{3, 4});
  CHECK(shares(x.reshape({3, 4}), x));
  CHECK(shares(x.t().reshape({3, 2, 2}), x));
  Tensor copy = x.t().reshape({12});
  CHECK_FALSE(shares(copy, x));
  CHECK(values(copy) == Ints{0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11});
  CHECK(scalar(5).reshape({1, 1}).shape() == Shape{1, 1});
  CHECK(numbers({1}).reshape({}).shape() == Shape{});
  CHECK(zeros({0, 3}).reshape({3, 0, 2}).shape() == Shape{3, 0, 2});
  CHECK(gradient({2, 3}, [](const Tensor& x) { return x.t().reshape({6}); }) == Ints{1, 3, 5, 2, 4, 6});
  CHECK_THROWS_WITH_AS(x.reshape({5, -1}), "reshape: 12 elements do not fit into [5,-1]", ShapeError);
}

TEST_CASE("view throws where it would have to copy") {
  Tensor x = numbers({2, 6});
  CHECK(shares(x.view({12}), x));
  CHECK(view_as(x, zeros({4, 3})).shape() == Shape{4, 3});
  CHECK_THROWS_WITH_AS(x.t().view({12}),
                       "view: shape [6,2] with strides [1,6] cannot be seen as [12] without a copy; use reshape",
                       ShapeError);
}

TEST_CASE("flatten, ravel, unflatten") {
  Tensor x = numbers({2, 3, 4});
  CHECK(x.flatten().shape() == Shape{24});
  CHECK(x.flatten(1).shape() == Shape{2, 12});
  CHECK(x.flatten(0, -2).shape() == Shape{6, 4});
  CHECK(x.flatten(1, 1).same_as(x));
  CHECK(scalar(1).flatten().shape() == Shape{1});
  CHECK(ravel(x.select(0, 0).t()).shape() == Shape{12});
  CHECK(unflatten(x, 2, {2, -1}).shape() == Shape{2, 3, 2, 2});
  CHECK_THROWS_WITH_AS(x.flatten(2, 1), "flatten: start_dim 2 comes after end_dim 1", ShapeError);
  CHECK_THROWS_WITH_AS(unflatten(x, 1, {2, 2}), "unflatten: 3 elements do not fit into [2,2]", ShapeError);
}

TEST_CASE("permute, transpose, t, movedim") {
  Tensor x = numbers({2, 3, 4});
  CHECK(x.permute({2, 0, 1}).shape() == Shape{4, 2, 3});
  CHECK(shares(x.permute({2, 0, 1}), x));
  CHECK(values(x.permute({-1, 0, 1}).select(0, 1)) == Ints{1, 5, 9, 13, 17, 21});
  CHECK(x.transpose(0, -1).shape() == Shape{4, 3, 2});
  CHECK(values(numbers({2, 3}).t()) == Ints{0, 3, 1, 4, 2, 5});
  CHECK(numbers({3}).t().shape() == Shape{3});
  CHECK(movedim(x, 0, 2).shape() == Shape{3, 4, 2});
  CHECK(movedim(x, {0, 1}, {2, 0}).shape() == Shape{3, 4, 2});
  CHECK(movedim(x, -1, 0).shape() == Shape{4, 2, 3});
  CHECK(gradient({2, 3}, [](const Tensor& x) { return x.permute({1, 0}); }) == Ints{1, 3, 5, 2, 4, 6});
  CHECK_THROWS_WITH_AS(x.permute({0, 1}), "permute: 2 dimensions given for a tensor of 3", ShapeError);
  CHECK_THROWS_WITH_AS(x.permute({0, 1, 1}), "permute: dimension 1 is named twice in [0,1,1]", ShapeError);
  CHECK_THROWS_WITH_AS(x.t(), "t: needs at most 2 dimensions, x is [2,3,4]", ShapeError);
  CHECK_THROWS_AS(movedim(x, {0, 0}, {1, 2}), ShapeError);
  CHECK_THROWS_WITH_AS(movedim(x, {0, 1}, {0}), "movedim: source [0,1] and destination [0] differ in number",
                       ShapeError);
}

TEST_CASE("squeeze and unsqueeze") {
  Tensor x = numbers({1, 3, 1});
  CHECK(x.squeeze().shape() == Shape{3});
  CHECK(x.squeeze(0).shape() == Shape{3, 1});
  CHECK(x.squeeze(1).shape() == Shape{1, 3, 1});  // not of size 1: stays
  CHECK(x.unsqueeze(-1).shape() == Shape{1, 3, 1, 1});
  CHECK(scalar(2).unsqueeze(0).shape() == Shape{1});
  CHECK(scalar(2).squeeze(0).shape() == Shape{});
  CHECK(values(numbers({2, 3}).t().unsqueeze(1)) == Ints{0, 3, 1, 4, 2, 5});
  CHECK_THROWS_AS(x.unsqueeze(4), ShapeError);
}

TEST_CASE("expand repeats without a copy, and its gradient sums") {
  Tensor x = numbers({3, 1});
  Tensor y = x.expand({2, -1, 2});
  CHECK(shares(y, x));
  CHECK(values(y) == Ints{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2});
  CHECK(expand_as(x, zeros({3, 4})).shape() == Shape{3, 4});
  CHECK(broadcast_to(scalar(1), {2}).shape() == Shape{2});
  CHECK(gradient({2, 1}, [](const Tensor& x) { return x.expand({2, 2, 2}); }) == Ints{14, 22});
  std::vector<Tensor> both = broadcast_tensors({zeros({3, 1}), zeros({2})});
  CHECK(both[0].shape() == Shape{3, 2});
  CHECK(both[1].shape() == Shape{3, 2});
  CHECK_THROWS_AS(x.expand({2, 2}), ShapeError);
}

TEST_CASE("select and narrow") {
  Tensor x = numbers({2, 3, 2});
  CHECK(values(x.select(1, 2)) == Ints{4, 5, 10, 11});
  CHECK(values(x[1][-1]) == Ints{10, 11});
  CHECK(shares(x.select(1, 2), x));
  CHECK(values(x.narrow(1, 1, 2)) == Ints{2, 3, 4, 5, 8, 9, 10, 11});
  CHECK(values(x.narrow(1, -1, 1)) == Ints{4, 5, 10, 11});
  CHECK(x.narrow(1, 3, 0).shape() == Shape{2, 0, 2});
  CHECK(gradient({2, 3}, [](const Tensor& x) { return x.select(1, 1); }) == Ints{0, 1, 0, 0, 2, 0});
  CHECK(gradient({2, 3}, [](const Tensor& x) { return x.narrow(1, 1, 2); }) == Ints{0, 1, 2, 0, 3, 4});
  CHECK_THROWS_WITH_AS(x.select(1, 3), "select: index 3 is out of range for dimension 1 of size 3 (x [2,3,2])",
                       ValueError);
  CHECK_THROWS_WITH_AS(x.select(1, -4), "select: index -4 is out of range for dimension 1 of size 3 (x [2,3,2])",
                       ValueError);
  CHECK_THROWS_WITH_AS(x.narrow(1, 2, 2), "narrow: start 2 and length 2 exceed dimension 1 of size 3 (x [2,3,2])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(scalar(1).select(0, 0), "select: a scalar has no dimension 0", ShapeError);
}

TEST_CASE("slice is Python's") {
  Tensor x = numbers({7});
  CHECK(values(slice(x, 0, 1, 4)) == Ints{1, 2, 3});
  CHECK(values(slice(x, 0, -3)) == Ints{4, 5, 6});
  CHECK(values(slice(x, 0, 0, -5)) == Ints{0, 1});
  CHECK(values(slice(x, 0, 0, 7, 3)) == Ints{0, 3, 6});
  CHECK(values(slice(x, 0, 1, 100, 4)) == Ints{1, 5});
  CHECK(values(slice(x, 0, -100, 2)) == Ints{0, 1});
  CHECK(slice(x, 0, 5, 2).numel() == 0);
  CHECK(slice(x, 0, 7).numel() == 0);
  CHECK(values(slice(x, 0, 2, 3, INT64_MAX)) == Ints{2});
  CHECK(gradient({5}, [](const Tensor& x) { return slice(x, 0, 0, 5, 2); }) == Ints{1, 0, 2, 0, 3});
  CHECK_THROWS_WITH_AS(slice(x, 0, 0, 7, 0), "slice: the step must be positive, got 0", ValueError);
}

TEST_CASE("split, chunk, unbind") {
  Tensor x = numbers({7, 2});
  std::vector<Tensor> parts = split(x, 3);
  REQUIRE(parts.size() == 3);
  CHECK(parts[2].shape() == Shape{1, 2});
  CHECK(shares(parts[1], x));
  CHECK(values(parts[1]) == Ints{6, 7, 8, 9, 10, 11});
  parts = split(x, {1, 0, 6});
  CHECK(parts[1].shape() == Shape{0, 2});
  CHECK(parts[2].shape() == Shape{6, 2});
  CHECK(chunk(x, 3).size() == 3);
  CHECK(chunk(numbers({6}), 4).size() == 3);  // pieces of two: the fourth would be empty
  CHECK(chunk(zeros({0, 2}), 3).size() == 3);
  CHECK(unbind(x, 1).size() == 2);
  CHECK(values(unbind(x, 1)[1]) == Ints{1, 3, 5, 7, 9, 11, 13});
  CHECK(unbind(zeros({0, 2})).empty());
  CHECK(split(zeros({0}), 2).size() == 1);
  CHECK(gradient({4}, [](const Tensor& x) { return split(x, 2)[1]; }) == Ints{0, 0, 1, 2});
  CHECK_THROWS_WITH_AS(split(x, {1, 2}), "split: the sizes add up to 3, dimension 0 has 7 (x [7,2])", ShapeError);
  CHECK_THROWS_WITH_AS(split(x, 0), "split: pieces of 0 for dimension 0 of size 7", ValueError);
  CHECK_THROWS_WITH_AS(chunk(x, 0), "chunk: needs a positive number of chunks, got 0", ValueError);
}

TEST_CASE("diagonals") {
  Tensor x = numbers({3, 4});
  CHECK(values(diagonal(x)) == Ints{0, 5, 10});
  CHECK(values(diagonal(x, 1)) == Ints{1, 6, 11});
  CHECK(values(diagonal(x, 3)) == Ints{3});
  CHECK(values(diagonal(x, -2)) == Ints{8});
  CHECK(diagonal(x, 4).numel() == 0);
  CHECK(diagonal(x, -9).numel() == 0);
  CHECK(diagonal(numbers({2, 3, 4}), 0, 0, 2).shape() == Shape{3, 2});
  CHECK(gradient({2, 2}, [](const Tensor& x) { return diagonal(x); }) == Ints{1, 0, 0, 2});
  CHECK(diagonal(zeros({1, 1, 1, 1, 1, 1, 1, 1})).dim() == 7);
  CHECK_THROWS_WITH_AS(diagonal(x, 0, 1, 1), "diagonal: dim1 and dim2 are both 1", ShapeError);
}

TEST_CASE("windows along a dimension, which may overlap") {
  Tensor x = numbers({5});
  CHECK(unfold_dimension(x, 0, 3, 1).shape() == Shape{3, 3});
  CHECK(values(unfold_dimension(x, 0, 2, 3)) == Ints{0, 1, 3, 4});
  CHECK(unfold_dimension(numbers({4, 2}), 0, 2, 2).shape() == Shape{2, 2, 2});
  CHECK(gradient({4}, [](const Tensor& x) { return unfold_dimension(x, 0, 2, 1); }) == Ints{1, 5, 9, 6});
  CHECK_THROWS_WITH_AS(unfold_dimension(x, 0, 6, 1),
                       "unfold_dimension: windows of 6 do not fit into dimension 0 of size 5 (x [5])", ShapeError);
  CHECK_THROWS_AS(unfold_dimension(x, 0, 2, 0), ValueError);
}

TEST_CASE("meshgrid") {
  std::vector<Tensor> g = meshgrid({numbers({2}), numbers({3})});
  CHECK(values(g[0]) == Ints{0, 0, 0, 1, 1, 1});
  CHECK(values(g[1]) == Ints{0, 1, 2, 0, 1, 2});
  g = meshgrid({numbers({2}), numbers({3})}, "xy");
  CHECK(g[0].shape() == Shape{3, 2});
  CHECK(values(g[0]) == Ints{0, 1, 0, 1, 0, 1});
  CHECK_THROWS_WITH_AS(meshgrid({numbers({2, 2})}), "meshgrid: needs vectors, got [2,2]", ShapeError);
  CHECK_THROWS_WITH_AS(meshgrid({numbers({2})}, "yx"), "meshgrid: indexing is \"ij\" or \"xy\", got \"yx\"",
                       ValueError);
}

TEST_CASE("views see what is written to their tensor") {
  Tensor x = numbers({2, 3}), row = x[1], turned = x.t();
  x.data<int64_t>()[4] = 99;
  CHECK(values(row) == Ints{3, 99, 5});
  CHECK(turned.select(0, 1).to_vector<int>() == Ints{1, 99});
}
