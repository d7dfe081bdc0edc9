#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/convolution.h>
#include <korrel/framework/kernels/targets.h>

#include <tests/framework/kernels/naive_convolution.h>

using namespace korrel;
using namespace korrel::kernels;

namespace {

using Dims = std::array<int64_t, 3>;

std::string text(const ConvGeometry& g) {
  std::string s = "n" + std::to_string(g.n) + " c" + std::to_string(g.c) + " k" + std::to_string(g.k) + " groups" +
                  std::to_string(g.groups);
  const auto add = [&](const char* name, const Dims& d) {
    s += std::string(" ") + name + std::to_string(d[0]) + "," + std::to_string(d[1]) + "," + std::to_string(d[2]);
  };
  add("in", g.in);
  add("out", g.out);
  add("kernel", g.kernel);
  add("stride", g.stride);
  add("padding", g.padding);
  add("dilation", g.dilation);
  return s;
}

// Output sizes from the input's, the same padding at both ends.
ConvGeometry with_outputs(ConvGeometry g) {
  for (int i = 0; i < 3; ++i) {
    const int64_t span = g.in[i] + 2 * g.padding[i] - g.dilation[i] * (g.kernel[i] - 1) - 1;
    g.out[i] = span < 0 ? 0 : span / g.stride[i] + 1;
  }
  return g;
}

ConvGeometry square(int64_t n, int64_t c, int64_t size, int64_t k, int64_t kernel, int64_t stride, int64_t padding,
                    int64_t groups = 1) {
  ConvGeometry g;
  g.n = n, g.c = c, g.k = k, g.groups = groups;
  g.in = {1, size, size};
  g.kernel = {1, kernel, kernel};
  g.stride = {1, stride, stride};
  g.padding = {0, padding, padding};
  return with_outputs(g);
}

ConvGeometry random_geometry(std::mt19937& random) {
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  ConvGeometry g;
  const int rank = static_cast<int>(pick(1, 3));
  g.n = pick(1, 5);
  switch (pick(0, 3)) {
    case 0:  // depthwise, with a multiplier
      g.groups = pick(1, 20);
      g.c = g.groups;
      g.k = g.groups * pick(1, 3);
      break;
    case 1:
      g.groups = pick(2, 4);
      g.c = g.groups * pick(1, 9);
      g.k = g.groups * pick(1, 15);
      break;
    default:
      g.c = pick(1, 70);
      g.k = pick(1, 70);
  }
  for (int i = 3 - rank; i < 3; ++i) {
    g.in[i] = pick(1, rank == 1 ? 70 : rank == 2 ? 19 : 7);
    g.kernel[i] = pick(1, rank == 3 ? 3 : 5);
    g.stride[i] = pick(1, 3);
    g.padding[i] = pick(0, 1) * pick(0, 6);
    g.dilation[i] = pick(0, 2) == 0 ? pick(1, 3) : 1;
    const int64_t span = g.in[i] + 2 * g.padding[i] - g.dilation[i] * (g.kernel[i] - 1) - 1;
    if (span < 0) g.padding[i] += (1 - span) / 2;
  }
  g = with_outputs(g);
  // What only asymmetric padding gives: one row less or one more at the end.
  g.out[2] = std::max<int64_t>(g.out[2] + pick(-1, 1), 1);
  return g;
}

template <class T>
std::vector<T> random_values(int64_t count, std::mt19937& random) {
  std::vector<T> values(count);
  for (T& value : values) value = std::uniform_real_distribution<T>(-1, 1)(random);
  return values;
}

template <class T>
struct Case {
  ConvGeometry g;
  std::vector<T> x, w, gy, k_bias, c_bias, y, gx, gw;
  std::vector<T> gb;  // empty where the weight gradient does not make it by the way

  Case(const ConvGeometry& geometry, std::mt19937& random)
      : g(geometry),
        x(random_values<T>(x_elements(g), random)),
        w(random_values<T>(w_elements(g), random)),
        gy(random_values<T>(y_elements(g), random)),
        k_bias(random_values<T>(g.k, random)),
        c_bias(random_values<T>(g.c, random)) {}

