#include <korrel/framework/ops/indexing.h>

#include <doctest/doctest.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;
using Ints = std::vector<int>;

namespace {
Tensor numbers(const Shape& shape) { return arange(static_cast<double>(shape.numel())).reshape(shape); }
Tensor ints(std::initializer_list<double> values) { return tensor(values, {i64}); }
Tensor bools(std::initializer_list<double> values) { return tensor(values, {boolean}); }
Ints values(const Tensor& x) { return x.to_vector<int>(); }
}  // namespace

TEST_CASE("numbers, slices, None and Ellipsis give views") {
  Tensor x = numbers({2, 3, 4});
  CHECK(index(x, {}).shape() == Shape{2, 3, 4});
  CHECK(values(index(x, {1, 2})) == Ints{20, 21, 22, 23});
  CHECK(values(index(x, {-1, -1, -1})) == Ints{23});
  CHECK(values(index(x, {0, Slice{1}, Slice{.end = 2}})) == Ints{4, 5, 8, 9});
  CHECK(values(index(x, {Ellipsis, Slice{0, 3, 2}, 0})) == Ints{0, 8, 12, 20});
  CHECK(index(x, {None, 0, Ellipsis, None}).shape() == Shape{1, 3, 4, 1});
  CHECK(index(x, {Ellipsis}).shape() == x.shape());
  CHECK(index(x, {0, 0, Ellipsis, 0}).shape() == Shape{});
  CHECK(index(x, {Slice{}, Slice{}, Slice{2, 1}}).shape() == Shape{2, 3, 0});
  CHECK(index(x, {0, Slice{0, 3, 2}}).body().storage == x.body().storage);
  CHECK(index(x, {scalar(1, i64), Slice{}}).shape() == Shape{3, 4});  // a scalar tensor is a number
}

TEST_CASE("index tensors broadcast and stand where they are, or in front") {
  Tensor x = numbers({2, 3, 4});
  CHECK(values(index(x, {ints({1, 0}), ints({2, 0}), ints({3, 1})})) == Ints{23, 1});
  CHECK(index(x, {Slice{}, tensor({{0, 1}, {2, 0}}, {i64})}).shape() == Shape{2, 2, 2, 4});
  CHECK(index(x, {Slice{}, ints({0, 2}), ints({1, 3})}).shape() == Shape{2, 2});
  CHECK(values(index(x, {Slice{}, ints({0, 2}), ints({1, 3})})) == Ints{1, 11, 13, 23});
  CHECK(index(x, {ints({0, 1, 1}), Slice{}, ints({0})}).shape() == Shape{3, 3});  // apart: in front
  CHECK(values(index(x, {ints({0, 1, 1}), Slice{1, 2}, ints({0})})) == Ints{4, 16, 16});
  CHECK(index(x, {Slice{}, 0, ints({0, 1, 2})}).shape() == Shape{2, 3});
  CHECK(values(index(x, {ints({-1}), -1, ints({-1})})) == Ints{23});
  CHECK(index(x, {zeros({0, 2}, {i64})}).shape() == Shape{0, 2, 3, 4});
  CHECK(values(index(x.permute({2, 1, 0}), {ints({3}), ints({2}), ints({1})})) == Ints{23});
}

TEST_CASE("masks stand for the places where they hold") {
  Tensor x = numbers({2, 3});
  CHECK(values(index(x, {bools({0, 1})})) == Ints{3, 4, 5});
  CHECK(values(index(x, {Slice{}, bools({1, 0, 1})})) == Ints{0, 2, 3, 5});
  CHECK(values(index(x, {tensor({{1, 0, 0}, {0, 1, 1}}, {boolean})})) == Ints{0, 4, 5});
  CHECK(values(index(x, {bools({1, 1}), ints({2, 0})})) == Ints{2, 3});
  CHECK(index(x, {scalar(1, boolean)}).shape() == Shape{1, 2, 3});
  CHECK(index(x, {scalar(0, boolean)}).shape() == Shape{0, 2, 3});
  CHECK(index(x, {bools({0, 0})}).shape() == Shape{0, 3});
}

TEST_CASE("wrong indices") {
  Tensor x = numbers({2, 3});
  CHECK_THROWS_WITH_AS(index(x, {2}), "index: index 2 is out of range for dimension 0 of size 2 (x [2,3])", ValueError);
  CHECK_THROWS_WITH_AS(index(x, {0, -4}), "index: index -4 is out of range for dimension 0 of size 3 (x [2,3])",
                       ValueError);
  CHECK_THROWS_WITH_AS(index(x, {0, 0, 0}), "index: 3 indices for the 2 dimensions of x [2,3]", ShapeError);
  CHECK_THROWS_WITH_AS(index(x, {Ellipsis, Ellipsis}), "index: more than one Ellipsis", ShapeError);
  CHECK_THROWS_WITH_AS(index(x, {ints({0, 2})}), "index: index 2 is out of range for dimension 0 of size 2",
                       ValueError);
  CHECK_THROWS_WITH_AS(index(x, {bools({1, 0, 1})}), "index: the mask [3] does not fit dimension 0 of size 2",
                       ShapeError);
  CHECK_THROWS_WITH_AS(index(x, {tensor({0.5})}), "index: index tensors are i64 or bool, this is f32", DtypeError);
  CHECK_THROWS_AS(index(x, {ints({0, 1}), ints({0, 1, 2})}), ShapeError);
}

