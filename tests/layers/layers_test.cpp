// Each layer does what its op does with its weights and options, and its state goes out and in.
#include <doctest/doctest.h>

#include <cmath>

#include <korrel/korrel.h>

using namespace korrel;

namespace {

std::vector<double> numbers(const Tensor& x) { return x.to_vector(); }

// A copy of the layer with other weights gives other results, and the same ones after loading the first one's state.
template <class M>
void check_round_trip(M& layer, const Tensor& x) {
  M other = layer;
  for (auto& [name, tensor] : other.state_dict())
    if (is_floating(tensor.dtype())) nn::init::uniform_(const_cast<Tensor&>(tensor), 0.5, 1.5);
  layer.eval();
  other.eval();
  std::vector<double> expected = numbers(layer(x));
  CHECK(numbers(other(x)) != expected);
  other.load_state_dict(layer.state_dict());
  CHECK(numbers(other(x)) == expected);
  layer.train();
}

}  // namespace

TEST_CASE("convolutions") {
  Tensor x1 = randn({2, 4, 9}), x2 = randn({2, 4, 9, 8}), x3 = randn({2, 4, 5, 6, 7});
  nn::Conv1d c1(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2});
  nn::Conv2d c2(4, 6, {3, 2}, {.padding = "same", .dilation = 2, .bias = false});
  nn::Conv2d reflecting(4, 4, 3, {.padding = 1, .padding_mode = PaddingMode::reflect});
  nn::Conv3d c3(4, 2, 3, {.stride = {1, 2, 2}});
  CHECK(numbers(c1(x1)) == numbers(conv1d(x1, c1.weight, c1.bias, {.stride = 2, .padding = 1, .groups = 2})));
  CHECK(numbers(c2(x2)) == numbers(conv2d(x2, c2.weight, {}, {.padding = "same", .dilation = 2})));
  CHECK(numbers(reflecting(x2)) ==
        numbers(conv2d(x2, reflecting.weight, reflecting.bias, {.padding = 1, .padding_mode = PaddingMode::reflect})));
  CHECK(numbers(c3(x3)) == numbers(conv3d(x3, c3.weight, c3.bias, {.stride = {1, 2, 2}})));
  CHECK(c2.parameters().size() == 1);
  CHECK(c1.weight.shape() == Shape{6, 2, 3});
  check_round_trip(c1, x1);
  check_round_trip(c2, x2);
  check_round_trip(c3, x3);

  nn::Conv2d unbatched(1, 4, 3);
  CHECK(unbatched(ones({1, 10, 20})).shape() == Shape{4, 8, 18});
  CHECK(unbatched.weight.shape() == Shape{4, 1, 3, 3});

  nn::ConvTranspose1d t1(4, 6, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2});
  nn::ConvTranspose2d t2(4, 3, 2, {.bias = false, .dilation = 2});
  nn::ConvTranspose3d t3(4, 2, 2);
  CHECK(numbers(t1(x1)) == numbers(conv_transpose1d(x1, t1.weight, t1.bias,
                                                    {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2})));
  CHECK(numbers(t2(x2)) == numbers(conv_transpose2d(x2, t2.weight, {}, {.dilation = 2})));
  CHECK(numbers(t3(x3)) == numbers(conv_transpose3d(x3, t3.weight, t3.bias)));
  CHECK(t1.weight.shape() == Shape{4, 3, 3});
  check_round_trip(t1, x1);
}

TEST_CASE("a 1x1 convolution is a linear layer at every position") {
  nn::Conv2d conv(3, 5, 1);
  nn::Linear linear(3, 5);
  linear.load_state_dict({{"weight", conv.weight.reshape({5, 3})}, {"bias", conv.bias}});
  Tensor x = randn({2, 3, 4, 6});
  std::vector<double> a = numbers(conv(x).permute({0, 2, 3, 1}).contiguous()),
                      b = numbers(linear(x.permute({0, 2, 3, 1})));
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-5));
}

TEST_CASE("linear layers") {
  nn::Linear with(3, 2), without(3, 2, {.bias = false});
  nn::Bilinear bi(3, 4, 2);
  Tensor x = randn({5, 3}), z = randn({5, 4});
  CHECK(numbers(with(x)) == numbers(linear(x, with.weight, with.bias)));
  CHECK(numbers(without(x)) == numbers(linear(x, without.weight)));
  CHECK(numbers(bi(x, z)) == numbers(bilinear(x, z, bi.weight, bi.bias)));
  check_round_trip(with, x);
}

