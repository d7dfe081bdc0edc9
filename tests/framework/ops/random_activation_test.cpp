#include <korrel/framework/ops/random_activation.h>

#include <doctest/doctest.h>

#include <cmath>

#include <tests/wrong_calls.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/activation.h>
#include <korrel/layers/dropout.h>

using namespace korrel;

TEST_CASE("rrelu: slopes uniform between the bounds while training, their middle in evaluation") {
  constexpr int64_t n = 100000;
  Generator generator(5);
  Tensor x = full({n}, -1, {f64, true});
  Tensor y = rrelu(x, {.lower = 0.2, .upper = 0.8, .training = true}, generator);
  std::vector<double> slopes = (-y).to_vector();
  double total = 0, squares = 0;
  for (double slope : slopes) {
    REQUIRE((slope >= 0.2 && slope < 0.8));
    total += slope;
    squares += (slope - 0.5) * (slope - 0.5);
  }
  CHECK(std::abs(total / n - 0.5) < 5 * 0.6 / std::sqrt(12.0 * n));  // five standard deviations
  CHECK(squares / n == doctest::Approx(0.36 / 12).epsilon(0.02));
  sum(y).backward();
  CHECK(x.grad().to_vector() == slopes);

  Tensor mixed = tensor({-2, 0, 3});
  CHECK(rrelu(mixed, {.lower = 0.2, .upper = 0.8}).to_vector() ==
        leaky_relu(mixed, {.negative_slope = 0.5}).to_vector());
  CHECK(rrelu(mixed, {.training = true}).to_vector()[2] == 3);
  CHECK(generator.draws() == 1);

  nn::RReLU layer(0.2, 0.8, &generator);
  layer(mixed);
  CHECK(generator.draws() == 2);
  layer.eval();
  CHECK(layer(mixed).to_vector() == rrelu(mixed, {.lower = 0.2, .upper = 0.8}).to_vector());
  CHECK(to_string(nn::RReLU()) == "RReLU(lower=0.125, upper=0.3333333333333333)");
}

TEST_CASE("gumbel_softmax draws each class as often as softmax says") {
  Generator generator(6);
  Tensor scores = tensor({1, 0, -1, 2}, {f64}), x = scores.expand({20000, 4});
  std::vector<double> expected = softmax(scores, 0).to_vector(),
                      drawn = mean(gumbel_softmax(x, {.hard = true}, generator), 0).to_vector();
  for (std::size_t c = 0; c < 4; ++c) CHECK(std::abs(drawn[c] - expected[c]) < 0.02);
  Tensor soft = gumbel_softmax(x, {.tau = 0.5}, generator);
  for (double total : sum(soft.narrow(0, 0, 100), 1).to_vector()) CHECK(total == doctest::Approx(1));
}

TEST_CASE("gumbel_softmax: the hard sample has the soft one's gradient") {
  Tensor a = tensor({{1, 2, 3}, {0, 0, 1}}, {f64, true}), b = a.detach().clone().requires_grad_();
  Generator first(7), second(7);
  Tensor hard = gumbel_softmax(a, {.tau = 2, .hard = true}, first), soft = gumbel_softmax(b, {.tau = 2}, second);
  for (double value : hard.to_vector()) CHECK((value == 0 || value == 1));
  CHECK(sum(hard, 1).to_vector() == std::vector<double>{1, 1});
  Tensor upstream = tensor({{1, 2, 3}, {4, 5, 6}}, {f64});
  hard.backward(upstream);
  soft.backward(upstream);
  CHECK(a.grad().to_vector() == b.grad().to_vector());
}

TEST_CASE("the generator decides, not the number of threads") {
  int before = num_threads();
  auto draw = [](DType dtype) {
    Generator generator(8);
    std::vector<double> all = rrelu(full({30001}, -1, {dtype}), {.training = true}, generator).to_vector();
    for (double value : gumbel_softmax(zeros({5000, 3}, {dtype}), {}, generator).to_vector()) all.push_back(value);
    return all;
  };
  set_num_threads(1);
  std::vector<double> one = draw(f32), precise = draw(f64);
  set_num_threads(3);
  CHECK(draw(f32) == one);
  set_num_threads(before);
  for (std::size_t i = 0; i < one.size(); ++i) REQUIRE(one[i] == doctest::Approx(precise[i]).epsilon(1e-5));
}

TEST_CASE("FeatureAlphaDropout drops channels as its op does, and none in evaluation") {
  Generator first(9), second(9);
  nn::FeatureAlphaDropout layer(0.4, &first);
  Tensor x = randn({5, 6, 7});
  CHECK(layer(x).to_vector() == feature_alpha_dropout(x, {.p = 0.4}, second).to_vector());
  layer.eval();
  CHECK(layer(x).same_as(x));
  CHECK(to_string(layer) == "FeatureAlphaDropout(p=0.4, inplace=False)");
}

TEST_CASE("what random activations refuse") {
  wrong_calls::check({
      {"dtype", [] { rrelu(zeros({2}, {i64})); }, {"rrelu: expects a floating tensor, x is i64"}},
      {"value", [] { rrelu(zeros({2}), {.lower = 1, .upper = 0}); }, {"rrelu: lower 1 must not be above upper 0"}},
      {"value", [] { nn::RReLU r(1, 0); }, {"RReLU: lower=1 must not be above upper=0"}},
      {"dtype", [] { gumbel_softmax(zeros({2}, {u8})); }, {"gumbel_softmax: expects a floating tensor, x is u8"}},
      {"value", [] { gumbel_softmax(zeros({2}), {.tau = 0}); }, {"gumbel_softmax: tau must be positive, is 0"}},
      {"shape", [] { gumbel_softmax(zeros({2}), {.dim = 1}); }, {"gumbel_softmax"}},
      {"shape",
       [] {
         nn::Softmax2d()(zeros({2, 2}));
       },
       {"Softmax2d: needs 4 dimensions", "x is [2,2]"}},
  });
  Tensor x = randn({2, 3, 2, 2});
  CHECK(nn::Softmax2d()(x).to_vector() == softmax(x, 1).to_vector());
}
