#include <korrel/framework/ops/gather.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;
using Ints = std::vector<int>;
using Doubles = std::vector<double>;

namespace {
Tensor numbers(const Shape& shape) { return arange(static_cast<double>(shape.numel())).reshape(shape); }
Tensor ints(std::initializer_list<double> values) { return tensor(values, {i64}); }
Tensor leaf(std::initializer_list<double> values) { return tensor(values, {.dtype = f64, .requires_grad = true}); }
Ints values(const Tensor& x) { return x.to_vector<int>(); }
}  // namespace

TEST_CASE("index_select") {
  Tensor x = numbers({2, 3});
  CHECK(values(index_select(x, 1, ints({2, 0, 2, -1}))) == Ints{2, 0, 2, 2, 5, 3, 5, 5});
  CHECK(values(index_select(x.t(), 0, ints({1}))) == Ints{1, 4});
  CHECK(index_select(x, 0, zeros({0}, {i64})).shape() == Shape{0, 3});
  CHECK(index_select(x, 0, scalar(1, i64)).shape() == Shape{1, 3});
  CHECK_THROWS_WITH_AS(index_select(x, 1, ints({0, 3})),
                       "index_select: index 3 is out of range for dimension 1 of size 3", ValueError);
  CHECK_THROWS_WITH_AS(index_select(x, 1, ints({-4})),
                       "index_select: index -4 is out of range for dimension 1 of size 3", ValueError);
  CHECK_THROWS_WITH_AS(index_select(x, 1, tensor({0})), "index_select: the index must be i64, it is f32", DtypeError);
  CHECK_THROWS_WITH_AS(index_select(x, 1, zeros({1, 1}, {i64})),
                       "index_select: the index must be a vector, it is [1,1]", ShapeError);
}

TEST_CASE("gather, take, take_along_dim") {
  Tensor x = numbers({2, 3});
  CHECK(values(gather(x, 1, tensor({{2, 0}, {1, 1}}, {i64}))) == Ints{2, 0, 4, 4});
  CHECK(values(gather(x, 0, tensor({{1, 0, 1}}, {i64}))) == Ints{3, 1, 5});
  CHECK(values(gather(x.t(), 0, tensor({{1, 0}}, {i64}))) == Ints{1, 3});
  CHECK(gather(scalar(7), 0, scalar(0, i64)).item() == 7);
  CHECK(values(take(x, ints({5, -6, 2}))) == Ints{5, 0, 2});
  CHECK(values(take_along_dim(x, tensor({{1, 2}}, {i64}), 1)) == Ints{1, 2, 4, 5});  // the index broadcasts
  CHECK(values(take_along_dim(x, ints({4, 0}))) == Ints{4, 0});
  CHECK_THROWS_WITH_AS(gather(x, 1, tensor({{3, 0}}, {i64})),
                       "gather: index 3 is out of range for dimension 1 of size 3", ValueError);
  CHECK_THROWS_WITH_AS(gather(x, 1, ints({0})), "gather: the index needs as many dimensions as x (index [1], x [2,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(gather(x, 1, zeros({3, 1}, {i64})),
                       "gather: the index is larger than x at dimension 0 (index [3,1], x [2,3])", ShapeError);
  CHECK_THROWS_WITH_AS(take(x, ints({6})), "take: index 6 is out of range for the flattened tensor of size 6",
                       ValueError);
}

TEST_CASE("scatter: the last of several values stays, and only it has a gradient") {
  Tensor x = leaf({1, 2, 3}), src = leaf({10, 20, 30});
  Tensor y = scatter(x, 0, ints({2, 0, 2}), src);
  CHECK(values(y) == Ints{20, 2, 30});
  CHECK(values(x) == Ints{1, 2, 3});  // itself unchanged
  y.backward(tensor({1, 2, 3}, {f64}));
  CHECK(values(x.grad()) == Ints{0, 2, 0});
  CHECK(values(src.grad()) == Ints{0, 1, 3});
  CHECK(values(scatter(numbers({2, 2}), 1, ints({1, 0}).reshape({2, 1}), 9)) == Ints{0, 9, 9, 3});
  CHECK_THROWS_WITH_AS(scatter(x, 0, ints({0}), tensor({1}, {f32})), "scatter: x is f64, src is f32", DtypeError);
  CHECK_THROWS_WITH_AS(scatter(x, 0, ints({0, 1}), leaf({1})),
                       "scatter: the index is larger than src at dimension 0 (index [2], src [1])", ShapeError);
}

