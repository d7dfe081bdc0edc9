// Pooling as ops: what wrong use is told, NaN, ties and -inf. Numbers: tests/golden/pooling_test.cpp; gradients,
// strides, threads and targets: samples/pooling.cpp; every geometry: tests/framework/kernels/pooling_test.cpp.
#include <korrel/framework/ops/pooling.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/gradcheck.h>
#include <korrel/framework/autograd/node.h>
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), not_a_number = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

}  // namespace

TEST_CASE("Wrong use is told with the rule and the values") {
  Tensor x = zeros({2, 3, 8, 8});
  CHECK_THROWS_WITH_AS(max_pool2d(x, 3, {.padding = 2}),
                       "max_pool2d: padding must be at most half the kernel, is [2,2] for a kernel of [3,3]",
                       ValueError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 0), "max_pool2d: kernel_size must be at least 1, is [0,0] (x [2,3,8,8])",
                       ValueError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 2, {.stride = {1, 0}}),
                       "max_pool2d: stride must be at least 1, is [1,0] (x [2,3,8,8])", ValueError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 2, {.padding = -1}),
                       "max_pool2d: padding must be at least 0, is [-1,-1] (x [2,3,8,8])", ValueError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 2, {.dilation = 0}),
                       "max_pool2d: dilation must be at least 1, is [0,0] (x [2,3,8,8])", ValueError);
  CHECK_THROWS_WITH_AS(
      max_pool2d(x, 9),
      "max_pool2d: the kernel spans 9, x with its padding only 8, along spatial axis 0 (x [2,3,8,8], kernel [9,9])",
      ShapeError);
  CHECK_THROWS_WITH_AS(max_pool2d(zeros({8, 8}), 2), "max_pool2d: x needs 4 dimensions, or 3 without a batch, is [8,8]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(max_pool2d(x, {2, 2, 2}), "max_pool2d: kernel_size needs one number or 2, got [2,2,2]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(max_pool2d(zeros({2, 3, 0, 8}), 1), "max_pool2d: nothing to pool in x [2,3,0,8]", ShapeError);
  CHECK_THROWS_WITH_AS(avg_pool2d(zeros({2, 3, 8, 8}, {.dtype = i64}), 2), "avg_pool2d: x must be f32 or f64, is i64",
                       DtypeError);
  CHECK_THROWS_WITH_AS(avg_pool2d(x, 2, {.divisor_override = -3}),
                       "avg_pool2d: divisor_override must be positive, is -3", ValueError);
  CHECK_THROWS_WITH_AS(avg_pool1d(Tensor(), 2), "avg_pool1d: x is undefined", ValueError);
  CHECK_THROWS_WITH_AS(adaptive_avg_pool2d(x, {3, 0}),
                       "adaptive_avg_pool2d: output_size must be positive, or -1 for that of x, is [3,0]", ValueError);
  CHECK_THROWS_WITH_AS(global_avg_pool(zeros({3, 4})), "global_avg_pool: x needs 3 to 5 dimensions [N,C,...], is [3,4]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(
      max_pool1d(zeros({1, 4}), 2, {.padding = 1, .dilation = 5}),
      "max_pool1d: window 0 of spatial axis 0 holds nothing but padding (x [1,4], kernel [2], dilation [5])",
      ShapeError);
}

TEST_CASE("The first of several maxima gets the gradient") {
  Tensor x = ones({1, 1, 4, 4}, {.requires_grad = true});
  max_pool2d(x, 2).backward(ones({1, 1, 2, 2}));
  CHECK(x.grad().to_vector() == Values{1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0});
}

TEST_CASE("Overlapping windows add their gradients up") {
  Tensor x = tensor({1, 5, 2, 3, 9, 1}, {.dtype = f64}).reshape({1, 6}).requires_grad_();
  Tensor y = max_pool1d(x, 3, {.stride = 1});
  CHECK(y.to_vector() == Values{5, 5, 9, 9});
  Tensor g = tensor({1, 2, 4, 8}, {.dtype = f64}).reshape({1, 4});
  CHECK(grad({y}, {x}, {g})[0].to_vector() == Values{0, 3, 0, 0, 12, 0});
}

