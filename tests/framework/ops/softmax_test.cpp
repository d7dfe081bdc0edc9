#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <tests/framework/ops/thrown_message.h>

#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

double largest_difference(const Tensor& a, const Tensor& b) {
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  REQUIRE(x.size() == y.size());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  return largest;
}

}  // namespace

TEST_CASE("softmax by hand") {
  Tensor x = tensor({0, std::log(2.0), std::log(5.0)}, {f64});
  CHECK(largest_difference(softmax(x, 0), tensor({0.125, 0.25, 0.625}, {f64})) < 1e-15);
  CHECK(largest_difference(log_softmax(x, -1), log(tensor({0.125, 0.25, 0.625}, {f64}))) < 1e-15);
  CHECK(largest_difference(softmin(-x, 0), softmax(x, 0)) == 0);
  CHECK(softmax(scalar(3), 0).item() == 1);
  CHECK(log_softmax(scalar(3), -1).item() == 0);
  CHECK(softmax(zeros({3, 0}), 1).shape() == Shape{3, 0});
  CHECK(softmax(zeros({0, 3}), 1).shape() == Shape{0, 3});
}

TEST_CASE("softmax along every dimension, at every length, on every target is exp over the sum") {
  Generator generator(2);
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CAPTURE(target);
    for (DType dtype : {f32, f64}) {
      double tolerance = dtype == f32 ? 3e-6 : 1e-14;
      for (int64_t n : {1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 100}) {
        CAPTURE(n);
        Tensor x = randn({3, n, 5}, {dtype}, generator);
        for (int64_t dim : {0, 1, 2}) {
          Tensor y = softmax(x, dim), e = exp(x.to(f64));
          Tensor expected = e / sum(e, dim, {.keepdim = true});
          CHECK(largest_difference(y, expected) < tolerance);
          CHECK(largest_difference(log_softmax(x, dim), log(expected)) < 10 * tolerance);
        }
        CHECK(largest_difference(softmax(x.transpose(1, 2), 2), softmax(x, 1).transpose(1, 2)) < tolerance);
      }
    }
  }
  kernels::choose_default_target();
}

TEST_CASE("softmax: large values, infinities, NaN") {
  CHECK(softmax(tensor({1e30, 1e30}), 0).to_vector() == std::vector<double>{0.5, 0.5});
  CHECK(softmax(tensor({-1e30, 0}), 0).to_vector() == std::vector<double>{0, 1});
  CHECK(log_softmax(tensor({-1e30, 0}, {f64}), 0).to_vector() == std::vector<double>{-1e30, 0});
  CHECK(softmax(tensor({-inf, 0, -inf}), 0).to_vector() == std::vector<double>{0, 1, 0});
  CHECK(log_softmax(tensor({-inf, 0, 0}, {f64}), 0).to_vector()[0] == -inf);
  for (const Tensor& x : {tensor({-inf, -inf}), tensor({inf, 0}), tensor({NAN, 0})})
    CHECK(std::isnan(softmax(x, 0).to_vector()[0]));
  // A bad line spoils no other one.
  Tensor rows = softmax(tensor({{-inf, -inf}, {0, 0}}), 1), columns = softmax(tensor({{-inf, 0}, {-inf, 0}}), 0);
  CHECK(rows.to_vector()[2] == 0.5);
  CHECK(columns.to_vector()[1] == 0.5);
  CHECK(std::isnan(columns.to_vector()[0]));
}

TEST_CASE("softmax has the same bits for any number of threads") {
  Generator generator(4);
  Tensor x = randn({513, 129}, {}, generator), z = randn({4, 65, 513}, {}, generator);
  int before = num_threads();
  set_num_threads(1);
  Tensor rows = softmax(x, 1), columns = log_softmax(z, 1);
  set_num_threads(3);
  CHECK(softmax(x, 1).to_vector() == rows.to_vector());
  CHECK(log_softmax(z, 1).to_vector() == columns.to_vector());
  set_num_threads(before);
}

TEST_CASE("softmax tells what is wrong") {
  CHECK(message_of<DtypeError>([] { softmax(zeros({2}, {i64}), 0); }) ==
        "softmax: expects a floating tensor, x is i64");
  CHECK(message_of<ShapeError>([] { log_softmax(zeros({2, 3}), 2); }).find("log_softmax: ") == 0);
}
