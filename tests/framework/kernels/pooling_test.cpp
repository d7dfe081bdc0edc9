// The pooling kernels against loops over every window, for random geometries on every SIMD target.
#include <korrel/framework/kernels/pooling.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

using namespace korrel;
using kernels::PoolGeometry;
using kernels::PoolTap;

namespace {

std::mt19937 engine(1);
int64_t draw(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(engine); }

PoolGeometry random_geometry(bool dilated) {
  while (true) {
    PoolGeometry g;
    g.planes = draw(1, 7);
    bool usable = true;
    for (int axis = static_cast<int>(draw(0, 2)); axis < 3; ++axis) {
      g.in[axis] = draw(1, axis == 2 ? 70 : 12);
      g.kernel[axis] = draw(1, 4);
      g.stride[axis] = draw(1, 4);
      g.dilation[axis] = dilated ? draw(1, 3) : 1;
      g.padding[axis] = draw(0, g.kernel[axis] / 2);
      int64_t room = g.in[axis] + 2 * g.padding[axis] - g.dilation[axis] * (g.kernel[axis] - 1) - 1;
      if (room < 0) {
        usable = false;
        break;
      }
      bool ceil = draw(0, 1) == 1;
      g.out[axis] = (ceil ? room + g.stride[axis] - 1 : room) / g.stride[axis] + 1;
      if ((g.out[axis] - 1) * g.stride[axis] >= g.in[axis] + g.padding[axis]) --g.out[axis];
      for (int64_t o = 0; o < g.out[axis]; ++o) {  // every window holds something
        bool any = false;
        for (int64_t r = 0; r < g.kernel[axis]; ++r) {
          int64_t at = o * g.stride[axis] + r * g.dilation[axis] - g.padding[axis];
          any |= at >= 0 && at < g.in[axis];
        }
        usable &= any;
      }
    }
    if (usable) return g;
  }
}

// f(output, tap, input) for every element of every window, in row-major order.
template <class F>
void for_elements(const PoolGeometry& g, F f) {
  int64_t output = 0;
  for (int64_t plane = 0; plane < g.planes; ++plane)
    for (int64_t o0 = 0; o0 < g.out[0]; ++o0)
      for (int64_t o1 = 0; o1 < g.out[1]; ++o1)
        for (int64_t o2 = 0; o2 < g.out[2]; ++o2, ++output) {
          int64_t tap = 0;
          for (int64_t r0 = 0; r0 < g.kernel[0]; ++r0)
            for (int64_t r1 = 0; r1 < g.kernel[1]; ++r1)
              for (int64_t r2 = 0; r2 < g.kernel[2]; ++r2, ++tap) {
                int64_t i0 = o0 * g.stride[0] + r0 * g.dilation[0] - g.padding[0],
                        i1 = o1 * g.stride[1] + r1 * g.dilation[1] - g.padding[1],
                        i2 = o2 * g.stride[2] + r2 * g.dilation[2] - g.padding[2];
                if (i0 < 0 || i0 >= g.in[0] || i1 < 0 || i1 >= g.in[1] || i2 < 0 || i2 >= g.in[2]) continue;
                f(output, tap, ((plane * g.in[0] + i0) * g.in[1] + i1) * g.in[2] + i2);
              }
        }
}

int64_t inputs(const PoolGeometry& g) { return g.planes * g.in[0] * g.in[1] * g.in[2]; }
int64_t outputs(const PoolGeometry& g) { return g.planes * g.out[0] * g.out[1] * g.out[2]; }

// Few different values, so that there are ties; now and then an infinity or NaN.
template <class T>
std::vector<T> values(int64_t count, bool special) {
  std::vector<T> result(static_cast<size_t>(count));
  for (T& value : result) {
    value = static_cast<T>(draw(-4, 4));
    if (special && draw(0, 3) == 0) value = -std::numeric_limits<T>::infinity();
    if (special && draw(0, 20) == 0) value = std::numeric_limits<T>::infinity();
    if (special && draw(0, 20) == 0) value = std::numeric_limits<T>::quiet_NaN();
  }
  return result;
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b, double tolerance = 0) {
  for (size_t i = 0; i < a.size(); ++i) {
    bool equal = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) || std::abs(a[i] - b[i]) <= tolerance;
    if (!equal) return false;
  }
  return a.size() == b.size();
}

