// Convolutions with 4x4 kernels at stride 2, and transposed ones, by minimal filtering against the sum itself in f64:
// they may not err more than 4 times as much as the direct f32 sum does, on any SIMD target, whatever the padding; and
// the same bits for any number of threads.
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <tests/framework/kernels/rounding_error.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/phase_tiles.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/kernels/winograd.h>

using namespace korrel;
using kernels::ConvGeometry;
using kernels::TilePass;

namespace {

ConvGeometry geometry(int64_t n, int64_t c, int64_t k, int64_t height, int64_t width, int64_t pad_height,
                      int64_t pad_width) {
  ConvGeometry g;
  g.n = n, g.c = c, g.k = k;
  g.in = {1, height, width};
  g.kernel = {1, 4, 4};
  g.stride = {1, 2, 2};
  g.padding = {0, pad_height, pad_width};
  g.out = {1, (height + 2 * pad_height - 4) / 2 + 1, (width + 2 * pad_width - 4) / 2 + 1};
  return g;
}

template <class T>
struct Case {
  ConvGeometry g;
  TilePass pass;
  std::vector<T> from, w, bias;

  Case(const ConvGeometry& geometry, TilePass of) : g(geometry), pass(of) {
    const auto values = [](int64_t count, unsigned seed) {
      const std::vector<float> all = numbers(count, seed);
      return std::vector<T>(all.begin(), all.end());
    };
    const int64_t x = g.n * g.c * g.in[1] * g.in[2], y = g.n * g.k * g.out[1] * g.out[2];
    results = pass == TilePass::kOutput ? y : x;
    from = values(x + y - results, 1);
    w = values(g.k * g.c * 16, 2);
    bias = values(pass == TilePass::kOutput ? g.k : g.c, 3);
  }
  std::vector<T> run(bool with_bias = true) const {
    std::vector<T> to(static_cast<std::size_t>(results), std::numeric_limits<T>::quiet_NaN());
    const T* added = with_bias ? bias.data() : nullptr;
    if (pass == TilePass::kOutput) {
      kernels::conv_output(g, from.data(), w.data(), added, to.data());
    } else {
      kernels::conv_input_gradient(g, from.data(), w.data(), added, to.data());
    }
    return to;
  }
  int64_t results;
};

constexpr TilePass kPasses[] = {TilePass::kOutput, TilePass::kInputGradient};

}  // namespace

TEST_CASE("errs at most 4 times as much as the direct sum, on every target and with any padding") {
  const std::string before = kernels::active_target();
  const bool was_enabled = kernels::winograd_enabled();
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    for (const ConvGeometry& g :
         {geometry(2, 32, 40, 32, 32, 1, 1), geometry(3, 20, 33, 27, 35, 0, 2), geometry(1, 50, 32, 64, 70, 2, 3),
          geometry(4, 16, 64, 40, 24, 3, 0), geometry(1, 33, 70, 44, 300, 4, 5), geometry(5, 32, 32, 24, 31, 6, 1)}) {
      CAPTURE(target);
      CAPTURE(g.in[1]);
      CAPTURE(g.in[2]);
      for (int i = 0; i < 4; ++i) {
        kernels::set_winograd(true);
        const TilePass pass = kPasses[i % 2];
        const bool bias = i / 2 == 1;
        CAPTURE(i);
        REQUIRE(kernels::phase_tiles_pay(g, pass, 16));
        const Case<float> narrow(g, pass);
        const Case<double> wide(g, pass);
        const std::vector<float> fast = narrow.run(bias);
        kernels::set_winograd(false);
        const std::vector<float> direct = narrow.run(bias);
        const std::vector<double> exact = wide.run(bias);
        CHECK(error(fast, exact) <= 4 * error(direct, exact));
        CHECK(fast != direct);  // the switch switches
      }
    }
  }
  kernels::set_winograd(was_enabled);
  kernels::force_target(before);
}

TEST_CASE("the same bits for any number of threads") {
  const int threads = num_threads();
  for (const ConvGeometry& g : {geometry(9, 48, 40, 26, 30, 1, 1), geometry(2, 32, 64, 130, 66, 1, 1)}) {
    for (TilePass pass : kPasses) {
      const Case<float> made(g, pass);
      set_num_threads(1);
      const std::vector<float> one = made.run();
      for (int count : {2, 3}) {
        set_num_threads(count);
        CHECK(made.run() == one);
      }
    }
  }
  set_num_threads(threads);
}

TEST_CASE("other kernels, strides and groups, few channels and few tiles are left to the direct sum") {
  const ConvGeometry g = geometry(8, 32, 64, 32, 32, 1, 1);
  ConvGeometry large = g, uneven = g, dilated = g, grouped = g, few = g, small = g;
  large.kernel = {1, 6, 6};
  uneven.stride = {1, 2, 1};
  dilated.dilation = {1, 1, 2};
  grouped.groups = 2;
  few.c = 3;
  small.in = {1, 8, 8}, small.out = {1, 4, 4};  // 4x4 positions of each phase are 2x2 tiles of 3x3
  for (const ConvGeometry& other : {large, uneven, dilated, grouped, few, small}) {
    for (TilePass pass : kPasses) CHECK_FALSE(kernels::phase_tiles_pay(other, pass, 16));
  }
  for (TilePass pass : kPasses) CHECK(kernels::phase_tiles_pay(g, pass, 16) == kernels::winograd_enabled());
}