  void run(bool bias) {
    const T nan = std::numeric_limits<T>::quiet_NaN();  // what is not written shows
    y.assign(gy.size(), nan);
    gx.assign(x.size(), nan);
    gw.assign(w.size(), nan);
    conv_output(g, x.data(), w.data(), bias ? k_bias.data() : nullptr, y.data());
    conv_input_gradient(g, gy.data(), w.data(), bias ? c_bias.data() : nullptr, gx.data());
    gb.assign(g.k, nan);
    if (!conv_weight_gradient(g, x.data(), gy.data(), gw.data(), bias ? gb.data() : nullptr)) gb.clear();
  }
};

// The largest difference, in units of the machine epsilon times the root of the number of summands.
template <class T>
double error(const std::vector<T>& got, const std::vector<double>& expected, int64_t summands) {
  REQUIRE(got.size() == expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double difference = std::abs(got[i] - expected[i]);
    if (!(difference <= worst)) worst = difference;  // NaN too
    if (std::isnan(worst)) return worst;
  }
  return worst / (std::numeric_limits<T>::epsilon() * std::sqrt(static_cast<double>(summands) + 1));
}

template <class Body>
void on_every_target(const Body& body) {
  for (const std::string& target : available_targets()) {
    force_target(target);
    INFO("target ", target);
    body();
  }
  choose_default_target();
}

template <class T>
void check_against_naive(const ConvGeometry& g, std::mt19937& random, bool bias) {
  Case<T> c(g, random);
  const std::vector<double> y = naive_output(g, c.x.data(), c.w.data(), bias ? c.k_bias.data() : nullptr);
  const std::vector<double> gx = naive_input_gradient(g, c.gy.data(), c.w.data(), bias ? c.c_bias.data() : nullptr);
  const std::vector<double> gw = naive_weight_gradient(g, c.x.data(), c.gy.data());
  const std::vector<double> gb = naive_bias_gradient(g, c.gy.data());
  const int64_t taps = elements(g.kernel);
  INFO(text(g));
  on_every_target([&] {
    c.run(bias);
    CHECK(error(c.y, y, g.c / g.groups * taps) < 24);
    CHECK(error(c.gx, gx, g.k / g.groups * taps) < 24);
    CHECK(error(c.gw, gw, g.n * elements(g.out)) < 24);
    if (!c.gb.empty()) CHECK(error(c.gb, gb, g.n * elements(g.out)) < 24);
  });
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

std::vector<ConvGeometry> typical_geometries() {
  return {square(3, 1, 28, 6, 5, 1, 2),
          square(2, 1, 32, 6, 5, 1, 0),
          square(3, 6, 14, 16, 5, 1, 0),
          square(5, 16, 5, 120, 5, 1, 0),
          square(2, 16, 32, 16, 3, 1, 1),
          square(2, 20, 32, 36, 3, 2, 1),
          square(3, 40, 8, 50, 3, 1, 1),
          square(3, 33, 4, 35, 3, 1, 1),
          square(2, 70, 14, 20, 1, 1, 0),
          square(1, 3, 64, 20, 7, 2, 3),
          square(1, 3, 60, 16, 11, 4, 2),
          square(2, 24, 14, 24, 3, 1, 1, 24),
          square(2, 12, 15, 24, 3, 2, 1, 12),
          square(2, 30, 9, 12, 1, 2, 0),
          square(1, 64, 12, 64, 3, 1, 1),
          square(1, 130, 6, 30, 3, 1, 1),
          square(2, 1, 40, 1, 3, 1, 1),
          square(17, 6, 14, 16, 5, 1, 0),  // from here on: several images side by side in a vector
          square(20, 12, 7, 11, 3, 1, 1),
          square(16, 5, 9, 8, 3, 2, 1),
          square(35, 8, 5, 8, 3, 1, 1, 8),
          square(33, 3, 4, 5, 4, 3, 2),
          square(16, 16, 6, 10, 1, 1, 0),
          square(2, 3, 45, 64, 7, 2, 3),  // from here on: channels of the result in a vector
          square(1, 4, 57, 70, 11, 4, 2),
          square(7, 20, 13, 100, 3, 2, 1),
          square(3, 2, 31, 80, 5, 3, 0, 2),
          square(2, 64, 16, 40, 3, 2, 1)};
}

// Input gradients through columns: patches, with some left over, and few channels; in the last, rows come and go.
std::vector<ConvGeometry> column_geometries() {
  ConvGeometry dilated = square(2, 3, 23, 32, 3, 2, 3);
  dilated.dilation = {1, 2, 3};
  return {square(2, 21, 16, 36, 2, 2, 0), square(3, 9, 21, 10, 2, 2, 0),  square(1, 2, 50, 32, 16, 16, 0),
          square(2, 4, 38, 32, 4, 4, 0),  square(1, 12, 61, 32, 3, 3, 0), square(2, 3, 30, 40, 4, 2, 1),
          square(9, 3, 13, 35, 3, 1, 1),  square(1, 1, 70, 32, 11, 4, 5), square(2, 5, 17, 48, 2, 3, 0),
          with_outputs(dilated),          square(1, 7, 32, 32, 7, 1, 3)};
}

ConvGeometry depthwise(int64_t n, int64_t channels, Dims in, Dims kernel, Dims padding, int64_t stride = 1,
                       int64_t dilation = 1, int64_t filters = 1) {
  ConvGeometry g;
  g.n = n, g.c = channels, g.k = channels * filters, g.groups = channels;
  g.in = in, g.kernel = kernel, g.padding = padding;
  g.stride = {1, stride, stride};
  g.dilation = {1, 1, dilation};
  return with_outputs(g);
}

// One filter or two per channel: planes below, at and above the length of vectors and the rows worked on at a time.
std::vector<ConvGeometry> depthwise_geometries() {
  std::vector<ConvGeometry> all;
  for (int64_t size : {1, 2, 3, 7, 8, 9, 14, 15, 16, 17, 28, 31, 33}) {
    for (int64_t stride : {1, 2}) {
      for (int64_t kernel : {3, 5, 7}) {
        all.push_back(depthwise(2, 3, {1, size, size}, {1, kernel, kernel}, {0, kernel / 2, kernel / 2}, stride));
      }
    }
  }
  for (int64_t stride : {1, 2}) {
    all.push_back(depthwise(2, 3, {1, 21, 40}, {1, 3, 3}, {0, 0, 0}, stride));
    all.push_back(depthwise(2, 3, {1, 11, 5}, {1, 5, 3}, {0, 4, 3}, stride));  // padding of the whole kernel and more
    all.push_back(depthwise(2, 3, {1, 2, 3}, {1, 7, 7}, {0, 7, 9}, stride));   // a kernel larger than the image
    all.push_back(depthwise(2, 3, {1, 9, 37}, {1, 3, 4}, {0, 1, 5}, stride, 3));
    all.push_back(depthwise(3, 2, {1, 13, 18}, {1, 5, 2}, {0, 1, 1}, stride, 1, 2));
    all.push_back(depthwise(1, 1, {1, 40, 23}, {1, 3, 1}, {0, 1, 0}, stride));
    all.push_back(depthwise(1, 2, {1, 15, 16}, {1, 4, 4}, {0, 1, 1}, stride));
    all.push_back(depthwise(1, 2, {1, 15, 16}, {1, 2, 6}, {0, 0, 2}, stride));
    all.push_back(depthwise(20, 18, {1, 7, 7}, {1, 3, 3}, {0, 1, 1}, stride));
    all.push_back(depthwise(40, 3, {1, 4, 4}, {1, 3, 3}, {0, 1, 1}, stride));
    // Written past the caches, in lines that threads share.
    all.push_back(depthwise(1, 1160, {1, 31, 33}, {1, 3, 3}, {0, 1, 1}, stride));
  }
  return all;
}

}  // namespace

TEST_CASE("the forced target is the one that the convolutions run on") {
  std::vector<std::string> seen;
  for (const std::string& target : available_targets()) {
    force_target(target);
    seen.push_back(convolution_target());
    for (size_t i = 0; i + 1 < seen.size(); ++i) CHECK(seen[i] != seen.back());
    if (target == "avx512") CHECK(seen.back() == "AVX3");
    if (target == "avx2") CHECK(seen.back() == "AVX2");
    if (target == "sse4") CHECK(seen.back() == "SSE4");
  }
  choose_default_target();
}

TEST_CASE_TEMPLATE("the three passes of typical layers agree with the seven loops on every target", T, float, double) {
  std::mt19937 random(1);
  for (const ConvGeometry& g : typical_geometries()) check_against_naive<T>(g, random, true);
  for (const ConvGeometry& g : column_geometries()) check_against_naive<T>(g, random, g.c % 2 == 0);
}

TEST_CASE_TEMPLATE("the three passes of 1x1 agree with the seven loops on every target", T, float, double) {
  std::mt19937 random(8);
  for (const ConvGeometry& g :
       {square(3, 5, 16, 7, 1, 1, 0), square(2, 33, 8, 1, 1, 1, 0), square(2, 1, 8, 20, 1, 1, 0),
        square(4, 70, 4, 2, 1, 1, 0), square(3, 20, 7, 9, 1, 1, 0)}) {
    check_against_naive<T>(g, random, false);
    check_against_naive<T>(g, random, true);
  }
}

TEST_CASE_TEMPLATE("the three passes with a filter per channel agree with the seven loops on every target", T, float,
                   double) {
  std::mt19937 random(7);
  for (const ConvGeometry& g : depthwise_geometries()) check_against_naive<T>(g, random, g.in[1] % 2 == 0);
}

TEST_CASE_TEMPLATE("the three passes of odd geometries agree with the seven loops on every target", T, float, double) {
  std::mt19937 random(2);
  for (int i = 0; i < 150; ++i) check_against_naive<T>(random_geometry(random), random, i % 2 == 0);
}

TEST_CASE("the three passes are each other's derivatives") {
  // T(x, w, gy) is one number: <gy, y> = <x, gx> = <w, gw>.
  std::mt19937 random(3);
  for (int i = 0; i < 40; ++i) {
    Case<double> c(random_geometry(random), random);
    c.run(false);
    double by_y = 0, by_x = 0, by_w = 0;
    for (size_t j = 0; j < c.y.size(); ++j) by_y += c.y[j] * c.gy[j];
    for (size_t j = 0; j < c.x.size(); ++j) by_x += c.x[j] * c.gx[j];
    for (size_t j = 0; j < c.w.size(); ++j) by_w += c.w[j] * c.gw[j];
    INFO(text(c.g));
    CHECK(by_x == doctest::Approx(by_y).epsilon(1e-9));
    CHECK(by_w == doctest::Approx(by_y).epsilon(1e-9));
  }
}

TEST_CASE_TEMPLATE("any number of threads gives the same bits", T, float, double) {
  const int before = num_threads();
  std::mt19937 random(4);
  std::vector<ConvGeometry> geometries = typical_geometries();
  geometries.push_back(square(20, 1, 28, 6, 5, 1, 2));
  geometries.push_back(square(20, 6, 14, 16, 5, 1, 0));
  geometries.push_back(square(5, 64, 16, 64, 3, 1, 1));
  for (const ConvGeometry& g : depthwise_geometries()) geometries.push_back(g);
  for (const ConvGeometry& g : column_geometries()) geometries.push_back(g);
  for (const ConvGeometry& g : geometries) {
    Case<T> one(g, random);
    set_num_threads(1);
    one.run(true);
    for (int threads : {2, 3, 7}) {
      set_num_threads(threads);
      Case<T> several = one;
      several.run(true);
      INFO(text(g), " threads ", threads);
      CHECK(same_bits(one.y, several.y));
      CHECK(same_bits(one.gx, several.gx));
      CHECK(same_bits(one.gw, several.gw));
      CHECK(same_bits(one.gb, several.gb));
    }
  }
  set_num_threads(before);
}

TEST_CASE("what is empty stays empty, and what sums over nothing is zero") {
  std::mt19937 random(5);
  ConvGeometry g = square(0, 3, 8, 4, 3, 1, 1);  // no images
  Case<float> no_images(g, random);
  no_images.run(true);
  for (float value : no_images.gw) CHECK(value == 0);
  for (float value : no_images.gb) CHECK(value == 0);

  g = square(0, 3, 64, 64, 7, 2, 3);
  Case<float> no_strided_images(g, random);
  no_strided_images.run(true);
  for (float value : no_strided_images.gw) CHECK(value == 0);

  g = square(2, 3, 2, 4, 3, 1, 0);  // no positions: the kernel does not fit
  REQUIRE(elements(g.out) == 0);
  Case<float> no_positions(g, random);
  no_positions.run(false);
  for (float value : no_positions.gx) CHECK(value == 0);
  for (float value : no_positions.gw) CHECK(value == 0);

  g = square(2, 0, 5, 4, 3, 1, 1);  // no input channels
  Case<float> no_channels(g, random);
  no_channels.run(true);
  for (size_t i = 0; i < no_channels.y.size(); ++i) CHECK(no_channels.y[i] == no_channels.k_bias[i / 25 % 4]);

  g = square(2, 3, 5, 0, 3, 1, 1);  // no output channels
  Case<float> no_filters(g, random);
  no_filters.run(false);
  for (float value : no_filters.gx) CHECK(value == 0);
}

TEST_CASE("an infinity or NaN stays in its image, its channel and its window") {
  std::mt19937 random(6);
  const auto not_finite = [](const std::vector<float>& values) {
    std::vector<bool> result(values.size());
    for (size_t i = 0; i < values.size(); ++i) result[i] = !std::isfinite(values[i]);
    return result;
  };
  for (const ConvGeometry& g :
       {square(3, 2, 7, 5, 3, 1, 1), square(4, 6, 4, 16, 3, 1, 1), square(3, 1, 28, 6, 5, 1, 2),
        square(3, 6, 14, 16, 5, 1, 0), square(2, 4, 9, 8, 3, 2, 1), square(3, 4, 10, 4, 3, 1, 1, 4),
        square(5, 3, 5, 7, 5, 1, 0), square(2, 3, 17, 3, 3, 1, 0, 3), square(2, 3, 19, 3, 5, 2, 2, 3)}) {
    INFO(text(g));
    on_every_target([&] {
      for (int where = 0; where < 8; ++where) {
        Case<float> c(g, random);
        const int64_t ix = static_cast<int64_t>(random() % c.x.size()),
                      iy = static_cast<int64_t>(random() % c.gy.size());
        std::vector<bool> y(c.y.size()), gw_by_x(c.w.size()), gx(c.x.size()), gw_by_y(c.w.size());
        y.resize(c.gy.size());
        for_each_product(g, [&](int64_t jx, int64_t jw, int64_t jy) {
          if (jx == ix) y[jy] = gw_by_x[jw] = true;
          if (jy == iy) gx[jx] = true;
        });
        c.x[ix] = std::numeric_limits<float>::infinity();
        c.run(true);
        CHECK(not_finite(c.y) == y);
        CHECK(not_finite(c.gw) == gw_by_x);
        c.x[ix] = 1;
        c.gy[iy] = std::numeric_limits<float>::quiet_NaN();
        c.run(true);
        CHECK(not_finite(c.gx) == gx);
        // x is zero where it is padded, and 0 * NaN is NaN: all weights of this output channel.
        const int64_t k = iy / elements(g.out) % g.k, filter = w_elements(g) / g.k;
        for (int64_t i = 0; i < filter; ++i) gw_by_y[k * filter + i] = true;
        CHECK(not_finite(c.gw) == gw_by_y);
      }
    });
  }
}
