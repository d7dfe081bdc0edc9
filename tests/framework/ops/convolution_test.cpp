// Convolutions as ops: what wrong use is told, and how the ops relate. Numbers: tests/golden/convolution_test.cpp;
// gradients, strides, threads and targets: samples/convolution.cpp; every geometry:
// tests/framework/kernels/convolution_test.cpp.
#include <korrel/framework/ops/convolution.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/node.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  double most = 0;
  for (std::size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
  return most;
}

Tensor noise(const Shape& shape) { return randn(shape, {.dtype = f64}); }

}  // namespace

TEST_CASE("Shapes that do not fit are told with the rule and all the shapes") {
  Tensor x = zeros({2, 4, 8, 8}), w = zeros({16, 6, 5, 5});
  CHECK_THROWS_WITH_AS(conv2d(x, w), "conv2d: weight expects 6 input channels, x has 4 (x [2,4,8,8], w [16,6,5,5])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, zeros({6, 2, 3, 3}), {}, {.groups = 3}),
                       "conv2d: weight expects 6 input channels (3 groups of 2), x has 4 (x [2,4,8,8], w [6,2,3,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, zeros({5, 2, 3, 3}), {}, {.groups = 2}),
                       "conv2d: 2 groups do not divide 5 output channels (x [2,4,8,8], w [5,2,3,3])", ShapeError);
  CHECK_THROWS_WITH_AS(
      conv2d(x, zeros({5, 4, 3, 9})),
      "conv2d: the kernel spans 9, x with its padding only 8, along spatial axis 1 (x [2,4,8,8], w [5,4,3,9])",
      ShapeError);
  CHECK_THROWS_WITH_AS(
      conv2d(x, zeros({5, 4, 5, 5}), {}, {.dilation = 3}),
      "conv2d: the kernel spans 13, x with its padding only 8, along spatial axis 0 (x [2,4,8,8], w [5,4,5,5])",
      ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(zeros({4, 8}), zeros({5, 4, 3, 3})),
                       "conv2d: x needs 4 dimensions, or 3 without a batch, has 2 (x [4,8], w [5,4,3,3])", ShapeError);
  CHECK_THROWS_WITH_AS(conv1d(zeros({2, 4, 8}), zeros({5, 4, 3, 3})),
                       "conv1d: weight needs 3 dimensions, has 4 (x [2,4,8], w [5,4,3,3])", ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, zeros({5, 4, 0, 3})), "conv2d: the kernel has no elements (x [2,4,8,8], w [5,4,0,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, zeros({5, 4, 3, 3}), zeros({4})),
                       "conv2d: bias needs shape [5], has [4] (x [2,4,8,8], w [5,4,3,3])", ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, zeros({5, 4, 3, 3}), {}, {.stride = {1, 2, 3}}),
                       "conv2d: stride needs one number or 2, got [1,2,3]", ShapeError);
}

TEST_CASE("Options out of their range are told") {
  Tensor x = zeros({2, 4, 8, 8}), w = zeros({5, 4, 3, 3});
  CHECK_THROWS_WITH_AS(conv2d(x, w, {}, {.stride = 0}),
                       "conv2d: stride must be at least 1, is [0,0] (x [2,4,8,8], w [5,4,3,3])", ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {}, {.padding = {1, -1}}),
                       "conv2d: padding must be at least 0, is [1,-1] (x [2,4,8,8], w [5,4,3,3])", ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {}, {.dilation = 0}),
                       "conv2d: dilation must be at least 1, is [0,0] (x [2,4,8,8], w [5,4,3,3])", ValueError);
  CHECK_THROWS_AS(conv2d(x, w, {}, {.dilation = int64_t{1} << 62}), ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {}, {.groups = 0}), "conv2d: groups must be at least 1, is 0", ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {}, {.stride = 2, .padding = "same"}),
                       "conv2d: padding \"same\" needs stride 1, is [2,2]", ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {}, {.padding = "some"}), "padding: \"same\", \"valid\" or numbers, got \"some\"",
                       ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {}, {.padding = 8, .padding_mode = PaddingMode::reflect}),
                       "conv2d: reflect padding of 8 is too wide for a size of 8 (x [2,4,8,8], w [5,4,3,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, {}, {.padding = 9, .padding_mode = PaddingMode::circular}),
                       "conv2d: circular padding of 9 is too wide for a size of 8 (x [2,4,8,8], w [5,4,3,3])",
                       ShapeError);
}

TEST_CASE("Element types do not mix") {
  Tensor x = zeros({2, 4, 8, 8}), w = zeros({5, 4, 3, 3});
  CHECK_THROWS_WITH_AS(conv2d(x, zeros({5, 4, 3, 3}, {.dtype = f64})), "conv2d: weight is f64, x is f32", DtypeError);
  CHECK_THROWS_WITH_AS(conv2d(x, w, zeros({5}, {.dtype = f64})), "conv2d: bias is f64, x is f32", DtypeError);
  CHECK_THROWS_WITH_AS(conv2d(zeros({2, 4, 8, 8}, {.dtype = i64}), w), "conv2d: x must be f32 or f64, is i64",
                       DtypeError);
  CHECK_THROWS_WITH_AS(conv2d(Tensor(), w), "conv2d: x is undefined", ValueError);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor()), "conv2d: weight is undefined", ValueError);
}

