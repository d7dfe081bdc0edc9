// What teaching material on convolutional networks states, as tests that read like the statements: first by ops alone.
// Those about layers and models are in worked_examples_layers_test.cpp. Errata of the notes are marked.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/ops/convolution.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

Tensor numbers(std::initializer_list<double> values) { return tensor(values, {.dtype = f64}); }
Tensor noise(const Shape& shape) { return randn(shape, {.dtype = f64}); }

void check_equal(const Tensor& a, const Tensor& b, double tolerance = 0) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::abs(x[i] - y[i]) <= tolerance);
}

// Every axis reversed.
Tensor flipped(const Tensor& kernel) {
  Dims axes;
  for (int i = 0; i < kernel.dim(); ++i) axes.push_back(i);
  return flip(kernel, axes);
}

constexpr ConvolveMode same = ConvolveMode::same, valid = ConvolveMode::valid;

}  // namespace

TEST_SUITE("Convolution and cross-correlation, 1-D") {
  TEST_CASE("convolve([2,-1,1], [1,1,2]) is [2,1,4,-1,2]") {
    check_equal(convolve(numbers({2, -1, 1}), numbers({1, 1, 2})), numbers({2, 1, 4, -1, 2}));
  }

  TEST_CASE("As a matrix it is the Toeplitz matrix of the kernel") {
    Tensor m = convolution_matrix(numbers({1, 1, 2}), {3});
    check_equal(m, tensor({{1, 0, 0}, {1, 1, 0}, {2, 1, 1}, {0, 2, 1}, {0, 0, 2}}, {.dtype = f64}));
    check_equal(matmul(m, numbers({2, -1, 1})), numbers({2, 1, 4, -1, 2}));
  }

  TEST_CASE("cross_correlate([2,-1,1], [1,1,2]) is [4,0,3,0,1]") {  // erratum: printed as [2,0,3,0,1]
    check_equal(cross_correlate(numbers({2, -1, 1}), numbers({1, 1, 2})), numbers({4, 0, 3, 0, 1}));
  }

  TEST_CASE("Convolution commutes, associates, distributes over sums and scalars") {
    Tensor f = noise({7}), g = noise({5}), h = noise({5});
    check_equal(convolve(f, g), convolve(g, f), 1e-12);
    check_equal(convolve(convolve(f, g), h), convolve(f, convolve(g, h)), 1e-12);
    check_equal(convolve(f, g + h), convolve(f, g) + convolve(f, h), 1e-12);
    check_equal(convolve(f, 3 * g), 3 * convolve(f, g), 1e-12);
  }

  TEST_CASE("Cross-correlation does not commute") {
    Tensor f = noise({5}), g = noise({5});
    CHECK(sum(cross_correlate(f, g) - cross_correlate(g, f)).item() == doctest::Approx(0));  // the same numbers, but
    check_equal(cross_correlate(f, g), flipped(cross_correlate(g, f)), 1e-12);               // in reverse
    CHECK(cross_correlate(f, g).to_vector() != cross_correlate(g, f).to_vector());
  }

  TEST_CASE("Convolution is cross-correlation with the kernel flipped along every axis") {
    for (ConvolveMode mode : {ConvolveMode::full, same, valid}) {
      for (auto [x_shape, kernel_shape] :
           {std::pair<Shape, Shape>{{9}, {4}}, {{6, 7}, {3, 2}}, {{4, 5, 6}, {2, 3, 3}}, {{3}, {5}}}) {
        Tensor x = noise(x_shape), kernel = noise(kernel_shape);
        check_equal(convolve(x, kernel, mode), cross_correlate(x, flipped(kernel), mode), 1e-12);
      }
    }
  }
}

