#include <korrel/framework/ops/interpolate.h>

#include <doctest/doctest.h>

#include <cmath>

#include <tests/wrong_calls.h>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

using Numbers = std::vector<double>;
Numbers values(const Tensor& x) { return x.to_vector(); }

constexpr Interpolation smooth[] = {Interpolation::bilinear, Interpolation::bicubic};

}  // namespace

TEST_CASE("nearest neighbours: below the place, or the nearest centre") {
  Tensor x = tensor({{{0, 1, 2, 3, 4}}}, {f64});
  CHECK(values(interpolate(x, {.size = 3})) == Numbers{0, 1, 3});
  CHECK(values(interpolate(x, {.size = 3, .mode = Interpolation::nearest_exact})) == Numbers{0, 2, 4});
  CHECK(values(interpolate(x, {.scale_factor = 2})) == Numbers{0, 0, 1, 1, 2, 2, 3, 3, 4, 4});
  Tensor image = tensor({{{1, 2}, {3, 4}}}, {f64}).unsqueeze(0);
  CHECK(values(interpolate(image, {.scale_factor = {1, 2}})) == Numbers{1, 1, 2, 2, 3, 3, 4, 4});
  CHECK(values(interpolate(image, {.size = {4, 1}})) == Numbers{1, 1, 3, 3});
}

TEST_CASE("linear: corners in place or edges in place") {
  Tensor x = tensor({{{0, 4, 8}}}, {f64});
  CHECK(values(interpolate(x, {.size = 5, .mode = Interpolation::linear, .align_corners = true})) ==
        Numbers{0, 2, 4, 6, 8});
  CHECK(values(interpolate(x, {.size = 6, .mode = Interpolation::linear})) == Numbers{0, 1, 3, 5, 7, 8});
  CHECK(values(interpolate(x, {.size = 1, .mode = Interpolation::linear, .align_corners = true})) == Numbers{0});
  // The factor that was given places the elements, or else the ratio of the sizes.
  Tensor two = tensor({{{0, 10}}}, {f64});
  CHECK(values(interpolate(two, {.scale_factor = 1.6, .mode = Interpolation::linear}))[1] ==
        doctest::Approx(10 * (1.5 / 1.6 - 0.5)));
  CHECK(values(interpolate(two,
                           {.scale_factor = 1.6, .mode = Interpolation::linear, .recompute_scale_factor = true}))[1] ==
        doctest::Approx(5));
}

TEST_CASE("every mode keeps a constant image, and the size it already has") {
  Tensor x = full({1, 2, 6, 5}, 3, {f64}), random = randn({1, 2, 6, 5}, {f64});
  for (Interpolation mode : {Interpolation::nearest, Interpolation::nearest_exact, Interpolation::bilinear,
                             Interpolation::bicubic, Interpolation::area})
    for (const Dims& size : {Dims{9, 8}, Dims{2, 3}, Dims{1, 1}}) {
      Tensor y = interpolate(x, {.size = size, .mode = mode});
      CHECK(y.shape() == Shape{1, 2, size[0], size[1]});
      for (double value : values(y)) CHECK(value == doctest::Approx(3));
      CHECK(values(interpolate(random, {.size = {6, 5}, .mode = mode})) == values(random));
    }
  CHECK_FALSE(interpolate(random, {.size = {6, 5}}).body().storage == random.body().storage);
}

TEST_CASE("antialiased reduction sees every element; without, some do not count") {
  for (Interpolation mode : smooth) {
    Tensor x = zeros({1, 1, 12, 12}, {f64}).requires_grad_();
    sum(interpolate(x, {.size = 2, .mode = mode, .antialias = true})).backward();
    for (double slope : values(x.grad())) CHECK(slope != 0);
    Tensor z = zeros({1, 1, 12, 12}, {f64}).requires_grad_();
    sum(interpolate(z, {.size = 2, .mode = mode})).backward();
    CHECK(count_nonzero(z.grad()).item<int64_t>() < 144);
  }
  // Twice as wide triangles, cut off at the edge: weights 3, 3, 1 and 1, 3, 3 of 7 by hand.
  Tensor x = tensor({{{7, 0, 14, 0}, {7, 0, 14, 0}}}, {f64}).unsqueeze(0);
  Numbers y = values(interpolate(x, {.size = {1, 2}, .mode = Interpolation::bilinear, .antialias = true}));
  CHECK(y[0] == doctest::Approx(5));
  CHECK(y[1] == doctest::Approx(6));
}

TEST_CASE("what interpolate refuses") {
  Tensor image = zeros({1, 2, 4, 5});
  wrong_calls::check({
      {"value", [] { interpolate({}, {.size = 2}); }, {"interpolate: x is undefined"}},
      {"dtype",
       [] {
         interpolate(zeros({1, 1, 4}, {u8}), {.size = 2});
       },
       {"interpolate: x must be f32 or f64, is u8"}},
      {"shape",
       [] {
         interpolate(zeros({4, 4}), {.size = 2});
       },
       {"interpolate: x needs 3 to 5 dimensions", "[4,4]"}},
      {"shape",
       [] {
         interpolate(zeros({1, 1, 0}), {.size = 2});
       },
       {"interpolate: x [1,1,0] is empty"}},
      {"shape",
       [&] { interpolate(image, {.size = 2, .mode = Interpolation::linear}); },
       {"interpolate: mode linear needs an x of 3 dimensions, is [1,2,4,5]"}},
      {"shape",
       [&] { interpolate(image, {.size = 2, .mode = Interpolation::trilinear}); },
       {"interpolate: mode trilinear needs an x of 5 dimensions"}},
      {"value",
       [&] { interpolate(image, {.size = 2, .align_corners = false}); },
       {"interpolate: mode nearest knows no align_corners"}},
      {"value",
       [&] { interpolate(image, {.size = 2, .mode = Interpolation::area, .antialias = true}); },
       {"interpolate: antialias is for bilinear and bicubic, mode is area"}},
      {"value", [&] { interpolate(image, {}); }, {"interpolate: needs either size or scale_factor, got neither"}},
      {"value",
       [&] { interpolate(image, {.size = 2, .scale_factor = 2}); },
       {"interpolate: needs either size or scale_factor, got both"}},
      {"value",
       [&] { interpolate(image, {.size = 2, .recompute_scale_factor = true}); },
       {"interpolate: recompute_scale_factor needs a scale_factor"}},
      {"shape",
       [&] {
         interpolate(image, {.size = {2, 2, 2}});
       },
       {"interpolate: size needs one number or 2, got [2,2,2]"}},
      {"shape",
       [&] {
         interpolate(image, {.scale_factor = {2, 2, 2}});
       },
       {"interpolate: scale_factor needs one number or 2, got 3"}},
      {"value", [&] { interpolate(image, {.size = 0}); }, {"interpolate: the result would have size 0 along axis 0"}},
      {"value",
       [&] {
         interpolate(image, {.scale_factor = {1, 0.1}});
       },
       {"interpolate: the result would have size 0 along axis 1"}},
      {"value", [&] { interpolate(image, {.scale_factor = -1}); }, {"interpolate: scale_factor must be positive"}},
      {"value", [&] { interpolate(image, {.scale_factor = 1e300}); }, {"interpolate: scale_factor must be positive"}},
      {"value",
       [&] { interpolate(image, {.scale_factor = std::nan("")}); },
       {"interpolate: scale_factor must be positive"}},
  });
}
