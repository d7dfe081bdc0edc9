#include <korrel/framework/ops/unfold.h>

#include <doctest/doctest.h>

#include <tests/wrong_calls.h>

#include <korrel/framework/ops/convolution.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/pixel_shuffle.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

using Ints = std::vector<int64_t>;
Ints values(const Tensor& x) { return x.to_vector<int64_t>(); }
Tensor counted(const Shape& shape) { return arange(0, static_cast<double>(shape.numel()), 1).reshape(shape); }

}  // namespace

TEST_CASE("unfold: windows by hand, and the convolution that it is the larger half of") {
  CHECK(values(unfold(counted({1, 2, 3}), 2)) == Ints{0, 1, 1, 2, 3, 4, 4, 5});
  // A window of which one column or more lies in the padding.
  CHECK(values(unfold(counted({1, 1, 2}), {1, 2}, {.padding = {0, 2}})) == Ints{0, 0, 0, 1, 0, 0, 0, 1, 0, 0});
  Tensor x = randn({2, 3, 7, 8}, {f64}), w = randn({4, 3, 3, 2}, {f64});
  UnfoldOptions options{.dilation = {2, 3}, .padding = {1, 2}, .stride = {2, 1}};
  Tensor columns = unfold(x, {3, 2}, options);
  Tensor expected = conv2d(x, w, {}, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {2, 3}});
  CHECK(columns.shape() == Shape{2, 18, expected.size(2) * expected.size(3)});
  Tensor y = matmul(w.reshape({4, 18}), columns).reshape(expected.shape());
  std::vector<double> a = y.to_vector(), b = expected.to_vector();
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]));
}

TEST_CASE("fold adds each window in its place") {
  // Every pixel comes back as often as windows cover it.
  Tensor x = counted({2, 3, 3}).to(f32);
  Tensor covered = fold(unfold(ones({2, 3, 3}), 2), 3, 2);
  CHECK(values(covered) == Ints{1, 2, 1, 2, 4, 2, 1, 2, 1, 1, 2, 1, 2, 4, 2, 1, 2, 1});
  CHECK(values(fold(unfold(x, 2), 3, 2)) == values(x * covered));
  CHECK(values(fold(unfold(x, 1, {.stride = 2}), 3, 1, {.stride = 2})) ==
        Ints{0, 0, 2, 0, 0, 0, 6, 0, 8, 9, 0, 11, 0, 0, 0, 15, 0, 17});
  CHECK(fold(zeros({0, 8, 4}), 3, 2).shape() == Shape{0, 2, 3, 3});
}

TEST_CASE("pixels and channels change places, and back") {
  Tensor x = counted({1, 4, 1, 2});
  CHECK(values(pixel_shuffle(x, 2)) == Ints{0, 2, 1, 3, 4, 6, 5, 7});
  Tensor images = counted({2, 3, 18, 2, 3});
  CHECK(pixel_shuffle(images, 3).shape() == Shape{2, 3, 2, 6, 9});
  CHECK(values(pixel_unshuffle(pixel_shuffle(images, 3), 3)) == values(images));
  CHECK(values(channel_shuffle(counted({1, 6, 1}), 2)) == Ints{0, 3, 1, 4, 2, 5});
  CHECK(values(channel_shuffle(channel_shuffle(images, 1), 3)) == values(images));
}

TEST_CASE("what unfold, fold and the shuffles refuse") {
  Tensor image = zeros({1, 2, 4, 5});
  wrong_calls::check({
      {"value", [] { unfold({}, 2); }, {"unfold: x is undefined"}},
      {"dtype",
       [] {
         unfold(zeros({1, 1, 4, 4}, {i64}), 2);
       },
       {"unfold: x must be f32 or f64, is i64"}},
      {"shape",
       [] {
         unfold(zeros({4, 4}), 2);
       },
       {"unfold: x needs 4 dimensions", "is [4,4]"}},
      {"shape",
       [] {
         unfold(zeros({1, 1, 1, 4, 4}), 2);
       },
       {"unfold: x needs 4 dimensions", "is [1,1,1,4,4]"}},
      {"shape",
       [&] {
         unfold(image, {2, 2, 2});
       },
       {"unfold: kernel_size needs one number or 2, got [2,2,2]"}},
      {"value",
       [&] {
         unfold(image, {0, 2});
       },
       {"unfold: kernel_size must be at least 1, is [0,2]"}},
      {"value", [&] { unfold(image, 2, {.dilation = 0}); }, {"unfold: dilation must be at least 1, is [0,0]"}},
      {"value", [&] { unfold(image, 2, {.padding = -1}); }, {"unfold: padding must be at least 0, is [-1,-1]"}},
      {"value", [&] { unfold(image, 2, {.stride = 0}); }, {"unfold: stride must be at least 1, is [0,0]"}},
      {"shape",
       [&] {
         unfold(image, {2, 6});
       },
       {"unfold: the window spans 6, the image with its padding only 5, along spatial axis 1 ([1,2,4,5])"}},
      {"value", [] { fold({}, 4, 2); }, {"fold: x is undefined"}},
      {"dtype",
       [] {
         fold(zeros({1, 4, 9}, {boolean}), 4, 2);
       },
       {"fold: x must be f32 or f64, is bool"}},
      {"shape",
       [] {
         fold(zeros({1, 1, 4, 9}), 4, 2);
       },
       {"fold: x needs 3 dimensions", "is [1,1,4,9]"}},
      {"shape",
       [] {
         fold(zeros({1, 5, 9}), 4, 2);
       },
       {"fold: 5 rows are no multiple of the 4 elements of a window"}},
      {"shape",
       [] {
         fold(zeros({1, 4, 8}), 4, 2);
       },
       {"fold: an image of [4,4] has 9 windows, x has 8 (x [1,4,8])"}},
      {"value",
       [] {
         fold(zeros({1, 4, 9}), 0, 2);
       },
       {"fold: output_size must be at least 1, is [0,0]"}},
      {"shape",
       [] {
         fold(zeros({1, 4, 9}), 1, 2);
       },
       {"fold: the window spans 2, the image with its padding only 1"}},
      {"value", [&] { pixel_shuffle(image, 0); }, {"pixel_shuffle: upscale_factor must be positive, is 0"}},
      {"value", [&] { pixel_shuffle(image, int64_t{1} << 32); }, {"pixel_shuffle: upscale_factor"}},
      {"shape", [&] { pixel_shuffle(image, 2); }, {"pixel_shuffle: 2 channels are no multiple of 2 squared"}},
      {"shape",
       [] {
         pixel_shuffle(zeros({4, 4}), 2);
       },
       {"pixel_shuffle: x needs at least 3 dimensions"}},
      {"value", [&] { pixel_unshuffle(image, -1); }, {"pixel_unshuffle: downscale_factor must be positive, is -1"}},
      {"shape", [&] { pixel_unshuffle(image, 2); }, {"pixel_unshuffle: 2 does not divide the image (x [1,2,4,5])"}},
      {"shape",
       [] {
         pixel_unshuffle(zeros({4, 4}), 2);
       },
       {"pixel_unshuffle: x needs at least 3 dimensions"}},
      {"value", [&] { channel_shuffle(image, 0); }, {"channel_shuffle: groups must be positive, is 0"}},
      {"shape", [&] { channel_shuffle(image, 3); }, {"channel_shuffle: 3 groups do not divide 2 channels"}},
      {"shape",
       [] {
         channel_shuffle(zeros({4, 4}), 2);
       },
       {"channel_shuffle: x needs at least 3 dimensions"}},
  });
}