TEST_SUITE("Convolution, 2-D") {
  TEST_CASE("A 3x3 input with a 2x2 kernel gives 4x4; as a matrix 16x9, doubly blocked Toeplitz") {
    Tensor x = noise({3, 3}), kernel = noise({2, 2});
    Tensor y = convolve(x, kernel), m = convolution_matrix(kernel, {3, 3});
    CHECK(y.shape() == Shape{4, 4});
    REQUIRE(m.shape() == Shape{16, 9});
    check_equal(matmul(m, x.reshape({9})).reshape({4, 4}), y, 1e-12);

    // Block (i, j) of 4x3 is the Toeplitz matrix of kernel row i - j, and so the same along each diagonal of blocks.
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t j = 0; j < 3; ++j) {
        Tensor block = m.narrow(0, 4 * i, 4).narrow(1, 3 * j, 3);
        bool inside = i >= j && i - j < 2;
        check_equal(block, inside ? convolution_matrix(kernel[i - j], {3}) : zeros({4, 3}, {.dtype = f64}));
      }
  }

  TEST_CASE("conv[i,j] = sum over p,q of f[p,q] g[i+p,j+q], likewise in 1-D and 3-D") {
    std::vector<double> g1 = noise({6}).to_vector(), f1 = noise({3}).to_vector();
    std::vector<double> y1 = cross_correlate(from_vector(g1), from_vector(f1), valid).to_vector();
    for (int i = 0; i < 4; ++i) CHECK(y1[i] == doctest::Approx(f1[0] * g1[i] + f1[1] * g1[i + 1] + f1[2] * g1[i + 2]));

    Tensor g = noise({5, 6}), f = noise({2, 3}), y = cross_correlate(g, f, valid);
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t j = 0; j < 4; ++j) {
        double sum = 0;
        for (int64_t p = 0; p < 2; ++p)
          for (int64_t q = 0; q < 3; ++q) sum += f[p][q].item() * g[i + p][j + q].item();
        CHECK(y[i][j].item() == doctest::Approx(sum));
      }

    Tensor volume = noise({3, 4, 3}), cube = noise({2, 2, 2}), z = cross_correlate(volume, cube, valid);
    for (int64_t i = 0; i < 2; ++i)
      for (int64_t j = 0; j < 3; ++j)
        for (int64_t k = 0; k < 2; ++k) {
          double expected = sum(cube * volume.narrow(0, i, 2).narrow(1, j, 2).narrow(2, k, 2)).item();
          CHECK(z[i][j][k].item() == doctest::Approx(expected));
        }
  }
}

TEST_SUITE("Sizes") {
  TEST_CASE(
      "Output size is floor((in + 2 padding - dilation (kernel - 1) - 1) / stride + 1); what does not fit is dropped") {
    for (int64_t in : {7, 8, 11})
      for (int64_t kernel : {1, 2, 3})
        for (int64_t stride : {1, 2, 3})
          for (int64_t padding : {0, 1, 2})
            for (int64_t dilation : {1, 2}) {
              auto expected = static_cast<int64_t>(std::floor(
                  static_cast<double>(in + 2 * padding - dilation * (kernel - 1) - 1) / static_cast<double>(stride) +
                  1));
              Tensor y = conv1d(noise({1, in}), noise({1, 1, kernel}), {},
                                {.stride = stride, .padding = padding, .dilation = dilation});
              CHECK(y.size(-1) == expected);
            }
  }

  TEST_CASE(
      "'same' for odd kernels at stride 1 is padding (K-1)/2: 1 for 3, 2 for 5") {  // erratum: one note prints K-1
    Tensor x = noise({2, 3, 8, 9}), three = noise({4, 3, 3, 3}), five = noise({4, 3, 5, 5});
    check_equal(conv2d(x, three, {}, {.padding = "same"}), conv2d(x, three, {}, {.padding = 1}));
    check_equal(conv2d(x, five, {}, {.padding = "same"}), conv2d(x, five, {}, {.padding = 2}));
    CHECK(conv2d(x, five, {}, {.padding = 2}).shape() == Shape{2, 4, 8, 9});
  }

  TEST_CASE("Ten 5x5 filters with stride 1 and padding 2 on 3x32x32 give 10x32x32") {
    CHECK(conv2d(noise({3, 32, 32}), noise({10, 3, 5, 5}), noise({10}), {.padding = 2}).shape() == Shape{10, 32, 32});
  }
}

