// Mixup against its definition, and the distribution of its shares.
#include <doctest/doctest.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/training/mixup.h>
#include <tests/message_of.h>

#include <cmath>

using namespace korrel;
using namespace korrel::training;

TEST_CASE("each sample is blended with another of the batch, and the labels say which") {
  Generator generator(1);
  Tensor x = arange(0, 8).to(f32).reshape({8, 1}).expand({8, 3}).contiguous(), y = arange(8);
  bool moved = false;
  for (int i = 0; i < 20; ++i) {
    Mixed mixed = mixup(x, y, 0.4, generator);
    CHECK(mixed.y.same_as(y));
    CHECK(mixed.share >= 0);
    CHECK(mixed.share <= 1);
    std::vector<bool> seen(8, false);
    for (int64_t row = 0; row < 8; ++row) {
      int64_t other = mixed.other.data<int64_t>()[row];
      CHECK_FALSE(seen[static_cast<std::size_t>(other)]);
      seen[static_cast<std::size_t>(other)] = true;
      moved = moved || other != row;
      for (int64_t column = 0; column < 3; ++column) {
        double expected = mixed.share * static_cast<double>(row) + (1 - mixed.share) * static_cast<double>(other);
        CHECK(mixed.x.data<float>()[row * 3 + column] == doctest::Approx(expected).epsilon(1e-6));
      }
    }
  }
  CHECK(moved);
}

TEST_CASE("shares are Beta distributed: mean 1/2, variance 1 / (4 (2 alpha + 1)), quartiles of known cases") {
  for (double alpha : {0.05, 0.2, 0.5, 1.0, 3.0, 20.0}) {
    CAPTURE(alpha);
    Generator generator(7);
    const int n = 20'000;
    double sum = 0, squares = 0;
    int below_quarter = 0;
    for (int i = 0; i < n; ++i) {
      double share = draw_beta(alpha, generator);
      CHECK(share >= 0);
      CHECK(share <= 1);
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
      below_quarter += share < 0.25;
    }
    double variance = 1 / (4 * (2 * alpha + 1));
    CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(variance / n));
    CHECK(squares / n == doctest::Approx(variance).epsilon(0.04));
    if (alpha == 1.0) CHECK(below_quarter == doctest::Approx(n / 4.).epsilon(0.05));  // uniform
    if (alpha == 0.5) CHECK(below_quarter == doctest::Approx(n / 3.).epsilon(0.05));  // arcsine: 2/pi asin(1/2)
  }
}

TEST_CASE("the same generator gives the same; what cannot be is refused") {
  Generator a(3), b(3);
  Tensor x = ones({4, 2}), y = arange(4);
  Mixed first = mixup(x, y, 0.2, a), second = mixup(x, y, 0.2, b);
  CHECK(first.share == second.share);
  CHECK(first.other.to_vector() == second.other.to_vector());
  for (double alpha : {0.0, -1.0, double(INFINITY), double(NAN)})
    CHECK(message_of<ValueError>([&] { mixup(x, y, alpha, a); }).find("alpha must be positive") != std::string::npos);
  CHECK(message_of<ShapeError>([&] { mixup(x, arange(3), 0.2, a); }) ==
        "mixup: one label per sample is needed, got x [4,2] and y [3]");
}