template <class T>
void check_max(const PoolGeometry& g) {
  std::vector<T> x = values<T>(inputs(g), draw(0, 1) == 1), y(outputs(g)), expected(outputs(g));
  std::vector<PoolTap> taps(outputs(g)), expected_taps(outputs(g));
  std::vector<int64_t> places(outputs(g), -1);
  for_elements(g, [&](int64_t o, int64_t tap, int64_t i) {
    if (places[o] >= 0 && !(x[i] > expected[o]) && !std::isnan(x[i])) return;
    expected[o] = x[i];
    expected_taps[o] = static_cast<PoolTap>(tap);
    places[o] = i;
  });
  const T floor = !expected.empty() && draw(0, 1) == 1 ? expected[draw(0, static_cast<int64_t>(expected.size()) - 1)]
                                                       : std::numeric_limits<T>::quiet_NaN();
  for (size_t o = 0; o < expected.size(); ++o) {
    if (!(expected[o] <= floor)) continue;
    expected_taps[o] = kernels::kNoTap;
    places[o] = -1;
  }
  kernels::max_pool(g, x.data(), y.data(), taps.data(), floor);
  CHECK(same(y, expected));
  CHECK(taps == expected_taps);
  std::vector<T> alone(outputs(g));
  kernels::max_pool(g, x.data(), alone.data(), nullptr);
  CHECK(same(alone, expected));

  std::vector<T> gy = values<T>(outputs(g), false), gx(inputs(g), 77), expected_gx(inputs(g), 0);
  for (size_t o = 0; o < gy.size(); ++o)
    if (places[o] >= 0) expected_gx[places[o]] += gy[o];
  kernels::max_pool_gradient(g, gy.data(), taps.data(), gx.data());
  CHECK(same(gx, expected_gx));

  std::vector<T> v = values<T>(inputs(g), false), picked(outputs(g)), expected_picked(outputs(g));
  for (size_t o = 0; o < picked.size(); ++o) expected_picked[o] = places[o] < 0 ? 0 : v[places[o]];
  kernels::pick_taps(g, v.data(), taps.data(), picked.data());
  CHECK(same(picked, expected_picked));
}

template <class T>
void check_avg(const PoolGeometry& g) {
  std::vector<T> x = values<T>(inputs(g), false), y(outputs(g)), expected(outputs(g), 0);
  std::vector<T> divisors(static_cast<size_t>(g.out[0] * g.out[1] * g.out[2]));
  for (T& divisor : divisors) divisor = static_cast<T>(draw(1, 9));
  bool one = draw(0, 1) == 1;
  const T* given = one ? nullptr : divisors.data();
  auto by = [&](int64_t o) { return one ? T(7) : divisors[o % divisors.size()]; };
  for_elements(g, [&](int64_t o, int64_t, int64_t i) { expected[o] += x[i]; });
  for (size_t o = 0; o < expected.size(); ++o) expected[o] /= by(o);
  kernels::avg_pool(g, x.data(), given, T(7), y.data());
  CHECK(same(y, expected));

  std::vector<T> gy = values<T>(outputs(g), false), gx(inputs(g), 77), expected_gx(inputs(g), 0);
  for_elements(g, [&](int64_t o, int64_t, int64_t i) { expected_gx[i] += gy[o] / by(o); });
  kernels::avg_pool_gradient(g, gy.data(), given, T(7), gx.data());
  CHECK(same(gx, expected_gx, 1e-4));
}

}  // namespace

TEST_CASE("Random geometries give what loops over the windows give, on every target") {
  for (const std::string& target : kernels::available_targets()) {
    CAPTURE(target);
    kernels::force_target(target);
    engine.seed(5);
    for (int i = 0; i < 300; ++i) {
      CAPTURE(i);
      check_max<float>(random_geometry(true));
      check_max<double>(random_geometry(true));
      check_avg<float>(random_geometry(false));
      check_avg<double>(random_geometry(false));
    }
  }
  kernels::choose_default_target();
}