TEST_CASE("scatter_add, with a source larger than its index") {
  Tensor x = leaf({1, 2}), src = leaf({10, 20, 30, 40});
  Tensor y = scatter_add(x, 0, ints({1, 1, 0}), src);
  CHECK(values(y) == Ints{31, 32});
  y.backward(tensor({1, 2}, {f64}));
  CHECK(values(x.grad()) == Ints{1, 2});
  CHECK(values(src.grad()) == Ints{2, 2, 1, 0});
  CHECK(values(scatter_add(tensor({0, 0}, {boolean}), 0, ints({1, 1}), tensor({1, 1}, {boolean}))) == Ints{0, 1});
}

TEST_CASE("scatter_reduce") {
  Tensor x = tensor({1, 2, 3, 4}, {f64}), src = tensor({5, -1, 7, 3}, {f64}), index = ints({0, 0, 2, 1});
  auto reduce = [&](const char* how, bool include_self) {
    return scatter_reduce(x, 0, index, src, how, {.include_self = include_self}).to_vector();
  };
  CHECK(reduce("sum", true) == Doubles{5, 5, 10, 4});
  CHECK(reduce("sum", false) == Doubles{4, 3, 7, 4});
  CHECK(reduce("mean", true) == Doubles{5.0 / 3, 2.5, 5, 4});
  CHECK(reduce("mean", false) == Doubles{2, 3, 7, 4});
  CHECK(reduce("prod", true) == Doubles{-5, 6, 21, 4});
  CHECK(reduce("prod", false) == Doubles{-5, 3, 7, 4});
  CHECK(reduce("amax", true) == Doubles{5, 3, 7, 4});
  CHECK(reduce("amin", true) == Doubles{-1, 2, 3, 4});
  CHECK(reduce("amin", false) == Doubles{-1, 3, 7, 4});
  CHECK(values(scatter_reduce(ints({7}), 0, ints({0, 0}), ints({1, 2}), "mean")) == Ints{3});  // rounded down
  CHECK(std::isnan(scatter_reduce(x, 0, ints({0, 0}), tensor({NAN, 1}, {f64}), "amax").to_vector()[0]));
  CHECK_THROWS_WITH_AS(reduce("median", true),
                       "scatter_reduce: reduce is sum, prod, mean, amax or amin, got \"median\"", ValueError);
}

TEST_CASE("scatter_reduce: equal extremes share the gradient, zeros have one in a product") {
  Tensor x = leaf({5, 0}), src = leaf({5, 5, 1});
  sum(scatter_reduce(x, 0, ints({0, 0, 1}), src, "amax")).backward();
  CHECK(x.grad().to_vector() == Doubles{1.0 / 3, 0});
  CHECK(src.grad().to_vector() == Doubles{1.0 / 3, 1.0 / 3, 1});
  Tensor a = leaf({2, 3}), b = leaf({0, 4, 0, 0});
  sum(scatter_reduce(a, 0, ints({0, 0, 1, 1}), b, "prod")).backward();
  CHECK(a.grad().to_vector() == Doubles{0, 0});
  CHECK(b.grad().to_vector() == Doubles{8, 0, 0, 0});  // one zero: the product of the others; two: nothing
}

