// Distances by way of matrix products against those that are added up element by element.
#include <korrel/framework/ops/similarity.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  return largest;
}

Tensor one_by_one(const Tensor& x, const Tensor& other) { return norm(x.unsqueeze(-2) - other.unsqueeze(-3), 2, -1); }

}  // namespace

TEST_CASE("cdist of many points: values, gradients, gradients of gradients, batches that broadcast") {
  Generator generator(4);
  for (const auto& [a, b] :
       {std::pair<Shape, Shape>{{30, 5}, {28, 5}}, {{2, 3, 4}, {2, 40, 4}}, {{1, 26, 3}, {3, 2, 3}}}) {
    Tensor x = randn(a, {f64, true}, generator), other = randn(b, {f64, true}, generator);
    Tensor gradients[2][2], second[2];
    for (bool direct : {false, true}) {
      x.zero_grad();
      other.zero_grad();
      Tensor y = direct ? one_by_one(x, other) : cdist(x, other);
      CHECK(largest_difference(y, one_by_one(x, other)) < 1e-12);
      sum(y * y * y).backward({}, {.create_graph = true});
      gradients[direct][0] = x.grad();
      gradients[direct][1] = other.grad();
      Tensor total = sum(square(x.grad()));
      x.zero_grad();
      total.backward();
      second[direct] = x.grad();
    }
    for (int i : {0, 1}) CHECK(largest_difference(gradients[0][i], gradients[1][i]) < 1e-9);
    CHECK(largest_difference(second[0], second[1]) < 1e-6);
  }
  Tensor same = (randn({30, 2}, {f64}, generator) * 0 + 1).requires_grad_();  // all in one place: flat
  sum(cdist(same, same.detach())).backward();
  CHECK(same.grad().to_vector() == std::vector<double>(60, 0.0));
}