TEST_CASE("The transposed convolution tells the same, and its own rules") {
  Tensor x = zeros({2, 4, 8, 8}), w = zeros({4, 3, 3, 3});
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, zeros({6, 3, 3, 3})),
                       "conv_transpose2d: weight expects 6 input channels, x has 4 (x [2,4,8,8], w [6,3,3,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, w, {}, {.groups = 3}),
                       "conv_transpose2d: 3 groups do not divide 4 input channels (x [2,4,8,8], w [4,3,3,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, w, {}, {.stride = 2, .output_padding = 2}),
                       "conv_transpose2d: output_padding must be smaller than stride or dilation, is [2,2] (stride "
                       "[2,2], dilation [1,1])",
                       ValueError);
  CHECK_THROWS_WITH_AS(
      conv_transpose2d(x, w, {}, {.padding = 9}),
      "conv_transpose2d: the output would have size -8 along spatial axis 0 (x [2,4,8,8], w [4,3,3,3])", ShapeError);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, w, zeros({4})),
                       "conv_transpose2d: bias needs shape [3], has [4] (x [2,4,8,8], w [4,3,3,3])", ShapeError);
  CHECK(conv_transpose2d(x, w, {}, {.output_padding = 1, .dilation = 2}).shape() == Shape{2, 3, 13, 13});
}

TEST_CASE("convolve and cross_correlate tell what they need") {
  CHECK_THROWS_WITH_AS(convolve(zeros({3}), zeros({2, 2})),
                       "convolve: x and kernel need the same 1, 2 or 3 dimensions (x [3], kernel [2,2])", ShapeError);
  CHECK_THROWS_WITH_AS(cross_correlate(zeros({3}), zeros({0})),
                       "cross_correlate: an operand has no elements (x [3], kernel [0])", ShapeError);
  CHECK_THROWS_AS(convolve(zeros({3}, {.dtype = i64}), zeros({2}, {.dtype = i64})), DtypeError);
  CHECK_THROWS_AS(convolution_matrix(zeros({2, 2}), {3}), ShapeError);
}

TEST_CASE("An empty batch gives an empty result, and gradients of zeros") {
  Tensor x = zeros({0, 3, 8, 8}), w = ones({4, 3, 3, 3}, {.requires_grad = true}),
         bias = ones({4}, {.requires_grad = true});
  Tensor y = conv2d(x, w, bias);
  CHECK(y.shape() == Shape{0, 4, 6, 6});
  y.backward(zeros({0, 4, 6, 6}));
  CHECK(largest_difference(w.grad(), zeros({4, 3, 3, 3})) == 0);
  CHECK(largest_difference(bias.grad(), zeros({4})) == 0);
}

TEST_CASE("Without a batch the result is that of a batch of one") {
  Tensor x = noise({3, 7, 6}), w = noise({4, 3, 3, 2}), bias = noise({4});
  Tensor single = conv2d(x, w, bias, {.padding = 1}), batched = conv2d(x.unsqueeze(0), w, bias, {.padding = 1});
  CHECK(largest_difference(single.unsqueeze(0), batched) == 0);
  Tensor v = conv_transpose1d(noise({4, 5}), noise({4, 2, 3}));
  CHECK(v.shape() == Shape{2, 7});
}

TEST_CASE("The gradient of a convolution with respect to its input is the transposed convolution") {
  Tensor x = noise({2, 3, 9, 8}).requires_grad_(), w = noise({4, 3, 3, 3});
  Tensor y = conv2d(x, w, {}, {.stride = 2, .padding = 1});
  Tensor g = noise(y.shape());
  y.backward(g);
  CHECK(largest_difference(x.grad(),
                           conv_transpose2d(g, w, {}, {.stride = 2, .padding = 1, .output_padding = {0, 1}})) < 1e-12);
}

TEST_CASE(
    "A convolution is linear in each of input and weight, so its mixed second derivative is a convolution again") {
  Tensor x = noise({1, 2, 6, 6}).requires_grad_(), w = noise({3, 2, 3, 3}).requires_grad_();
  Tensor y = conv2d(x, w);
  Tensor g = noise(y.shape()), v = noise(x.shape());
  Tensor gx = grad({y}, {x}, {g}, {.create_graph = true})[0];
  // d/dw <gx, v> = d/dw <g, conv(v, w)>
  Tensor mixed = grad({sum(gx * v)}, {w})[0];
  Tensor other = w.detach().requires_grad_();
  conv2d(v, other).backward(g);
  CHECK(largest_difference(mixed, other.grad()) < 1e-12);
}

TEST_CASE("What is not asked for is not computed or kept") {
  int64_t before = live_nodes();
  Tensor x = noise({1, 2, 6, 6}), w = noise({3, 2, 3, 3}).requires_grad_();
  conv2d(x, w).backward(ones({1, 3, 4, 4}, {.dtype = f64}));
  CHECK(w.grad().defined());
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(conv2d(x, w.detach()).requires_grad());
  CHECK(live_nodes() == before);
}
