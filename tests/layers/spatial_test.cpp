// Layers that move, resize or regroup pixels: each does what its op does, prints as in PyTorch, and refuses what it
// cannot use.
#include <doctest/doctest.h>

#include <tests/wrong_calls.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace {

std::vector<double> numbers(const Tensor& x) { return x.to_vector(); }

}  // namespace

TEST_CASE("windows as columns") {
  Tensor x = randn({2, 3, 5, 6});
  UnfoldOptions options{.dilation = {1, 2}, .padding = 1, .stride = {2, 1}};
  nn::Unfold unfold_layer({3, 2}, options);
  nn::Fold fold_layer({5, 6}, {3, 2}, options);
  CHECK(numbers(unfold_layer(x)) == numbers(unfold(x, {3, 2}, options)));
  CHECK(fold_layer(unfold_layer(x)).shape() == x.shape());
  CHECK(to_string(unfold_layer) == "Unfold(kernel_size=(3, 2), dilation=(1, 2), padding=1, stride=(2, 1))");
  CHECK(to_string(nn::Fold(4, 2)) == "Fold(output_size=4, kernel_size=2, dilation=1, padding=0, stride=1)");
  wrong_calls::check({
      {"value", [] { nn::Unfold u(0); }, {"Unfold: kernel_size must be at least 1, got [0,0]"}},
      {"value", [] { nn::Unfold u(1, {.dilation = 0}); }, {"Unfold: dilation must be at least 1"}},
      {"value", [] { nn::Unfold u(1, {.padding = -1}); }, {"Unfold: padding must be at least 0"}},
      {"value", [] { nn::Unfold u(1, {.stride = 0}); }, {"Unfold: stride must be at least 1"}},
      {"value", [] { nn::Fold f(0, 1); }, {"Fold: output_size must be at least 1"}},
      {"shape",
       [] {
         nn::Fold f({1, 2, 3}, 1);
       },
       {"Fold: output_size needs one number or 2"}},
      {"shape",
       [&] {
         unfold_layer(zeros({5, 6}));
       },
       {"Unfold: unfold: x needs 4 dimensions"}},
      {"shape", [&] { fold_layer(x); }, {"Fold: fold: x needs 3 dimensions"}},
  });
}

TEST_CASE("pixels and channels") {
  Tensor x = randn({2, 8, 4, 6});
  CHECK(numbers(nn::PixelShuffle(2)(x)) == numbers(pixel_shuffle(x, 2)));
  CHECK(numbers(nn::PixelUnshuffle(2)(x)) == numbers(pixel_unshuffle(x, 2)));
  CHECK(numbers(nn::ChannelShuffle(4)(x)) == numbers(channel_shuffle(x, 4)));
  CHECK(to_string(nn::PixelShuffle(3)) == "PixelShuffle(upscale_factor=3)");
  CHECK(to_string(nn::PixelUnshuffle(3)) == "PixelUnshuffle(downscale_factor=3)");
  CHECK(to_string(nn::ChannelShuffle(4)) == "ChannelShuffle(groups=4)");
  wrong_calls::check({
      {"value", [] { nn::PixelShuffle p(0); }, {"PixelShuffle: upscale_factor must be positive, got 0"}},
      {"value", [] { nn::PixelUnshuffle p(-2); }, {"PixelUnshuffle: downscale_factor must be positive, got -2"}},
      {"value", [] { nn::ChannelShuffle c(0); }, {"ChannelShuffle: groups must be positive, got 0"}},
      {"shape",
       [&] {
         nn::PixelShuffle p(3);
         p(x);
       },
       {"PixelShuffle: pixel_shuffle: 8 channels"}},
      {"shape",
       [&] {
         nn::ChannelShuffle c(3);
         c(x);
       },
       {"ChannelShuffle: channel_shuffle: 3 groups"}},
  });
}