TEST_SUITE("Properties") {
  TEST_CASE("Two convolutions with no activation between are one of kernel K1 + K2 - 1") {
    Tensor x = noise({12, 12}), first = noise({3, 3}), second = noise({5, 5});
    Tensor one = convolve(first, second);
    CHECK(one.shape() == Shape{7, 7});
    check_equal(convolve(convolve(x, first), second), convolve(x, one), 1e-11);
    check_equal(cross_correlate(cross_correlate(x, first, valid), second, valid), cross_correlate(x, one, valid),
                1e-11);
  }

  TEST_CASE("A 1x1 convolution is a linear layer at every position (network in network)") {
    Tensor x = noise({2, 5, 4, 3}), w = noise({7, 5}), bias = noise({7});
    Tensor by_position = linear(x.permute({0, 2, 3, 1}), w, bias).permute({0, 3, 1, 2});
    check_equal(conv2d(x, w.reshape({7, 5, 1, 1}), bias), by_position, 1e-12);
  }

  TEST_CASE("Convolution is translation-equivariant: shift the input, the output shifts") {
    Tensor x = zeros({1, 1, 12, 12}, {.dtype = f64}), w = noise({2, 1, 3, 3});
    double* pixels = x.data<double>();
    for (int i = 3; i < 6; ++i)
      for (int j = 3; j < 6; ++j) pixels[12 * i + j] = i + 0.5 * j;
    check_equal(conv2d(roll(x, {2, 3}, {2, 3}), w, {}, {.padding = 1}),
                roll(conv2d(x, w, {}, {.padding = 1}), {2, 3}, {2, 3}));
  }

  TEST_CASE("Max pooling is invariant to a shift within its window") {
    Tensor x = zeros({1, 1, 8, 8}), shifted = zeros({1, 1, 8, 8});
    x.data<float>()[8 * 2 + 4] = 1;
    shifted.data<float>()[8 * 3 + 5] = 1;
    check_equal(max_pool2d(x, 2), max_pool2d(shifted, 2));
  }

  TEST_CASE("Max pooling with kernel = stride does not overlap: each output is the maximum of its own block") {
    Tensor x = noise({1, 4, 6}), y = max_pool2d(x, 2);
    REQUIRE(y.shape() == Shape{1, 2, 3});
    for (int64_t i = 0; i < 2; ++i)
      for (int64_t j = 0; j < 3; ++j) {
        std::vector<double> block = x[0].narrow(0, 2 * i, 2).narrow(1, 2 * j, 2).to_vector();
        CHECK(y[0][i][j].item() == *std::max_element(block.begin(), block.end()));
      }
  }

  TEST_CASE("Global max pooling keeps one value a channel") {
    Tensor x = noise({2, 3, 5, 7}), y = global_max_pool(x);
    REQUIRE(y.shape() == Shape{2, 3, 1, 1});
    for (int64_t n = 0; n < 2; ++n)
      for (int64_t c = 0; c < 3; ++c) {
        std::vector<double> channel = x[n][c].to_vector();
        CHECK(y[n][c].item() == *std::max_element(channel.begin(), channel.end()));
      }
  }
}

