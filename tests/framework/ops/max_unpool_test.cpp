#include <korrel/framework/ops/max_unpool.h>

#include <doctest/doctest.h>

#include <tests/wrong_calls.h>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

TEST_CASE("max pooling undone: the maxima in their places, zero elsewhere") {
  Tensor x = tensor({{1, 5, 2, 7, 3}}, {f64});
  WithIndices pooled = max_pool1d_with_indices(x, 2);
  CHECK(max_unpool1d(pooled.values, pooled.indices, 2).to_vector() == std::vector<double>{0, 5, 0, 7});
  CHECK(max_unpool1d(pooled.values, pooled.indices, 2, {.output_size = 5}).to_vector() ==
        std::vector<double>{0, 5, 0, 7, 0});
  Tensor image = randn({2, 3, 8, 9}, {f64}) + 10;
  WithIndices maxima = max_pool2d_with_indices(image, {2, 3});
  Tensor back = max_unpool2d(maxima.values, maxima.indices, {2, 3});
  CHECK(back.shape() == image.shape());
  CHECK(max_pool2d(back, {2, 3}).to_vector() == maxima.values.to_vector());
  CHECK(max_unpool2d(zeros({0, 2, 3, 3}), zeros({0, 2, 3, 3}, {i64}), 2).shape() == Shape{0, 2, 6, 6});
}

TEST_CASE("a place that is named twice is written once, and every name of it gets its gradient") {
  Tensor x = tensor({{4, 4, 1}}, {f64, true}), indices = tensor({{2, 2, 0}}, {i64});
  Tensor y = max_unpool1d(x, indices, 3, {.stride = 1});
  CHECK(y.to_vector() == std::vector<double>{1, 0, 4, 0, 0});
  y.backward(tensor({{1, 2, 3, 4, 5}}, {f64}));
  CHECK(x.grad().to_vector() == std::vector<double>{3, 3, 1});
}

TEST_CASE("what max_unpool refuses") {
  Tensor x = zeros({1, 2, 3}), places = zeros({1, 2, 3}, {i64});
  wrong_calls::check({
      {"value", [&] { max_unpool1d({}, places, 2); }, {"max_unpool1d: x is undefined"}},
      {"value", [&] { max_unpool1d(x, {}, 2); }, {"max_unpool1d: indices is undefined"}},
      {"dtype", [&] { max_unpool1d(places, places, 2); }, {"max_unpool1d: x must be f32 or f64, is i64"}},
      {"dtype", [&] { max_unpool1d(x, x, 2); }, {"max_unpool1d: indices must be i64, are f32"}},
      {"shape",
       [&] {
         max_unpool1d(x, zeros({1, 2, 4}, {i64}), 2);
       },
       {"shaped like x [1,2,3], are [1,2,4]"}},
      {"shape", [&] { max_unpool3d(x, places, 2); }, {"max_unpool3d: x needs 5 dimensions", "is [1,2,3]"}},
      {"value", [&] { max_unpool1d(x, places, 0); }, {"max_unpool1d: kernel_size must be at least 1, is [0]"}},
      {"value", [&] { max_unpool1d(x, places, 2, {.stride = 0}); }, {"max_unpool1d: stride must be at least 1"}},
      {"value", [&] { max_unpool1d(x, places, 2, {.padding = -1}); }, {"max_unpool1d: padding must be at least 0"}},
      {"shape",
       [&] { max_unpool1d(x, places, 2, {.output_size = 8}); },
       {"max_unpool1d: output_size must be less than a stride from [6], is [8]"}},
      {"shape", [&] { max_unpool1d(x, places, 2, {.padding = 3}); }, {"max_unpool1d: the result would have size 0"}},
      {"value",
       [&] {
         max_unpool1d(x, full({1, 2, 3}, 6, {i64}), 2);
       },
       {"max_unpool1d: index 6 is out of range for channels of [6]"}},
      {"value",
       [&] {
         max_unpool1d(x, full({1, 2, 3}, -1, {i64}), 2);
       },
       {"max_unpool1d: index -1 is out of range for channels of [6]"}},
  });
}
