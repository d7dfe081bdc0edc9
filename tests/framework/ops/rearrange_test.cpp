#include <korrel/framework/ops/rearrange.h>

#include <doctest/doctest.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;
using Ints = std::vector<int>;

namespace {
Tensor numbers(const Shape& shape) { return arange(static_cast<double>(shape.numel())).reshape(shape); }
Ints values(const Tensor& x) { return x.to_vector<int>(); }
}  // namespace

TEST_CASE("cat") {
  Tensor a = numbers({1, 2}), b = numbers({2, 2});
  CHECK(values(cat({a, b})) == Ints{0, 1, 0, 1, 2, 3});
  Tensor wide = arange(0, 300).reshape({3, 100}), narrower = arange(300, 510).reshape({3, 70});  // long runs
  Tensor side = cat({wide, narrower, wide}, 1);
  CHECK(values(narrow(side, 1, 0, 100)) == values(wide));
  CHECK(values(narrow(side, 1, 100, 70)) == values(narrower));
  CHECK(values(narrow(side, 1, 170, 100)) == values(wide));
  CHECK(values(cat({wide, zeros({3, 0}, {i64}), wide.clone()}, 1)) ==
        values(cat({wide, wide.t().contiguous().t()}, 1)));
  Tensor pile = stack({wide, side.narrow(1, 170, 100).contiguous()}, 1);
  CHECK(values(select(pile, 1, 0)) == values(wide));
  CHECK(values(select(pile, 1, 1)) == values(wide));
  CHECK(values(cat({b, a.t()}, 1)) == Ints{0, 1, 0, 2, 3, 1});
  CHECK(values(cat({b, b.t()}, -1)) == Ints{0, 1, 0, 2, 2, 3, 1, 3});
  CHECK(cat({zeros({0, 2}), zeros({3, 2})}).shape() == Shape{3, 2});
  CHECK(cat({zeros({0}), zeros({3, 2})}).shape() == Shape{3, 2});  // PyTorch's exception for shape [0]
  CHECK(cat({zeros({0}), zeros({0})}).shape() == Shape{0});
  CHECK(cat({zeros({2}, {f64}), zeros({2})}).dtype() == f64);
  CHECK(cat({zeros({2}, {i64}), zeros({2}, {boolean})}).dtype() == i64);
  CHECK_THROWS_WITH_AS(cat({}), "cat: needs at least one tensor", ValueError);
  CHECK_THROWS_WITH_AS(cat({a, zeros({1, 3})}),
                       "cat: [1,2] and [1,3] differ at dimension 1, which is not the joined one (0)", ShapeError);
  CHECK_THROWS_WITH_AS(cat({a, zeros({2})}), "cat: [1,2] and [2] differ in the number of dimensions", ShapeError);
  CHECK_THROWS_WITH_AS(cat({scalar(1), scalar(2)}), "cat: scalars cannot be joined; use stack", ShapeError);
}

TEST_CASE("cat gives each part its gradient in its own dtype") {
  Tensor a = zeros({1, 2}, {.dtype = f32, .requires_grad = true}),
         b = zeros({2, 2}, {.dtype = f64, .requires_grad = true});
  cat({a, zeros({0}, {.requires_grad = true}), b}).backward(arange(0, 6, 1, {f64}).reshape({3, 2}));
  CHECK(values(a.grad()) == Ints{0, 1});
  CHECK(a.grad().dtype() == f32);
  CHECK(values(b.grad()) == Ints{2, 3, 4, 5});
}

TEST_CASE("stack") {
  Tensor a = numbers({2});
  CHECK(values(stack({a, a})) == Ints{0, 1, 0, 1});
  CHECK(values(stack({a, a}, -1)) == Ints{0, 0, 1, 1});
  CHECK(stack({scalar(1), scalar(2)}).shape() == Shape{2});
  CHECK_THROWS_WITH_AS(stack({a, numbers({3})}), "stack: needs equal shapes, got [2] and [3]", ShapeError);
  CHECK_THROWS_AS(stack({}), ValueError);
}