TEST_CASE("index_put: x after x[...] = value") {
  Tensor x = numbers({2, 3});
  CHECK(values(index_put(x, {0}, scalar(9, i64))) == Ints{9, 9, 9, 3, 4, 5});
  CHECK(values(index_put(x, {Slice{}, Slice{0, 3, 2}}, ints({7, 8}))) == Ints{7, 1, 8, 7, 4, 8});
  CHECK(values(index_put(x, {Slice{}, 1}, tensor({{5, 6}}, {i64}))) ==
        Ints{0, 5, 2, 3, 6, 5});  // leading ones fall away
  CHECK(values(index_put(x, {tensor({{1, 0, 0}, {0, 0, 1}}, {boolean})}, ints({-1, -2}))) == Ints{-1, 1, 2, 3, 4, -2});
  CHECK(values(index_put(x, {ints({0, 0}), ints({1, 1})}, ints({5, 6}))) == Ints{0, 6, 2, 3, 4, 5});
  CHECK(values(index_put(x, {ints({0, 0}), ints({1, 1})}, ints({5, 6}), {.accumulate = true})) ==
        Ints{0, 12, 2, 3, 4, 5});
  CHECK(values(index_put(x, {Ellipsis}, scalar(2.9))) == Ints{2, 2, 2, 2, 2, 2});  // in the dtype of x
  CHECK(values(x) == Ints{0, 1, 2, 3, 4, 5});
  CHECK_THROWS_WITH_AS(index_put(x, {0}, ints({1, 2})),
                       "index_put: shapes [2] and [3] do not broadcast: 2 against 3 at dimension -1", ShapeError);
  CHECK_THROWS_WITH_AS(index_put(x, {0}, zeros({2, 3}, {i64})),
                       "index_put: the value [2,3] does not broadcast to the [3] that is indexed (x [2,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(index_put(x, {ints({5})}, scalar(1, i64)),
                       "index_put: index 5 is out of range for dimension 0 of size 2", ValueError);
}

TEST_CASE("index_put: of values that were overwritten none has a gradient") {
  Tensor x = zeros({3}, {.requires_grad = true}), value = tensor({1, 2, 3}, {.requires_grad = true});
  index_put(x, {ints({1, 1, 0})}, value).backward(tensor({10, 20, 30}));
  CHECK(values(x.grad()) == Ints{0, 0, 30});
  CHECK(values(value.grad()) == Ints{0, 20, 10});
}

TEST_CASE("masked_select, masked_scatter, nonzero") {
  Tensor x = numbers({2, 3});
  CHECK(values(masked_select(x, bools({1, 0, 1}))) == Ints{0, 2, 3, 5});
  CHECK(values(masked_select(ints({4, 5}), bools({1, 0}).reshape({2, 1}))) == Ints{4, 5});
  CHECK(masked_select(x, zeros({3}, {boolean})).shape() == Shape{0});
  CHECK(values(masked_scatter(x, bools({0, 1, 0}), ints({8, 9, 10}))) == Ints{0, 8, 2, 3, 9, 5});
  CHECK(values(nonzero(tensor({{0, 2}, {3, 0}}))) == Ints{0, 1, 1, 0});
  CHECK(nonzero(scalar(5)).shape() == Shape{1, 0});
  CHECK(nonzero(zeros({2, 2})).shape() == Shape{0, 2});
  CHECK_THROWS_WITH_AS(masked_select(x, ints({1, 0, 1})), "masked_select: the mask must be bool, it is i64",
                       DtypeError);
  CHECK_THROWS_WITH_AS(masked_scatter(x, bools({1, 1, 1}), ints({1, 2})),
                       "masked_scatter: the mask holds 6 times, source has 2 elements", ShapeError);
}

TEST_CASE("nonzero names every place in order, also the first and the last") {
  Generator generator(12);
  for (const Shape& shape :
       {Shape{1}, Shape{100}, Shape{3, 5}, Shape{4, 1, 6}, Shape{2, 3, 4, 1}, Shape{0, 3}, Shape{3, 0}})
    for (double share : {0.0, 0.1, 0.9, 1.0}) {
      Tensor x = lt(rand(shape, {}, generator), share);
      std::vector<int64_t> expected;
      for (int64_t i = 0; i < x.numel(); ++i) {
        if (!x.to_vector<bool>()[static_cast<std::size_t>(i)]) continue;
        int64_t rest = i;
        std::vector<int64_t> place;
        for (int d = shape.rank() - 1; d >= 0; rest /= shape[d--]) place.insert(place.begin(), rest % shape[d]);
        expected.insert(expected.end(), place.begin(), place.end());
      }
      CHECK(nonzero(x).to_vector<int64_t>() == expected);
      CHECK(nonzero(x.to(f32)).to_vector<int64_t>() == expected);
    }
}