TEST_CASE("A NaN is the maximum of its windows, and nothing but -inf has its first element for maximum") {
  Tensor x =
      tensor({{1, not_a_number, 2, 3}, {4, 5, 6, 7}, {-inf, -inf, -inf, 1}, {-inf, -inf, -inf, -inf}}, {.dtype = f64});
  for (bool on_grid : {true, false}) {
    WithIndices result = on_grid ? max_pool2d_with_indices(x.reshape({1, 4, 4}), 2)
                                 : adaptive_max_pool2d_with_indices(x.reshape({1, 4, 4}), {2, 2});
    Values y = result.values.to_vector();
    CHECK(std::isnan(y[0]));
    CHECK(y[1] == 7);
    CHECK(y[2] == -inf);
    CHECK(y[3] == 1);
    CHECK(result.indices.to_vector() == Values{1, 7, 8, 11});
  }
  // Padding never wins: at the border the first element of x itself counts.
  Tensor low = full({1, 3, 3}, -inf);
  CHECK(max_pool2d_with_indices(low, 3, {.stride = 2, .padding = 1}).indices.to_vector() == Values{0, 1, 3, 4});
}

TEST_CASE("An empty batch gives an empty result") {
  Tensor x = zeros({0, 3, 8, 8}, {.requires_grad = true});
  for (const Tensor& y : {max_pool2d(x, 2), avg_pool2d(x, 2), adaptive_avg_pool2d(x, 4), adaptive_max_pool2d(x, 3)}) {
    CHECK(y.size(0) == 0);
    CHECK(grad({y}, {x}, {zeros(y.shape())})[0].shape() == x.shape());
  }
}

TEST_CASE("Kernels larger than the fast path takes agree with adaptive pooling") {
  Tensor x = randn({2, 3, 40, 60});
  CHECK(max_pool2d(x, 20).to_vector() == adaptive_max_pool2d(x, {2, 3}).to_vector());
  std::vector<double> a = avg_pool2d(x, 20).to_vector(), b = adaptive_avg_pool2d(x, {2, 3}).to_vector();
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]));
}

TEST_CASE("Pooling leaves no node behind") {
  int64_t before = live_nodes();
  Tensor x = randn({2, 3, 8, 8}).requires_grad_();
  sum(max_pool2d(x, 2) + avg_pool2d(x, 2)).backward();
  CHECK(live_nodes() == before);
}

TEST_CASE("gradients of large batches, written past the caches, are those of their images") {
  Generator generator(5);
  const int before = num_threads();
  for (DType dtype : {f32, f64}) {
    Tensor x = randn({50, 24, 32, 32}, {.dtype = dtype}, generator);  // 4.9 MB in f32
    for (bool max : {true, false})
      for (auto [kernel, stride, padding] : {std::array{2, 2, 0}, std::array{3, 2, 1}, std::array{3, 1, 1}}) {
        const auto gradient = [&, kernel = kernel, stride = stride, padding = padding](const Tensor& images) {
          Tensor leaf = images.clone().requires_grad_();
          Tensor y = max ? max_pool2d(leaf, kernel, {.stride = stride, .padding = padding})
                         : avg_pool2d(leaf, kernel, {.stride = stride, .padding = padding});
          sum(y * y).backward();
          return leaf.grad();
        };
        for (int threads : {1, 3}) {
          set_num_threads(threads);
          const Tensor all = gradient(x);
          for (int64_t i : {0, 1, 24, 49})
            CHECK(all.narrow(0, i, 1).to_vector() == gradient(x.narrow(0, i, 1)).to_vector());
        }
      }
  }
  set_num_threads(before);
}