TEST_CASE("other sizes") {
  Tensor x = randn({2, 3, 4, 5});
  InterpolateOptions options{.size = {7, 3}, .mode = Interpolation::bicubic, .align_corners = true};
  CHECK(numbers(nn::Upsample(options)(x)) == numbers(interpolate(x, options)));
  CHECK(numbers(nn::UpsamplingNearest2d({.scale_factor = 2})(x)) == numbers(interpolate(x, {.scale_factor = 2})));
  CHECK(numbers(nn::UpsamplingBilinear2d({.size = 6})(x)) ==
        numbers(interpolate(x, {.size = 6, .mode = Interpolation::bilinear, .align_corners = true})));
  CHECK(to_string(nn::Upsample({.scale_factor = 2})) == "Upsample(scale_factor=2.0, mode=nearest)");
  CHECK(to_string(nn::Upsample({.scale_factor = {2, 3.5}, .mode = Interpolation::bilinear})) ==
        "Upsample(scale_factor=(2.0, 3.5), mode=bilinear)");
  CHECK(to_string(nn::Upsample({.size = {3, 4}, .mode = Interpolation::nearest_exact})) ==
        "Upsample(size=(3, 4), mode=nearest-exact)");
  CHECK(to_string(nn::UpsamplingBilinear2d({.size = 5})) == "UpsamplingBilinear2d(size=5, mode=bilinear)");
  wrong_calls::check({
      {"value", [] { nn::Upsample u({}); }, {"Upsample: needs either size or scale_factor"}},
      {"value", [] { nn::Upsample u({.size = 0}); }, {"Upsample: size must be positive, got [0]"}},
      {"value", [] { nn::Upsample u({.scale_factor = -2}); }, {"Upsample: scale_factor must be positive, got -2"}},
      {"value", [] { nn::UpsamplingNearest2d u({}); }, {"Upsample: needs either size or scale_factor"}},
      {"shape",
       [&] {
         nn::Upsample u({.size = 2, .mode = Interpolation::linear});
         u(x);
       },
       {"Upsample: interpolate: mode linear needs an x of 3 dimensions"}},
  });
}

TEST_CASE("power-average pooling, and max pooling undone") {
  Tensor x1 = rand({2, 3, 9}), x2 = rand({2, 3, 8, 9}), x3 = rand({2, 3, 4, 4, 6});
  CHECK(numbers(nn::LPPool1d(3, 2)(x1)) == numbers(lp_pool1d(x1, 3, 2)));
  CHECK(numbers(nn::LPPool2d(1.5, {2, 3}, {.stride = 3, .ceil_mode = true})(x2)) ==
        numbers(lp_pool2d(x2, 1.5, {2, 3}, {.stride = 3, .ceil_mode = true})));
  CHECK(to_string(nn::LPPool1d(2, 3)) == "LPPool1d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)");
  CHECK(to_string(nn::LPPool2d(1.5, {2, 3}, {.stride = 1, .ceil_mode = true})) ==
        "LPPool2d(norm_type=1.5, kernel_size=(2, 3), stride=1, ceil_mode=True)");
  auto undone = [](auto layer, const Tensor& x, const WithIndices& pooled) {
    Dims size = x.shape().slice(2, x.dim());
    CHECK(layer(pooled.values, pooled.indices, size).shape() == x.shape());
  };
  undone(nn::MaxUnpool1d(2), x1, max_pool1d_with_indices(x1, 2));
  undone(nn::MaxUnpool2d(2), x2, max_pool2d_with_indices(x2, 2));
  undone(nn::MaxUnpool3d({1, 2, 3}), x3, max_pool3d_with_indices(x3, {1, 2, 3}));
  WithIndices pooled = max_pool2d_with_indices(x2, 3, {.stride = 2, .padding = 1});
  nn::MaxUnpool2d unpool(3, {.stride = 2, .padding = 1});
  CHECK(unpool(pooled.values, pooled.indices, {8, 9}).shape() == x2.shape());
  WithIndices odd = max_pool2d_with_indices(x2.narrow(2, 0, 7), 3, {.stride = 2, .padding = 1});
  CHECK(unpool(odd.values, odd.indices).shape() == Shape{2, 3, 7, 9});
  CHECK(to_string(unpool) == "MaxUnpool2d(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))");
  CHECK(to_string(nn::MaxUnpool1d(2)) == "MaxUnpool1d(kernel_size=(2,), stride=(2,), padding=(0,))");
  wrong_calls::check({
      {"value", [] { nn::LPPool1d p(0, 2); }, {"LPPool1d: norm_type must be finite and not 0, got 0"}},
      {"value", [] { nn::LPPool2d p(2, 0); }, {"LPPool2d: kernel_size must be at least 1"}},
      {"shape",
       [&] {
         nn::LPPool2d p(2, 2);
         p(zeros({3, 4}));
       },
       {"LPPool2d: lp_pool2d: x needs 4 dimensions"}},
      {"value", [] { nn::MaxUnpool1d u(0); }, {"MaxUnpool1d: kernel_size must be at least 1, got [0]"}},
      {"value", [] { nn::MaxUnpool2d u(2, {.stride = 0}); }, {"MaxUnpool2d: stride must be at least 1"}},
      {"value", [] { nn::MaxUnpool3d u(2, {.padding = -1}); }, {"MaxUnpool3d: padding must be at least 0"}},
      {"shape", [&] { unpool(pooled.values, pooled.indices, 4); }, {"MaxUnpool2d: max_unpool2d: output_size"}},
  });
}