TEST_CASE("pooling") {
  Tensor x1 = randn({2, 3, 9}), x2 = randn({2, 3, 9, 8}), x3 = randn({2, 3, 5, 6, 7});
  CHECK(numbers(nn::MaxPool1d(3, {.stride = 2, .ceil_mode = true})(x1)) ==
        numbers(max_pool1d(x1, 3, {.stride = 2, .ceil_mode = true})));
  CHECK(numbers(nn::MaxPool2d({2, 3}, {.padding = {1, 0}})(x2)) ==
        numbers(max_pool2d(x2, {2, 3}, {.padding = {1, 0}})));
  CHECK(numbers(nn::MaxPool3d(2)(x3)) == numbers(max_pool3d(x3, 2)));
  CHECK(numbers(nn::AvgPool1d(2)(x1)) == numbers(avg_pool1d(x1, 2)));
  AvgPoolOptions options{.stride = 1, .padding = 1, .count_include_pad = false};
  CHECK(numbers(nn::AvgPool2d(3, options)(x2)) == numbers(avg_pool2d(x2, 3, options)));
  CHECK(numbers(nn::AvgPool3d(2)(x3)) == numbers(avg_pool3d(x3, 2)));
  CHECK(numbers(nn::AdaptiveAvgPool1d(4)(x1)) == numbers(adaptive_avg_pool1d(x1, 4)));
  CHECK(numbers(nn::AdaptiveAvgPool2d({2, -1})(x2)) == numbers(adaptive_avg_pool2d(x2, {2, -1})));
  CHECK(numbers(nn::AdaptiveAvgPool3d(2)(x3)) == numbers(adaptive_avg_pool3d(x3, 2)));
  CHECK(numbers(nn::AdaptiveMaxPool1d(4)(x1)) == numbers(adaptive_max_pool1d(x1, 4)));
  CHECK(numbers(nn::AdaptiveMaxPool2d(3)(x2)) == numbers(adaptive_max_pool2d(x2, 3)));
  CHECK(numbers(nn::AdaptiveMaxPool3d(1)(x3)) == numbers(adaptive_max_pool3d(x3, 1)));
  CHECK(numbers(nn::GlobalAvgPool()(x2)) == numbers(global_avg_pool(x2)));
  CHECK(numbers(nn::GlobalMaxPool()(x2)) == numbers(global_max_pool(x2)));
}

TEST_CASE("batch norm: running statistics by momentum, as a plain mean, or none") {
  Tensor a = randn({8, 2, 4}) + 3, b = randn({8, 2, 4}) * 2;
  nn::BatchNorm1d norm(2);
  norm(a);
  norm(b);
  CHECK(norm.num_batches_tracked.item<int64_t>() == 2);
  std::vector<double> mean_a = numbers(mean(a, {0, 2})), mean_b = numbers(mean(b, {0, 2})),
                      running = numbers(norm.running_mean);
  CHECK(running[0] == doctest::Approx(0.9 * 0.1 * mean_a[0] + 0.1 * mean_b[0]).epsilon(1e-5));
  norm.eval();
  norm(a);
  CHECK(norm.num_batches_tracked.item<int64_t>() == 2);
  CHECK(numbers(norm.running_mean) == running);
  check_round_trip(norm, a);

  nn::BatchNorm1d plain(2, {.momentum = std::nullopt});
  plain(a);
  plain(b);
  CHECK(numbers(plain.running_mean)[1] == doctest::Approx((mean_a[1] + mean_b[1]) / 2).epsilon(1e-5));
  plain.reset_running_stats();
  CHECK(plain.num_batches_tracked.item<int64_t>() == 0);
  CHECK(numbers(plain.running_mean) == std::vector<double>{0, 0});

  nn::BatchNorm1d none(2, {.affine = false, .track_running_stats = false});
  CHECK(none.state_dict().empty());
  std::vector<double> trained = numbers(none(a));
  none.eval();
  CHECK(numbers(none(a)) == trained);

  CHECK(nn::BatchNorm2d(2)(randn({3, 2, 4, 4})).shape() == Shape{3, 2, 4, 4});
  CHECK(nn::BatchNorm3d(2)(randn({3, 2, 4, 4, 2})).shape() == Shape{3, 2, 4, 4, 2});
}

TEST_CASE("dropout is active in training only, and draws from the generator it was given") {
  Tensor x = ones({4, 50, 3, 3});
  Generator generator(3);
  nn::Dropout elements(0.25, &generator);
  nn::Dropout2d channels(0.5);
  Tensor y = elements(x);
  CHECK(generator.draws() == 1);
  double kept = 0;
  for (double v : numbers(y)) {
    CHECK((v == 0 || v == doctest::Approx(1 / 0.75)));
    kept += v != 0;
  }
  CHECK(kept / 1800 == doctest::Approx(0.75).epsilon(0.06));
  Tensor z = channels(x);
  for (int64_t i = 0; i < 200; ++i) {
    std::vector<double> channel = numbers(z.reshape({200, 9})[i]);
    for (double v : channel) CHECK(v == channel[0]);
  }
  nn::Sequential net{elements, channels, nn::AlphaDropout(0.5)};
  net.eval();
  CHECK(net(x).same_as(x));
}

