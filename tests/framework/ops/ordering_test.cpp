#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/ordering.h>

#include <doctest/doctest.h>

#include <numeric>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;
using Ints = std::vector<int>;

namespace {
Ints values(const Tensor& x) { return x.to_vector<int>(); }
}  // namespace

TEST_CASE("sort keeps the order of equal elements") {
  WithIndices y = sort(tensor({3, 1, 3, 1}));
  CHECK(values(y.values) == Ints{1, 1, 3, 3});
  CHECK(values(y.indices) == Ints{1, 3, 0, 2});
  CHECK(y.indices.dtype() == i64);
  y = sort(tensor({3, 1, 3, 1}), -1, {.descending = true});
  CHECK(values(y.indices) == Ints{0, 2, 1, 3});
  y = sort(tensor({{3, 1}, {2, 5}}), 0);
  CHECK(values(y.values) == Ints{2, 1, 3, 5});
  CHECK(values(argsort(tensor({{3, 1}, {2, 5}}), 1)) == Ints{1, 0, 0, 1});
  CHECK(sort(scalar(4)).values.item() == 4);
  CHECK(sort(scalar(4)).indices.shape() == Shape{});
  CHECK(sort(zeros({2, 0})).values.shape() == Shape{2, 0});
  CHECK(sort(zeros({0, 2})).values.shape() == Shape{0, 2});
}

TEST_CASE("NaN is the largest") {
  CHECK(values(sort(tensor({NAN, 1, INFINITY})).indices) == Ints{1, 2, 0});
  CHECK(values(sort(tensor({1, NAN, 2}), 0, {.descending = true}).indices) == Ints{1, 2, 0});
  CHECK(values(topk(tensor({1, NAN, 2}), 1).indices) == Ints{1});
  CHECK(values(topk(tensor({1, NAN, 2}), 2, 0, {.largest = false}).indices) == Ints{0, 2});
}

TEST_CASE("topk") {
  WithIndices y = topk(tensor({{1, 5, 3}, {4, 4, 2}}), 2);
  CHECK(values(y.values) == Ints{5, 3, 4, 4});
  CHECK(values(y.indices) == Ints{1, 2, 0, 1});
  CHECK(topk(zeros({3}), 0).values.shape() == Shape{0});
  CHECK_THROWS_WITH_AS(topk(zeros({2, 3}), 4), "topk: k is 4, dimension 1 has 3 elements (x [2,3])", ValueError);
  CHECK_THROWS_AS(topk(zeros({3}), -1), ValueError);
}

TEST_CASE("many long rows, by any number of threads, as std::sort has them") {
  int before = num_threads();
  Generator generator(2);
  Tensor x = randn({40, 1000}, {}, generator);
  for (int threads : {1, 3}) {
    set_num_threads(threads);
    std::vector<float> actual = sort(x).values.to_vector<float>(), expected = x.to_vector<float>();
    for (std::size_t row = 0; row < 40; ++row)
      std::sort(expected.begin() + static_cast<int64_t>(row) * 1000,
                expected.begin() + static_cast<int64_t>(row + 1) * 1000);
    CHECK(actual == expected);
  }
  set_num_threads(before);
}

TEST_CASE("unique") {
  UniqueResult y = unique(tensor({{2, 1}, {2, 3}}));
  CHECK(values(y.values) == Ints{1, 2, 3});
  CHECK(values(y.inverse_indices) == Ints{1, 0, 1, 2});
  CHECK(y.inverse_indices.shape() == Shape{2, 2});
  CHECK(values(y.counts) == Ints{1, 2, 1});
  CHECK(unique(tensor({NAN, NAN})).values.numel() == 2);
  CHECK(unique(zeros({0}, {i64})).values.shape() == Shape{0});
  CHECK(values(unique(tensor({1, 0, 1}, {boolean})).counts) == Ints{1, 2});
}

TEST_CASE("sort and topk of every length are what a stable sort gives: ties, NaN, both zeros, infinities") {
  Generator generator(8);
  for (int64_t n : {2, 17, 599, 600, 1499, 1500, 5000}) {
    Tensor u = rand({n}, {}, generator), x = round(randn({n}, {}, generator) * 50) / 8;
    x = where(u < 0.02, NAN, where(u < 0.04, INFINITY, where(u < 0.06, -INFINITY, where(u < 0.1, -0.0, x))));
    Tensor whole = (where(u < 0.1, -1e18, randn({n}, {}, generator) * 100)).to(i64);
    for (const Tensor& values : {x, x.to(f64), whole, (u * 256).to(u8), u < 0.5})
      for (bool descending : {false, true}) {
        const std::vector<double> v = values.to_vector();
        std::vector<int64_t> order(v.size());
        std::iota(order.begin(), order.end(), int64_t{0});
        auto less = [](double a, double b) { return a < b || (b != b && a == a); };
        std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
          const double p = v[static_cast<std::size_t>(a)], q = v[static_cast<std::size_t>(b)];
          return descending ? less(q, p) : less(p, q);
        });
        CHECK(sort(values, 0, {.descending = descending}).indices.to_vector<int64_t>() == order);
        CHECK(argsort(values.reshape({n, 1}), 0, {.descending = descending}).to_vector<int64_t>() == order);
        order.resize(static_cast<std::size_t>(n / 2));
        CHECK(topk(values, n / 2, 0, {.largest = descending}).indices.to_vector<int64_t>() == order);
      }
  }
}