TEST_CASE("Large planes are cut into blocks of rows and slices, with the same bits for any number of threads") {
  PoolGeometry flat{.planes = 3,
                    .in = {1, 211, 190},
                    .out = {1, 106, 95},
                    .kernel = {1, 3, 3},
                    .stride = {1, 2, 2},
                    .padding = {0, 1, 1}};
  PoolGeometry halved{.planes = 40, .in = {1, 101, 95}, .out = {1, 50, 47}, .kernel = {1, 2, 2}, .stride = {1, 2, 2}};
  PoolGeometry deep{.planes = 2, .in = {20, 30, 33}, .out = {20, 30, 33}, .kernel = {3, 3, 3}, .padding = {1, 1, 1}};
  for (int threads : {1, 2, 5}) {
    set_num_threads(threads);
    engine.seed(6);
    for (const PoolGeometry& g : {flat, deep, halved}) {
      check_max<float>(g);
      check_avg<float>(g);
      check_avg<double>(g);
    }
  }
}

TEST_CASE("2x2 windows side by side, for every width, odd ones too, on every target") {
  for (const std::string& target : kernels::available_targets()) {
    CAPTURE(target);
    kernels::force_target(target);
    engine.seed(7);
    for (int64_t width = 2; width < 70; ++width) {
      CAPTURE(width);
      PoolGeometry g{
          .planes = draw(1, 4), .in = {draw(1, 2), draw(2, 7), width}, .kernel = {1, 2, 2}, .stride = {1, 2, 2}};
      g.out = {g.in[0], g.in[1] / 2, width / 2};
      check_max<float>(g);
      check_max<double>(g);
      check_avg<float>(g);
      check_avg<double>(g);
    }
  }
  kernels::choose_default_target();
}

TEST_CASE("3x3 windows at stride 2, for every width, padding and last window, on every target") {
  for (const std::string& target : kernels::available_targets()) {
    CAPTURE(target);
    kernels::force_target(target);
    engine.seed(8);
    for (int64_t width = 3; width < 75; ++width)
      for (int64_t padding : {0, 1})
        for (bool ceil : {false, true}) {
          CAPTURE(width);
          CAPTURE(padding);
          CAPTURE(ceil);
          PoolGeometry g{.planes = draw(1, 3),
                         .in = {draw(1, 2), draw(3, 9), width},
                         .kernel = {1, 3, 3},
                         .stride = {1, 2, 2},
                         .padding = {0, draw(0, 1), padding}};
          g.out[0] = g.in[0];
          for (int axis : {1, 2}) {
            g.out[axis] = (g.in[axis] + 2 * g.padding[axis] - 3 + (ceil ? 1 : 0)) / 2 + 1;
            if ((g.out[axis] - 1) * 2 >= g.in[axis] + g.padding[axis]) --g.out[axis];
          }
          check_max<float>(g);
          check_max<double>(g);
          check_avg<float>(g);
          check_avg<double>(g);
        }
  }
  kernels::choose_default_target();
}

TEST_CASE("Large gradients in whole cache lines, which are written past the caches, have the same bits") {
  for (int64_t kernel : {2, 3})
    for (int64_t stride : {1, 2}) {
      CAPTURE(kernel);
      CAPTURE(stride);
      PoolGeometry g{.planes = 300, .in = {1, 65, 64}, .kernel = {1, kernel, kernel}, .stride = {1, stride, stride}};
      g.padding = {0, kernel / 3, kernel / 3};
      for (int axis : {1, 2}) g.out[axis] = (g.in[axis] + 2 * g.padding[axis] - kernel) / stride + 1;
      std::vector<float> x = values<float>(inputs(g), false), y(outputs(g)), gy = values<float>(outputs(g), false);
      std::vector<PoolTap> taps(outputs(g));
      kernels::max_pool(g, x.data(), y.data(), taps.data());
      std::vector<float> memory(inputs(g) + 32);
      float* line = memory.data();
      while (reinterpret_cast<uintptr_t>(line) % 64 != 0) ++line;
      auto written = [&](float* to, auto gradient) {
        gradient(to);
        return std::vector<float>(to, to + inputs(g));
      };
      auto max = [&](float* gx) { kernels::max_pool_gradient(g, gy.data(), taps.data(), gx); };
      auto average = [&](float* gx) { kernels::avg_pool_gradient<float>(g, gy.data(), nullptr, 9, gx); };
      CHECK(written(line, max) == written(line + 1, max));
      CHECK(written(line, average) == written(line + 1, average));
    }
}

TEST_CASE("Nothing to pool is no error") {
  PoolGeometry g{.planes = 0, .in = {1, 8, 8}, .out = {1, 4, 4}, .kernel = {1, 2, 2}, .stride = {1, 2, 2}};
  check_max<float>(g);
  check_avg<float>(g);
}