TEST_SUITE("Gradients are convolutions") {
  TEST_CASE("dL/dW is the input correlated with the output gradient: dL/dW_i = sum_j delta_j x_{i+j-1}") {
    Tensor x = noise({9}), w = noise({4}).requires_grad_();
    Tensor delta = noise({6});
    cross_correlate(x, w, valid).backward(delta);
    check_equal(w.grad(), cross_correlate(x, delta, valid), 1e-12);
  }

  TEST_CASE("dL/dx is the output gradient, padded, convolved (flipped kernel) with W") {
    Tensor x = noise({7, 8}).requires_grad_(), w = noise({3, 2});
    Tensor delta = noise({5, 7});
    cross_correlate(x, w, valid).backward(delta);
    check_equal(x.grad(), convolve(delta, w, ConvolveMode::full), 1e-12);
  }

  TEST_CASE("The same for a layer: both gradients of conv2d") {
    Tensor x = noise({1, 1, 7, 8}).requires_grad_(), w = noise({1, 1, 3, 3}).requires_grad_();
    Tensor delta = noise({1, 1, 5, 6});
    conv2d(x, w).backward(delta);
    check_equal(w.grad().reshape({3, 3}), cross_correlate(x.detach().reshape({7, 8}), delta.reshape({5, 6}), valid),
                1e-12);
    check_equal(x.grad().reshape({7, 8}),
                convolve(delta.reshape({5, 6}), w.detach().reshape({3, 3}), ConvolveMode::full), 1e-12);
  }

  TEST_CASE("CS231n's published check: stride 2, padding 1") {
    Tensor x = linspace(-0.1, 0.5, 2 * 3 * 4 * 4, {.dtype = f64}).reshape({2, 3, 4, 4});
    Tensor w = linspace(-0.2, 0.3, 3 * 3 * 4 * 4, {.dtype = f64}).reshape({3, 3, 4, 4});
    Tensor b = linspace(-0.1, 0.2, 3, {.dtype = f64});
    Tensor y = conv2d(x, w, b, {.stride = 2, .padding = 1});
    Tensor expected =
        numbers({-0.08759809, -0.10987781, -0.18387192, -0.2109216, 0.21027089,  0.21661097,  0.22847626,  0.23004637,
                 0.50813986,  0.54309974,  0.64082444,  0.67101435, -0.98053589, -1.03143541, -1.19128892, -1.24695841,
                 0.69108355,  0.66880383,  0.59480972,  0.56776003, 2.36270298,  2.36904306,  2.38090835,  2.38247847});
    check_equal(y, expected.reshape({2, 3, 2, 2}), 5e-9);
  }

  TEST_CASE("Their backward pair gives dx, dw and db, and H' = 1 + (H + 2 pad - HH) / stride") {
    Tensor x = noise({4, 3, 5, 5}).requires_grad_(), w = noise({2, 3, 3, 3}).requires_grad_(),
           b = noise({2}).requires_grad_();
    Tensor y = conv2d(x, w, b, {.stride = 1, .padding = 1});
    CHECK(y.shape() == Shape{4, 2, 1 + (5 + 2 - 3), 1 + (5 + 2 - 3)});
    Tensor dout = noise(y.shape());
    y.backward(dout);
    // By the definition, element by element.
    Tensor dw = zeros(w.shape(), {.dtype = f64}), dx = zeros({4, 3, 7, 7}, {.dtype = f64});
    std::vector<double> padded(4 * 3 * 7 * 7, 0.0), input = x.to_vector(), weight = w.to_vector(), g = dout.to_vector();
    auto at = [](int64_t n, int64_t c, int64_t i, int64_t j) { return ((n * 3 + c) * 7 + i) * 7 + j; };
    for (int64_t n = 0; n < 4; ++n)
      for (int64_t c = 0; c < 3; ++c)
        for (int64_t i = 0; i < 5; ++i)
          for (int64_t j = 0; j < 5; ++j) padded[at(n, c, i + 1, j + 1)] = input[((n * 3 + c) * 5 + i) * 5 + j];
    for (int64_t n = 0; n < 4; ++n)
      for (int64_t f = 0; f < 2; ++f)
        for (int64_t i = 0; i < 5; ++i)
          for (int64_t j = 0; j < 5; ++j)
            for (int64_t c = 0; c < 3; ++c)
              for (int64_t p = 0; p < 3; ++p)
                for (int64_t q = 0; q < 3; ++q) {
                  double delta = g[((n * 2 + f) * 5 + i) * 5 + j];
                  dw.data<double>()[((f * 3 + c) * 3 + p) * 3 + q] += delta * padded[at(n, c, i + p, j + q)];
                  dx.data<double>()[at(n, c, i + p, j + q)] += delta * weight[((f * 3 + c) * 3 + p) * 3 + q];
                }
    check_equal(w.grad(), dw, 1e-12);
    check_equal(x.grad(), dx.narrow(2, 1, 5).narrow(3, 1, 5), 1e-12);
    check_equal(b.grad(), sum(dout, {0, 2, 3}), 1e-12);
  }

  TEST_CASE("d/dx [f * g] = f * g'") {
    // As sequences, with the difference g'[i] = g[i] - g[i-1], which is itself a convolution.
    Tensor f = noise({6}), g = noise({5}), difference = numbers({1, -1});
    check_equal(convolve(convolve(f, g), difference), convolve(f, convolve(g, difference)), 1e-12);
  }
}