TEST_CASE("repeat, tile, repeat_interleave") {
  Tensor x = numbers({2, 2});
  CHECK(values(repeat(x, {1, 2})) == Ints{0, 1, 0, 1, 2, 3, 2, 3});
  CHECK(values(repeat(x, {2, 1})) == Ints{0, 1, 2, 3, 0, 1, 2, 3});
  CHECK(repeat(x, {3, 1, 1}).shape() == Shape{3, 2, 2});
  CHECK(repeat(x, {0, 1}).shape() == Shape{0, 2});
  CHECK_FALSE(repeat(x, {1, 1}).body().storage == x.body().storage);  // always a copy
  CHECK(values(tile(x, {2})) == Ints{0, 1, 0, 1, 2, 3, 2, 3});
  CHECK(values(repeat_interleave(numbers({3}), 2)) == Ints{0, 0, 1, 1, 2, 2});
  CHECK(values(repeat_interleave(x, 2, 0)) == Ints{0, 1, 0, 1, 2, 3, 2, 3});
  CHECK(values(repeat_interleave(x, 2)) == Ints{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(values(repeat_interleave(x, tensor({0, 2}, {i64}), 0)) == Ints{2, 3, 2, 3});
  CHECK_THROWS_WITH_AS(repeat(x, {2}), "repeat: [2] repeats for the dimensions of [2,2]", ShapeError);
  CHECK_THROWS_WITH_AS(repeat(x, {-1, 2}), "repeat: negative repeats in [-1,2]", ValueError);
  CHECK_THROWS_WITH_AS(repeat_interleave(x, tensor({1, 2, 3}, {i64}), 0),
                       "repeat_interleave: repeats [3] for dimension 0 of size 2", ShapeError);
}

TEST_CASE("flip, roll, rot90") {
  Tensor x = numbers({2, 3});
  CHECK(values(flip(x, {1})) == Ints{2, 1, 0, 5, 4, 3});
  CHECK(values(flip(x, {0, 1})) == Ints{5, 4, 3, 2, 1, 0});
  CHECK(values(flip(x.t(), {0})) == Ints{2, 5, 1, 4, 0, 3});
  CHECK(values(flip(x, {})) == values(x));
  CHECK(values(roll(x, {1}, {1})) == Ints{2, 0, 1, 5, 3, 4});
  CHECK(values(roll(x, {1})) == Ints{5, 0, 1, 2, 3, 4});
  CHECK(values(roll(x, {-7, 1}, {1, 0})) == Ints{4, 5, 3, 1, 2, 0});
  CHECK(values(roll(x, {1, 1}, {1, 1})) == values(roll(x, {2}, {1})));
  CHECK(values(rot90(x)) == Ints{2, 5, 1, 4, 0, 3});
  CHECK(values(rot90(x, 2)) == Ints{5, 4, 3, 2, 1, 0});
  CHECK(values(rot90(x, -1)) == Ints{3, 0, 4, 1, 5, 2});
  CHECK(values(rot90(x, 4)) == values(x));
  CHECK(flip(zeros({0, 2}), {0}).shape() == Shape{0, 2});
  CHECK(roll(zeros({0, 2}), {1}, {0}).shape() == Shape{0, 2});
  CHECK_THROWS_WITH_AS(flip(x, {1, -1}), "flip: dimension 1 is named twice in [1,-1]", ShapeError);
  CHECK_THROWS_WITH_AS(roll(x, {1, 2}, {0}), "roll: shifts [1,2] and dims [0] differ in number", ShapeError);
  CHECK_THROWS_WITH_AS(roll(x, {1, 2}), "roll: without dims needs one shift, got [1,2]", ShapeError);
  CHECK_THROWS_AS(rot90(x, 1, {0, 0}), ShapeError);
}

TEST_CASE("triangles and diagonals") {
  Tensor x = arange(1, 7, 1).reshape({2, 3});
  CHECK(values(tril(x)) == Ints{1, 0, 0, 4, 5, 0});
  CHECK(values(tril(x, 1)) == Ints{1, 2, 0, 4, 5, 6});
  CHECK(values(tril(x, -5)) == Ints{0, 0, 0, 0, 0, 0});
  CHECK(values(triu(x)) == Ints{1, 2, 3, 0, 5, 6});
  CHECK(values(triu(x, -9)) == values(x));
  CHECK(values(tril(x.t())) == Ints{1, 0, 2, 5, 3, 6});
  CHECK(values(diag(tensor({1, 2}), 1)) == Ints{0, 1, 0, 0, 0, 2, 0, 0, 0});
  CHECK(values(diag(x, -1)) == Ints{4});
  CHECK(values(diag_embed(tensor({{1, 2}, {3, 4}}))) == Ints{1, 0, 0, 2, 3, 0, 0, 4});
  CHECK_THROWS_WITH_AS(tril(tensor({1, 2})), "tril: needs at least 2 dimensions, x is [2]", ShapeError);
  CHECK_THROWS_WITH_AS(diag(zeros({1, 1, 1})), "diag: needs a vector or a matrix, x is [1,1,1]", ShapeError);
}

TEST_CASE("differences") {
  Tensor x = tensor({1, 4, 9, 16});
  CHECK(values(diff(x)) == Ints{3, 5, 7});
  CHECK(values(diff(x, 2)) == Ints{2, 2});
  CHECK(diff(x, 9).numel() == 0);
  CHECK(values(diff(x, 0)) == values(x));
  CHECK(values(diff(x, 1, 0, tensor({0}), tensor({20}))) == Ints{1, 3, 5, 7, 4});
  CHECK(values(diff(tensor({1, 0, 0, 1}, {boolean}))) == Ints{1, 0, 1});
  CHECK_THROWS_AS(diff(scalar(1)), ShapeError);
}