TEST_CASE("index_add, index_copy, index_fill") {
  Tensor x = numbers({3, 2});
  CHECK(values(index_add(x, 0, ints({0, 0}), tensor({{1, 1}, {2, 2}}, {i64}))) == Ints{3, 4, 2, 3, 4, 5});
  CHECK(values(index_add(x, 1, ints({1}), tensor({1, 2, 3}, {i64}).reshape({3, 1}), {.alpha = 10})) ==
        Ints{0, 11, 2, 23, 4, 35});
  CHECK(values(index_copy(x, 0, ints({2, -3}), tensor({{8, 8}, {9, 9}}, {i64}))) == Ints{9, 9, 2, 3, 8, 8});
  CHECK(values(index_fill(x, 1, ints({0}), 7)) == Ints{7, 1, 7, 3, 7, 5});
  CHECK_THROWS_WITH_AS(index_add(x, 0, ints({0}), tensor({{1, 1}, {2, 2}}, {i64})),
                       "index_add: source must be [1,2] for x [3,2] and an index of 1 at dimension 0, it is [2,2]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(index_copy(x, 0, ints({3}), tensor({{1, 1}}, {i64})),
                       "index_copy: index 3 is out of range for dimension 0 of size 3", ValueError);
  CHECK_THROWS_WITH_AS(index_copy(x, 0, ints({0}), tensor({{1, 1}})), "index_copy: x is i64, source is f32",
                       DtypeError);
}

TEST_CASE("many repeated indices: any number of threads gives the same bits") {
  int before = num_threads();
  Generator generator(3);
  for (int64_t width : {1, 700}) {
    Tensor x = randn({4, 50, width}, {}, generator), index = randint(0, 50, {2000}, {i64}, generator);
    Tensor source = randn({4, 2000, width}, {}, generator);
    std::vector<Doubles> sums, taken;
    for (int threads : {1, 4}) {
      set_num_threads(threads);
      sums.push_back(index_add(x, 1, index, source).to_vector());
      taken.push_back(index_select(x, 1, index).to_vector());
    }
    CHECK(sums[0] == sums[1]);
    CHECK(taken[0] == taken[1]);
  }
  set_num_threads(before);
}

TEST_CASE("gather and scatter_add: whole rows and parts of them, short and long, recorded or not") {
  Generator generator(2);
  for (const Shape& shape : {Shape{40, 10}, Shape{7, 700}, Shape{5, 6, 30}, Shape{900}})
    for (int dim = 0; dim < shape.rank(); ++dim)
      for (bool whole : {true, false}) {
        Shape counts = shape;
        for (int d = 0; d < shape.rank(); ++d)
          if (d != dim && !whole) counts[d] -= 2;
        for (int64_t length : {int64_t{1}, int64_t{3}, 2 * shape[dim]}) {
          counts[dim] = length;
          Tensor x = randn(shape, {f64}, generator), src = randn(counts, {f64}, generator);
          Tensor index = randint(-shape[dim], shape[dim], counts, {i64}, generator);
          Tensor taken = gather(x, dim, index), added = scatter_add(x, dim, index, src);
          std::vector<double> expected, sums = x.to_vector();
          const Strides strides = contiguous_strides(shape);
          Dims at = Dims::filled(shape.rank(), 0);
          for (int64_t i = 0; i < index.numel(); ++i) {
            int64_t place = 0;
            for (int d = 0; d < shape.rank(); ++d) {
              const int64_t number = index.data<int64_t>()[i];
              place += strides[d] * (d != dim ? at[d] : number < 0 ? number + shape[d] : number);
            }
            expected.push_back(x.data<double>()[place]);
            sums[static_cast<std::size_t>(place)] += src.data<double>()[i];
            for (int d = shape.rank() - 1; d >= 0 && ++at[d] == counts[d]; --d) at[d] = 0;
          }
          CHECK(taken.to_vector() == expected);
          CHECK(added.to_vector() == sums);
          x.requires_grad_();
          CHECK(gather(x, dim, index).to_vector() == expected);
          CHECK(scatter_add(x, dim, index, src).to_vector() == sums);
          gather(x, dim, index).backward(src);
          CHECK(x.grad().to_vector() == scatter_add(zeros(shape, {f64}), dim, index, src).to_vector());
        }
      }
}
