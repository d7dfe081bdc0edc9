#include <doctest/doctest.h>

#include <cmath>

#include <tests/framework/ops/thrown_message.h>

#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/dropout.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;

namespace {

double share_of_zeros(const Tensor& x) {
  return 1 - static_cast<double>(count_nonzero(x).item<int64_t>()) / static_cast<double>(x.numel());
}

}  // namespace

TEST_CASE("dropout drops a share of p and scales the rest by 1 / (1 - p)") {
  constexpr int64_t n = 100000;
  for (double p : {0.1, 0.5, 0.9}) {
    Generator generator(1);
    Tensor y = dropout(ones({n}, {f64}), {.p = p}, generator);
    CHECK(std::abs(share_of_zeros(y) - p) < 5 * std::sqrt(p * (1 - p) / n));  // five standard deviations
    for (double value : y.to_vector()) CHECK_UNARY(value == 0 || value == doctest::Approx(1 / (1 - p)));
    // Neighbours are independent: both dropped with probability p^2.
    std::vector<double> values = y.to_vector();
    int64_t both = 0;
    for (std::size_t i = 1; i < values.size(); ++i) both += values[i] == 0 && values[i - 1] == 0;
    CHECK(std::abs(static_cast<double>(both) / n - p * p) < 0.01);
  }
}

TEST_CASE("dropout: the ends, evaluation, the gradient") {
  Tensor x = full({1000}, 3, {f64, true});
  Generator generator(2);
  CHECK(dropout(x, {.p = 0}, generator).same_as(x));
  CHECK(dropout(x, {.training = false}, generator).same_as(x));
  CHECK(generator.draws() == 0);
  CHECK(share_of_zeros(dropout(x, {.p = 1}, generator)) == 1);
  CHECK(generator.draws() == 1);
  Tensor y = dropout(x, {.p = 0.25}, generator);
  sum(y).backward();
  std::vector<double> values = y.to_vector(), slopes = x.grad().to_vector();
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == doctest::Approx(3 * slopes[i]));
  CHECK(dropout(zeros({0})).shape() == Shape{0});
}

TEST_CASE("dropout: the generator decides, not the number of threads nor the dtype") {
  int before = num_threads();
  auto draw = [](DType dtype) {
    Generator generator(7);
    generator.next_draw();
    return dropout(ones({30001}, {dtype}), {.p = 0.3}, generator);
  };
  set_num_threads(1);
  Tensor one = draw(f32);
  set_num_threads(3);
  CHECK(draw(f32).to_vector() == one.to_vector());
  CHECK((draw(f64).to_vector<bool>() == one.to_vector<bool>()));
  set_num_threads(before);
  Generator generator(7);
  CHECK(dropout(ones({30001}), {.p = 0.3}, generator).to_vector() != one.to_vector());  // another draw
}

TEST_CASE("whole channels are dropped") {
  Generator generator(3);
  struct Call {
    Tensor y;
    int64_t channels;
  };
  for (const Call& call :
       {Call{dropout1d(ones({20, 30, 7}), {}, generator), 600}, Call{dropout1d(ones({600, 7}), {}, generator), 600},
        Call{dropout2d(ones({20, 30, 3, 5}), {}, generator), 600},
        Call{dropout2d(ones({20, 30, 5}), {}, generator), 600},
        Call{dropout3d(ones({20, 30, 2, 3, 5}), {}, generator), 600},
        Call{dropout3d(ones({600, 2, 3, 5}), {}, generator), 600}}) {
    Tensor planes = call.y.reshape({call.channels, -1});
    int64_t dropped = 0;
    for (int64_t c = 0; c < call.channels; ++c) {
      std::vector<double> plane = planes.select(0, c).to_vector();
      for (double value : plane) CHECK(value == plane[0]);
      dropped += plane[0] == 0;
    }
    CHECK(std::abs(static_cast<double>(dropped) / 600 - 0.5) < 0.1);
  }
}

TEST_CASE("alpha dropout keeps mean 0 and variance 1") {
  Generator generator(4);
  for (double p : {0.05, 0.3, 0.7}) {
    Tensor x = randn({200000}, {f64}, generator);
    Tensor y = alpha_dropout(x, {.p = p}, generator);
    CHECK(std::abs(mean(y).item()) < 0.02);
    CHECK(std::abs(var(y).item() - 1) < 0.03);
  }
  Tensor y = feature_alpha_dropout(zeros({50, 40, 6}, {f64}), {}, generator);
  for (int64_t i = 0; i < 50; ++i)
    for (int64_t c = 0; c < 40; ++c) CHECK(var(y.select(0, i).select(0, c)).item() == doctest::Approx(0));
}

TEST_CASE("dropout tells what is wrong") {
  CHECK(message_of<ValueError>([] { dropout(ones({2}), {.p = 1.5}); }) ==
        "dropout: p expects a probability in [0, 1], got 1.5");
  CHECK(message_of<ValueError>([] { alpha_dropout(ones({2}), {.p = -0.1}); }) ==
        "alpha_dropout: p expects a probability in [0, 1], got -0.1");
  CHECK(message_of<ValueError>([] { dropout(ones({2}), {.p = NAN, .training = false}); }).find("dropout: p expects") ==
        0);
  CHECK(message_of<DtypeError>([] { dropout(ones({2}, {i64})); }) == "dropout: expects a floating tensor, x is i64");
  CHECK(message_of<ShapeError>([] { dropout2d(ones({2, 3})); }) == "dropout2d: expects 3 or 4 dimensions, x is [2,3]");
}
