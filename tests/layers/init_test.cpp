// Statistics of the initialisers over 100,000 numbers, and what each promises of its result.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/convolution.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/batch_norm.h>
#include <korrel/layers/convolution.h>
#include <korrel/layers/init.h>
#include <korrel/layers/linear.h>

using namespace korrel;
namespace init = korrel::nn::init;

namespace {

struct Statistics {
  double mean = 0, std = 0, low = 1e300, high = -1e300;
};
Statistics statistics(const Tensor& x) {
  Statistics s;
  std::vector<double> values = x.to_vector();
  for (double v : values) {
    s.mean += v / static_cast<double>(values.size());
    s.low = std::min(s.low, v);
    s.high = std::max(s.high, v);
  }
  for (double v : values) s.std += (v - s.mean) * (v - s.mean) / static_cast<double>(values.size());
  s.std = std::sqrt(s.std);
  return s;
}

// 100,000 numbers: the error of a mean is std / 316, so 5 of these are 0.016 std.
void check_uniform(const Tensor& x, double bound) {
  Statistics s = statistics(x);
  CHECK(std::abs(s.mean) < 0.016 * bound);
  CHECK(s.std == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.01));
  CHECK(s.low >= -bound);
  CHECK(s.high <= bound);
  CHECK(s.high > 0.999 * bound);
}
void check_normal(const Tensor& x, double std) {
  Statistics s = statistics(x);
  CHECK(std::abs(s.mean) < 0.016 * std);
  CHECK(s.std == doctest::Approx(std).epsilon(0.01));
  CHECK(s.high > 3.5 * std);
}

Tensor blank(const Shape& shape) { return full(shape, 77); }

}  // namespace

TEST_CASE("uniform, normal and truncated normal numbers are so distributed") {
  Tensor x = blank({100000});
  init::uniform_(x, -3, 3);
  check_uniform(x, 3);
  init::normal_(x, 0, 0.5);
  check_normal(x, 0.5);
  init::normal_(x, 10, 2);
  CHECK(statistics(x).mean == doctest::Approx(10).epsilon(0.005));
  init::trunc_normal_(x);
  Statistics s = statistics(x);
  CHECK(std::abs(s.mean) < 0.02);
  CHECK(s.std == doctest::Approx(0.8796).epsilon(0.01));  // of a standard normal cut at +-2
  CHECK(s.low >= -2);
  CHECK(s.high <= 2);
  init::trunc_normal_(x, 1, 2, 0.5, 9);
  CHECK(statistics(x).low >= 0.5);
}

TEST_CASE("Xavier and Kaiming: the variance that the fans ask for") {
  Tensor x = blank({200, 50, 2, 5});  // fan_in 500, fan_out 2000
  init::xavier_uniform_(x, 2);
  check_uniform(x, 2 * std::sqrt(6.0 / 2500));
  init::xavier_normal_(x);
  check_normal(x, std::sqrt(2.0 / 2500));
  init::kaiming_uniform_(x, {.nonlinearity = "relu"});
  check_uniform(x, std::sqrt(6.0 / 500));
  init::kaiming_normal_(x, {.mode = "fan_out", .nonlinearity = "relu"});
  check_normal(x, std::sqrt(2.0 / 2000));
  init::kaiming_normal_(x, {.a = 1});
  check_normal(x, std::sqrt(1.0 / 500));
}

TEST_CASE("what layers start from") {
  check_uniform(nn::Linear(400, 250).weight, 1 / std::sqrt(400.0));
  check_uniform(nn::Linear(4, 100000).bias, 0.5);
  check_uniform(nn::Conv2d(20, 200, 5).weight, 1 / std::sqrt(500.0));
  check_uniform(nn::Conv2d(40, 200, 5, {.groups = 2}).weight, 1 / std::sqrt(500.0));
  check_uniform(nn::ConvTranspose2d(200, 20, 5).weight, 1 / std::sqrt(500.0));
  check_uniform(nn::Bilinear(100, 100, 10).weight, 0.1);
  nn::BatchNorm2d norm(3);
  CHECK(norm.weight.to_vector() == std::vector<double>{1, 1, 1});
  CHECK(norm.bias.to_vector() == std::vector<double>{0, 0, 0});
  CHECK(norm.running_mean.to_vector() == std::vector<double>{0, 0, 0});
  CHECK(norm.running_var.to_vector() == std::vector<double>{1, 1, 1});
  CHECK(norm.num_batches_tracked.item<int64_t>() == 0);
}

TEST_CASE("the same seed gives the same layer, for any number of threads; draws go on from layer to layer") {
  int before = num_threads();
  manual_seed(5);
  nn::Conv2d first(3, 64, 5), second(3, 64, 5);
  CHECK(first.weight.to_vector() != second.weight.to_vector());
  set_num_threads(3);
  manual_seed(5);
  nn::Conv2d again(3, 64, 5);
  CHECK(again.weight.to_vector() == first.weight.to_vector());
  set_num_threads(before);
  Generator generator(9);
  first.reset_parameters(generator);
  Generator same(9);
  second.reset_parameters(same);
  CHECK(first.weight.to_vector() == second.weight.to_vector());
  CHECK(first.bias.to_vector() == second.bias.to_vector());
}

TEST_CASE("constants, identities, sparsity") {
  Tensor x = blank({3, 4});
  CHECK(init::constant_(x, 2.5).to_vector() == std::vector<double>(12, 2.5));
  CHECK(init::zeros_(x).to_vector() == std::vector<double>(12, 0));
  CHECK(init::ones_(x).to_vector() == std::vector<double>(12, 1));
  CHECK(init::eye_(x).to_vector() == std::vector<double>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});
  Tensor sparse = blank({10, 7});
  init::sparse_(sparse, 0.25);
  for (int64_t column = 0; column < 7; ++column) {
    int zeros_there = 0;
    for (int64_t row = 0; row < 10; ++row)
      zeros_there += sparse.to_vector()[static_cast<std::size_t>(row * 7 + column)] == 0;
    CHECK(zeros_there == 3);  // ceil(0.25 * 10)
  }
}

TEST_CASE("a convolution with Dirac weights passes its channels through, group by group") {
  Tensor x = randn({2, 4, 5, 6});
  Tensor w = blank({4, 4, 3, 5});
  init::dirac_(w);
  CHECK(conv2d(x, w, {}, {.padding = {1, 2}}).to_vector() == x.to_vector());
  Tensor grouped = blank({4, 2, 3, 3});
  init::dirac_(grouped, 2);
  CHECK(conv2d(x, grouped, {}, {.padding = 1, .groups = 2}).to_vector() == x.to_vector());
}
