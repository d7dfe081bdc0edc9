// Minimal filtering against the sum itself in f64: no pass may err more than 4 times as much as the direct f32 sum
// does, on any SIMD target, for planes of any size; and the same bits for any number of threads.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include <tests/framework/kernels/rounding_error.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/kernels/winograd.h>

using namespace korrel;
using kernels::ConvGeometry;

namespace {

struct Case {
  int64_t n, c, k, height, width, pad_height, pad_width;
  std::array<int64_t, 3> kernel{1, 3, 3};
  int64_t depth = 1, pad_depth = 0;
};

ConvGeometry geometry_of(const Case& a) {
  ConvGeometry g;
  g.n = a.n;
  g.c = a.c;
  g.k = a.k;
  g.in = {a.depth, a.height, a.width};
  g.kernel = a.kernel;
  g.padding = {a.pad_depth, a.pad_height, a.pad_width};
  for (int axis = 0; axis < 3; ++axis) g.out[axis] = g.in[axis] + 2 * g.padding[axis] - g.kernel[axis] + 1;
  return g;
}

int64_t volume(const std::array<int64_t, 3>& size) { return size[0] * size[1] * size[2]; }

std::vector<double> wide(const std::vector<float>& values) { return {values.begin(), values.end()}; }

template <class T>
std::vector<T> run(int pass, const ConvGeometry& g, const std::vector<T>& x, const std::vector<T>& w,
                   const std::vector<T>& gy, const std::vector<T>& bias) {
  std::vector<T> result(pass == 0 ? gy.size() : pass == 1 ? x.size() : w.size(), T(77));
  if (pass == 0) kernels::conv_output(g, x.data(), w.data(), bias.data(), result.data());
  if (pass == 1) kernels::conv_input_gradient(g, gy.data(), w.data(), static_cast<const T*>(nullptr), result.data());
  if (pass == 2) kernels::conv_weight_gradient(g, x.data(), gy.data(), result.data());
  return result;
}

}  // namespace

TEST_CASE("every pass errs at most 4 times as much as the direct sum, on every target") {
  const std::string before = kernels::active_target();
  const bool was_enabled = kernels::winograd_enabled();
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    for (const Case& a : {Case{2, 32, 33, 16, 16, 1, 1}, Case{2, 40, 48, 17, 35, 1, 1}, Case{3, 48, 48, 13, 11, 0, 2},
                          Case{24, 256, 260, 5, 4, 1, 1}, Case{9, 48, 50, 9, 7, 2, 0}, Case{1, 32, 32, 33, 70, 0, 0},
                          Case{32, 300, 260, 4, 3, 1, 1},
                          // Pieces: 3 + 2 by 3 + 2 taps, 3 + 3 by 3 + 2 + 2, 2 by 3; three planes, and two of 5 x 3.
                          Case{2, 210, 230, 14, 15, 2, 2, {1, 5, 5}}, Case{1, 96, 100, 17, 26, 5, 0, {1, 6, 7}},
                          Case{2, 112, 130, 18, 19, 1, 2, {1, 2, 3}}, Case{2, 48, 50, 9, 11, 1, 1, {3, 3, 3}, 4, 1},
                          Case{2, 130, 160, 12, 11, 3, 1, {2, 5, 3}, 5, 0}}) {
      CAPTURE(target);
      CAPTURE(a.height);
      CAPTURE(a.width);
      const ConvGeometry g = geometry_of(a);
      kernels::set_winograd(true);
      CHECK(kernels::winograd_pays(g) == (target != "scalar"));
      CHECK(kernels::winograd_input_pays(g) == (target != "scalar"));
      const bool pays[] = {kernels::winograd_pays(g), kernels::winograd_input_pays(g),
                           kernels::winograd_weights_pay(g)};
      const auto x = numbers(a.n * a.c * volume(g.in), 1), w = numbers(a.k * a.c * volume(g.kernel), 2),
                 gy = numbers(a.n * a.k * volume(g.out), 3), bias = numbers(a.k, 4);
      for (int pass = 0; pass < 3; ++pass) {
        CAPTURE(pass);
        kernels::set_winograd(true);
        const std::vector<float> fast = run(pass, g, x, w, gy, bias);
        kernels::set_winograd(false);
        const std::vector<float> direct = run(pass, g, x, w, gy, bias);
        const std::vector<double> exact = run(pass, g, wide(x), wide(w), wide(gy), wide(bias));
        CHECK(error(fast, exact) <= 4 * error(direct, exact));
        if (pays[pass]) CHECK(fast != direct);  // the switch switches
      }
    }
  }
  kernels::set_winograd(was_enabled);
  kernels::force_target(before);
}

TEST_CASE("the same bits for any number of threads") {
  const int threads = num_threads();
  const bool was_enabled = kernels::winograd_enabled();
  kernels::set_winograd(true);
  // Blocks of tiles; slices of channels, which few tiles of many channels are cut into.
  for (const Case& a : {Case{5, 64, 48, 19, 23, 1, 1}, Case{16, 72, 100, 4, 4, 1, 1},
                        Case{2, 144, 150, 15, 17, 2, 2, {1, 5, 5}}, Case{2, 48, 50, 9, 11, 1, 1, {3, 3, 3}, 6, 1}}) {
    const ConvGeometry g = geometry_of(a);
    const auto x = numbers(a.n * a.c * volume(g.in), 1), w = numbers(a.k * a.c * volume(g.kernel), 2),
               gy = numbers(a.n * a.k * volume(g.out), 3), bias = numbers(a.k, 4);
    for (int pass = 0; pass < 3; ++pass) {
      set_num_threads(1);
      const std::vector<float> one = run(pass, g, x, w, gy, bias);
      for (int count : {2, 3}) {
        set_num_threads(count);
        CHECK(run(pass, g, x, w, gy, bias) == one);
      }
    }
  }
  set_num_threads(threads);
  kernels::set_winograd(was_enabled);
}

TEST_CASE("other kernels, strides, groups and few channels are left to the direct sum") {
  ConvGeometry g = geometry_of({2, 32, 32, 16, 16, 1, 1});
  CHECK(kernels::winograd_pays(g) == (kernels::winograd_enabled() && kernels::active_target() != "scalar"));
  ConvGeometry strided = g;
  strided.stride = {1, 2, 2};
  ConvGeometry dilated = g;
  dilated.dilation = {1, 2, 2};
  ConvGeometry grouped = g;
  grouped.groups = 2;
  ConvGeometry narrow = g;
  narrow.c = 16;
  for (const ConvGeometry& other : {strided, dilated, grouped, narrow}) CHECK_FALSE(kernels::winograd_pays(other));
}