TEST_CASE("activations and shapes") {
  Tensor x = randn({3, 4});
  struct Row {
    nn::AnyModule layer;
    Tensor expected;
  };
  nn::PReLU prelu_layer(4, 0.3);
  std::vector<Row> rows = {
      {nn::ReLU(), relu(x)},
      {nn::ReLU6(), relu6(x)},
      {nn::Tanh(), tanh(x)},
      {nn::Sigmoid(), sigmoid(x)},
      {nn::SELU(), selu(x)},
      {nn::SiLU(), silu(x)},
      {nn::Mish(), mish(x)},
      {nn::LogSigmoid(), logsigmoid(x)},
      {nn::Softsign(), softsign(x)},
      {nn::Tanhshrink(), tanhshrink(x)},
      {nn::Hardswish(), hardswish(x)},
      {nn::Hardsigmoid(), hardsigmoid(x)},
      {nn::LeakyReLU(0.2), leaky_relu(x, {.negative_slope = 0.2})},
      {prelu_layer, prelu(x, prelu_layer.weight)},
      {nn::ELU(2), elu(x, {.alpha = 2})},
      {nn::CELU(2), celu(x, {.alpha = 2})},
      {nn::GELU(), gelu(x)},
      {nn::GELU(Approximate::tanh), gelu(x, {.approximate = Approximate::tanh})},
      {nn::Softplus(2, 10), softplus(x, {.beta = 2, .threshold = 10})},
      {nn::Hardtanh(-0.5, 0.2), hardtanh(x, {.min_val = -0.5, .max_val = 0.2})},
      {nn::Hardshrink(0.3), hardshrink(x, {.lambd = 0.3})},
      {nn::Softshrink(0.3), softshrink(x, {.lambd = 0.3})},
      {nn::Threshold(0.1, 7), threshold(x, 0.1, 7)},
      {nn::Softmax(0), softmax(x, 0)},
      {nn::LogSoftmax(1), log_softmax(x, 1)},
      {nn::Softmin(1), softmin(x, 1)},
      {nn::GLU(), glu(x)},
      {nn::Identity(), x},
      {nn::Flatten(0), x.flatten()},
      {nn::Unflatten(1, {2, 2}), x.reshape({3, 2, 2})},
  };
  for (const Row& row : rows) {
    CAPTURE(row.layer->type_name());
    Tensor y = (*row.layer)(x);
    CHECK(y.shape() == row.expected.shape());
    CHECK(numbers(y) == numbers(row.expected));
  }
}

TEST_CASE("losses") {
  Tensor x = randn({5, 3}), labels = randint(0, 3, {5}), target = rand({5, 3}), weight = tensor({1, 2, 3});
  CHECK(nn::CrossEntropyLoss()(x, labels).item() == cross_entropy(x, labels).item());
  nn::CrossEntropyLoss weighted({.reduction = Reduction::sum, .weight = weight, .label_smoothing = 0.1});
  double expected =
      cross_entropy(x, labels, {.reduction = Reduction::sum, .weight = weight, .label_smoothing = 0.1}).item();
  CHECK(weighted(x, labels).item() == expected);
  weighted.to(f64);
  CHECK(weighted(x.to(f64), labels).item() == doctest::Approx(expected).epsilon(1e-5));
  CHECK(weighted.state_dict()[0].first == "weight");
  CHECK(nn::NLLLoss({.ignore_index = 1})(x, labels).item() == nll_loss(x, labels, {.ignore_index = 1}).item());
  CHECK(nn::MSELoss()(x, target).item() == mse_loss(x, target).item());
  CHECK(numbers(nn::L1Loss({.reduction = Reduction::none})(x, target)) ==
        numbers(l1_loss(x, target, {.reduction = Reduction::none})));
  CHECK(nn::SmoothL1Loss({.beta = 0.3})(x, target).item() == smooth_l1_loss(x, target, {.beta = 0.3}).item());
  CHECK(nn::HuberLoss({.delta = 0.3})(x, target).item() == huber_loss(x, target, {.delta = 0.3}).item());
  CHECK(nn::KLDivLoss()(x, target).item() == kl_div(x, target).item());
  CHECK(nn::BCELoss({.weight = weight})(target, target).item() ==
        binary_cross_entropy(target, target, {.weight = weight}).item());
  CHECK(nn::BCEWithLogitsLoss({.pos_weight = weight})(x, target).item() ==
        binary_cross_entropy_with_logits(x, target, {.pos_weight = weight}).item());
}
