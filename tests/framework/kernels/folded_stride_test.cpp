// Convolutions with kernels about three strides wide by minimal filtering against the sum itself in f64: they may not
// err more than 4 times as much as the direct f32 sum does, on any SIMD target, for any stride, padding and size; and
// the same bits for any number of threads.
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <tests/framework/kernels/rounding_error.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/folded_stride.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/kernels/winograd.h>

using namespace korrel;
using kernels::ConvGeometry;

namespace {

struct Axis {
  int64_t in, kernel, stride, padding;
};

ConvGeometry geometry(int64_t n, int64_t c, int64_t k, const Axis& rows, const Axis& columns) {
  ConvGeometry g;
  g.n = n, g.c = c, g.k = k;
  int i = 1;
  for (const Axis& axis : {rows, columns}) {
    g.in[i] = axis.in, g.kernel[i] = axis.kernel, g.stride[i] = axis.stride, g.padding[i] = axis.padding;
    g.out[i] = (axis.in + 2 * axis.padding - axis.kernel) / axis.stride + 1;
    ++i;
  }
  return g;
}

template <class T>
std::vector<T> output(const ConvGeometry& g, bool with_bias = true) {
  const auto values = [](int64_t count, unsigned seed) {
    const std::vector<float> all = numbers(count, seed);
    return std::vector<T>(all.begin(), all.end());
  };
  const std::vector<T> x = values(g.n * g.c * g.in[1] * g.in[2], 1),
                       w = values(g.k * g.c * g.kernel[1] * g.kernel[2], 2), bias = values(g.k, 3);
  std::vector<T> y(static_cast<std::size_t>(g.n * g.k * g.out[1] * g.out[2]), std::numeric_limits<T>::quiet_NaN());
  kernels::conv_output(g, x.data(), w.data(), with_bias ? bias.data() : nullptr, y.data());
  return y;
}

}  // namespace

TEST_CASE("errs at most 4 times as much as the direct sum, on every target") {
  const std::string before = kernels::active_target();
  const bool was_enabled = kernels::winograd_enabled();
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    for (const ConvGeometry& g :
         {geometry(2, 3, 64, {99, 11, 4, 2}, {95, 11, 4, 2}), geometry(5, 3, 33, {63, 12, 4, 0}, {91, 11, 4, 5}),
          geometry(3, 9, 40, {32, 6, 2, 3}, {45, 6, 2, 0}), geometry(1, 5, 32, {77, 9, 3, 4}, {61, 9, 3, 8}),
          geometry(2, 8, 36, {41, 6, 2, 2}, {64, 9, 3, 1}), geometry(1, 2, 48, {130, 15, 5, 7}, {121, 14, 5, 20})}) {
      CAPTURE(target);
      CAPTURE(g.in[2]);
      kernels::set_winograd(true);
      REQUIRE(kernels::folding_pays(g) == (target != "scalar"));
      for (bool bias : {false, true}) {
        kernels::set_winograd(true);
        const std::vector<float> fast = output<float>(g, bias);
        kernels::set_winograd(false);
        const std::vector<float> direct = output<float>(g, bias);
        const std::vector<double> exact = output<double>(g, bias);
        CHECK(error(fast, exact) <= 4 * error(direct, exact));
        if (target != "scalar") CHECK(fast != direct);  // the switch switches
      }
    }
  }
  kernels::set_winograd(was_enabled);
  kernels::force_target(before);
}

TEST_CASE("the same bits for any number of threads, and for an image whether it is alone or not") {
  const int threads = num_threads();
  const bool was_enabled = kernels::winograd_enabled();
  kernels::set_winograd(true);
  ConvGeometry g = geometry(3, 3, 64, {224, 11, 4, 2}, {224, 11, 4, 2});
  set_num_threads(1);
  const std::vector<float> one = output<float>(g);
  for (int count : {2, 5}) {
    set_num_threads(count);
    CHECK(output<float>(g) == one);
  }
  set_num_threads(threads);
  g.n = 1;
  const std::vector<float> alone = output<float>(g);
  CHECK(std::equal(alone.begin(), alone.end(), one.begin()));
  kernels::set_winograd(was_enabled);
}

TEST_CASE("other kernels, dilation, groups, few filters and small planes are left to the direct sum") {
  const bool was_enabled = kernels::winograd_enabled();
  kernels::set_winograd(true);
  const ConvGeometry good = geometry(4, 3, 64, {224, 11, 4, 2}, {224, 11, 4, 2});
  CHECK(kernels::folding_pays(good) == (kernels::active_target() != "scalar"));
  CHECK_FALSE(kernels::folding_pays(geometry(4, 3, 64, {224, 13, 4, 2}, {224, 11, 4, 2})));  // wider than 3 strides
  CHECK_FALSE(kernels::folding_pays(geometry(4, 3, 64, {224, 9, 4, 2}, {224, 9, 4, 2})));    // 1.8 times the summands
  CHECK_FALSE(kernels::folding_pays(geometry(4, 32, 64, {32, 3, 1, 1}, {32, 3, 1, 1})));
  CHECK_FALSE(kernels::folding_pays(geometry(4, 3, 16, {224, 11, 4, 2}, {224, 11, 4, 2})));
  CHECK_FALSE(kernels::folding_pays(geometry(1, 3, 64, {27, 11, 4, 2}, {27, 11, 4, 2})));
  ConvGeometry bad = good;
  bad.dilation = {1, 2, 2};
  CHECK_FALSE(kernels::folding_pays(bad));
  bad = good;
  bad.groups = 3;
  CHECK_FALSE(kernels::folding_pays(bad));
  kernels::set_winograd(false);
  CHECK_FALSE(kernels::folding_pays(good));
  kernels::set_winograd(was_enabled);
}