TEST_CASE("behind a temporary relu the gradient has the bits of the two ops, one after the other") {
  Generator generator(6);
  for (DType dtype : {f32, f64})
    for (auto [kernel, stride, padding] :
         {std::array{2, 2, 0}, std::array{3, 2, 1}, std::array{3, 1, 1}, std::array{16, 4, 0}}) {
      CAPTURE(kernel);
      Tensor x =
          randn({3, 5, 16, 20}, {.dtype = dtype}, generator) - 0.8;  // a third of the 2x2 windows have no positive
      const auto place = [&](int64_t i, double value) {
        visit_floating(dtype, [&]<class T>() { x.data<T>()[i] = static_cast<T>(value); });
      };
      place(0, not_a_number);
      for (int64_t i : {40, 41, 60, 61}) place(i, -0.0);
      const MaxPoolOptions options{.stride = stride, .padding = padding};
      Tensor apart = x.clone().requires_grad_(), together = x.clone().requires_grad_();
      Tensor held = relu(apart * 1);
      Tensor y = max_pool2d(held, kernel, options);
      Tensor upstream = randn(y.shape(), {.dtype = dtype}, generator);
      y.backward(upstream);
      const int64_t nodes = live_nodes();
      Tensor z = max_pool2d(relu(together * 1), kernel, options);
      CHECK(live_nodes() == nodes + (kernel < 16 ? 2 : 3));  // relu's node has gone, unless windows are large
      z.backward(upstream);
      const std::vector<double> expected = apart.grad().to_vector(), got = together.grad().to_vector();
      REQUIRE(got.size() == expected.size());
      for (size_t i = 0; i < got.size(); ++i)
        CHECK((got[i] == expected[i] || (std::isnan(got[i]) && std::isnan(expected[i]))));
      const std::vector<double> values = y.to_vector(), own_values = z.to_vector();
      for (size_t i = 1; i < values.size(); ++i) CHECK((values[i] == own_values[i] || std::isnan(values[i])));
    }
}

TEST_CASE("gradients of every order go around a temporary relu") {
  Generator generator(7);
  Tensor x = (randn({2, 2, 6, 6}, {.dtype = f64}, generator) * 3).requires_grad_();
  const auto f = [](const std::vector<Tensor>& in) { return max_pool2d(relu(in[0] * in[0] - 2), 2); };
  CHECK(gradcheck(f, {x}));
  CHECK(gradgradcheck(f, {x}));
  Tensor leaf = x.detach().requires_grad_();
  max_pool2d(relu(leaf), 3, {.stride = 2, .padding = 1}).backward(ones({2, 2, 3, 3}, {.dtype = f64}));
  for (size_t i = 0; i < 72 * 2; ++i)
    if (x.to_vector()[i] <= 0) CHECK(leaf.grad().to_vector()[i] == 0);
}

TEST_CASE("a relu that somebody sees stays in the graph") {
  Tensor x = tensor({1, -2, 3, 4}).reshape({1, 1, 2, 2}).requires_grad_();
  int calls = 0;
  Tensor hooked = relu(x);
  hooked.register_hook([&](const Tensor& gradient) {
    ++calls;
    return gradient * 2;
  });
  max_pool2d(std::move(hooked), 2).backward(ones({1, 1, 1, 1}));
  CHECK(calls == 1);
  CHECK(x.grad().to_vector() == Values{0, 0, 0, 2});

  // A function of somebody else's that is called relu, whose gradient is its own.
  const auto guided = [](const Tensor& x) {
    return record("relu", relu(x.detach()), {x}, [](const Backward& b) -> Gradients { return {b.grad + 5}; });
  };
  Tensor other = tensor({-1, -2, -3, -4}).reshape({1, 1, 2, 2}).requires_grad_();
  max_pool2d(guided(other), 2).backward(ones({1, 1, 1, 1}));
  CHECK(other.grad().to_vector() == Values{6, 5, 5, 5});
}
