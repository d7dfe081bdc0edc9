#include <korrel/framework/ops/lp_pool.h>

#include <doctest/doctest.h>

#include <cmath>

#include <tests/wrong_calls.h>

#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;

TEST_CASE("power means by hand, and the limits") {
  Tensor x = tensor({{3, 4, 0, 0, 6, 8}}, {f64});
  CHECK(lp_pool1d(x, 2, 2).to_vector() == std::vector<double>{5, 0, 10});
  CHECK(lp_pool1d(x, 1, 3).to_vector() == std::vector<double>{7, 14});
  CHECK(lp_pool1d(x, 60, 6).item() == doctest::Approx(8).epsilon(1e-6));  // nearly the maximum
  // A window that is cut off is scaled as if it were whole: sqrt(2 * 8^2).
  CHECK(lp_pool1d(x, 2, 2, {.stride = 5, .ceil_mode = true}).to_vector()[1] == doctest::Approx(std::sqrt(128)));
  CHECK(std::isnan(lp_pool1d(tensor({{-1, -1}}, {f64}), 3, 2).item()));
  CHECK(lp_pool2d(tensor({{{1, 2}, {2, 4}}}, {f64}), 2, 2).item() == doctest::Approx(5));
}

TEST_CASE("a window of zeros has slope zero") {
  Tensor x = tensor({{0, 0, 3, 4}}, {f64, true});
  sum(lp_pool1d(x, 2, 2)).backward();
  std::vector<double> slopes = x.grad().to_vector(), expected = {0, 0, 0.6, 0.8};
  for (std::size_t i = 0; i < 4; ++i) CHECK(slopes[i] == doctest::Approx(expected[i]));
}

TEST_CASE("what lp_pool refuses") {
  Tensor x = zeros({1, 2, 6});
  wrong_calls::check({
      {"value", [] { lp_pool1d({}, 2, 2); }, {"lp_pool1d: x is undefined"}},
      {"dtype",
       [] {
         lp_pool1d(zeros({1, 1, 4}, {i64}), 2, 2);
       },
       {"lp_pool1d: x must be f32 or f64, is i64"}},
      {"value", [&] { lp_pool1d(x, 0, 2); }, {"lp_pool1d: norm_type must be finite and not 0, is 0"}},
      {"value", [&] { lp_pool1d(x, INFINITY, 2); }, {"lp_pool1d: norm_type must be finite and not 0, is inf"}},
      {"shape", [] { lp_pool1d(zeros({4}), 2, 2); }, {"lp_pool1d: x needs 3 dimensions", "is [4]"}},
      {"shape",
       [] {
         lp_pool2d(zeros({4, 4}), 2, 2);
       },
       {"lp_pool2d: x needs 4 dimensions", "is [4,4]"}},
      {"shape",
       [&] {
         lp_pool2d(x, 2, {1, 2, 3});
       },
       {"lp_pool2d: kernel_size needs one number or 2, got [1,2,3]"}},
      {"value", [&] { lp_pool1d(x, 2, 0); }, {"kernel_size must be at least 1"}},
      {"shape", [&] { lp_pool1d(x, 2, 7); }, {"the kernel spans 7"}},
  });
}
