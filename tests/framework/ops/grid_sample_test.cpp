#include <korrel/framework/ops/grid_sample.h>

#include <doctest/doctest.h>

#include <cmath>

#include <tests/wrong_calls.h>

#include <korrel/framework/ops/interpolate.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

void check_close(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == doctest::Approx(y[i]));
}

Tensor identity_map() { return tensor({{{1, 0, 0}, {0, 1, 0}}}, {f64}); }

}  // namespace

TEST_CASE("the identity keeps the image, a mirror turns it, another size resizes it") {
  Tensor x = randn({1, 2, 4, 5}, {f64}), mirror = tensor({{{-1, 0, 0}, {0, 1, 0}}}, {f64});
  for (bool corners : {false, true}) {
    AffineGridOptions how{corners};
    for (SampleMode mode : {SampleMode::bilinear, SampleMode::nearest, SampleMode::bicubic}) {
      GridSampleOptions options{.mode = mode, .align_corners = corners};
      check_close(grid_sample(x, affine_grid(identity_map(), x.shape(), how), options), x);
      check_close(grid_sample(x, affine_grid(mirror, x.shape(), how), options), flip(x, {3}));
    }
    Tensor grid = affine_grid(identity_map(), {1, 2, 7, 9}, how);
    check_close(grid_sample(x, grid, {.padding_mode = SamplePadding::border, .align_corners = corners}),
                interpolate(x, {.size = {7, 9}, .mode = Interpolation::bilinear, .align_corners = corners}));
    Tensor volume = randn({1, 2, 3, 2, 4}, {f64}), map = tensor({{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}, {f64});
    check_close(grid_sample(volume, affine_grid(map, volume.shape(), how), {.align_corners = corners}), volume);
  }
}

TEST_CASE("beyond the edge: zeros, the edge, or the mirror image") {
  Tensor x = tensor({{{1, 2, 3, 4}}}, {f64}).unsqueeze(0);
  // Outer edges at -1 and 1, half a unit per element: -1.25 is element -1, 1.75 element 5, which mirrors to element 2.
  Tensor grid = tensor({{{-1.25, 0}, {1.75, 0}, {0, 0}}}, {f64}).unsqueeze(0);
  auto read = [&](SamplePadding padding) { return grid_sample(x, grid, {.padding_mode = padding}).to_vector(); };
  CHECK(read(SamplePadding::zeros) == std::vector<double>{0, 0, 2.5});
  CHECK(read(SamplePadding::border) == std::vector<double>{1, 4, 2.5});
  CHECK(read(SamplePadding::reflection) == std::vector<double>{1, 3, 2.5});
}

TEST_CASE("nothing outside memory is read for any number in the grid") {
  Tensor x = ones({1, 1, 2, 2}, {f64}), one = ones({1, 1, 1, 1}, {f64});
  for (double odd : {1e300, -1e300, HUGE_VAL, -HUGE_VAL, std::nan("")})
    for (SampleMode mode : {SampleMode::bilinear, SampleMode::nearest, SampleMode::bicubic})
      for (SamplePadding padding : {SamplePadding::zeros, SamplePadding::border, SamplePadding::reflection})
        for (const Tensor& image : {x, one}) {
          Tensor grid = full({1, 1, 1, 2}, odd, {f64, true});
          Tensor y = grid_sample(image, grid, {.mode = mode, .padding_mode = padding});
          y.backward(ones(y.shape(), {f64}));
          CHECK(grid.grad().numel() == 2);
          if (padding == SamplePadding::zeros) CHECK(y.item() == 0);
        }
}

TEST_CASE("nearest has no gradient to the grid") {
  Tensor x = randn({1, 1, 3, 3}, {f64, true}), grid = rand({1, 2, 2, 2}, {f64, true});
  sum(grid_sample(x, grid, {.mode = SampleMode::nearest})).backward();
  CHECK(grid.grad().to_vector() == std::vector<double>(8, 0));
  CHECK(sum(x.grad()).item() == 4);
}

TEST_CASE("what grid_sample and affine_grid refuse") {
  Tensor x = zeros({2, 3, 4, 5}), grid = zeros({2, 6, 7, 2}), theta = zeros({2, 2, 3});
  wrong_calls::check({
      {"value", [&] { grid_sample({}, grid); }, {"grid_sample: x is undefined"}},
      {"value", [&] { grid_sample(x, {}); }, {"grid_sample: grid is undefined"}},
      {"dtype", [&] { grid_sample(x.to(i64), grid); }, {"grid_sample: x must be f32 or f64, is i64"}},
      {"dtype", [&] { grid_sample(x, grid.to(f64)); }, {"grid_sample: grid must have the dtype of x f32, is f64"}},
      {"shape",
       [&] {
         grid_sample(zeros({4, 5}), grid);
       },
       {"grid_sample: x needs 4 or 5 dimensions", "[4,5]"}},
      {"shape",
       [&] {
         grid_sample(x, zeros({1, 6, 7, 2}));
       },
       {"grid_sample: grid must be [2,...,2]", "[1,6,7,2]"}},
      {"shape",
       [&] {
         grid_sample(x, zeros({2, 6, 7, 3}));
       },
       {"grid_sample: grid must be [2,...,2]", "[2,6,7,3]"}},
      {"shape",
       [&] {
         grid_sample(x, zeros({2, 7, 2}));
       },
       {"grid_sample: grid must be [2,...,2]", "[2,7,2]"}},
      {"shape",
       [&] {
         grid_sample(zeros({2, 3, 0, 5}), grid);
       },
       {"grid_sample: nothing to read in x [2,3,0,5]"}},
      {"shape",
       [] {
         grid_sample(zeros({1, 1, 2, 2, 2}), zeros({1, 1, 1, 1, 3}), {.mode = SampleMode::bicubic});
       },
       {"grid_sample: bicubic is for images, x is [1,1,2,2,2]"}},
      {"value",
       [] {
         affine_grid({}, {1, 1, 2, 2});
       },
       {"affine_grid: theta is undefined"}},
      {"dtype",
       [&] {
         affine_grid(theta.to(i64), {2, 1, 2, 2});
       },
       {"affine_grid: theta must be f32 or f64, is i64"}},
      {"shape",
       [&] {
         affine_grid(theta, {2, 1, 2});
       },
       {"affine_grid: size must be [N,C,H,W]", "is [2,1,2]"}},
      {"shape",
       [&] {
         affine_grid(theta, {3, 1, 2, 2});
       },
       {"affine_grid: theta must be [3,2,3]", "is [2,2,3]"}},
      {"shape",
       [&] {
         affine_grid(theta, {2, 1, 2, 2, 2});
       },
       {"affine_grid: theta must be [2,3,4]", "is [2,2,3]"}},
      {"value",
       [&] {
         affine_grid(theta, {2, 1, 0, 2});
       },
       {"affine_grid: sizes must be positive, are [2,1,0,2]"}},
  });
}
