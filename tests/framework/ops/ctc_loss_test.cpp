// ctc_loss against the sum over all ways, what its options mean, what wrong use is told. PyTorch's numbers:
// tests/golden/ctc_loss_test.cpp; gradients: samples/ctc_loss.cpp.
#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/loss.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

Tensor ints(const std::vector<int64_t>& values) { return from_vector(values); }

// Minus the log of the probability of all ways through `steps` times that spell `labels`: one after another.
double by_enumeration(const Tensor& log_probs, int64_t steps, const std::vector<int64_t>& labels, int64_t blank) {
  int64_t classes = log_probs.size(1), ways = 1;
  for (int64_t t = 0; t < steps; ++t) ways *= classes;
  std::vector<double> x = log_probs.to_vector();
  double total = 0;
  for (int64_t way = 0; way < ways; ++way) {
    std::vector<int64_t> spelt;
    int64_t rest = way, before = -1;
    double log_probability = 0;
    for (int64_t t = 0; t < steps; ++t) {
      int64_t c = rest % classes;
      rest /= classes;
      log_probability += x[static_cast<std::size_t>(t * classes + c)];
      if (c != before && c != blank) spelt.push_back(c);
      before = c;
    }
    if (spelt == labels) total += std::exp(log_probability);
  }
  return -std::log(total);
}

}  // namespace

TEST_CASE("the loss is the sum over all ways that spell the labels") {
  Generator generator(3);
  Tensor x = log_softmax(randn({5, 4, 3}, {.dtype = f64}, generator), -1);
  Tensor targets = ints({1, 1, 0, 1, 2, 0, 0, 0, 0, 2, 2, 2}).reshape({4, 3});
  std::vector<int64_t> steps{5, 4, 3, 5}, counts{2, 2, 0, 3};
  std::vector<double> losses =
      ctc_loss(x, targets, ints(steps), ints(counts), {.reduction = Reduction::none}).to_vector();
  std::vector<std::vector<int64_t>> labels{{1, 1}, {1, 2}, {}, {2, 2, 2}};
  for (int64_t n = 0; n < 4; ++n) {
    auto i = static_cast<std::size_t>(n);
    CHECK(losses[i] == doctest::Approx(by_enumeration(x.select(1, n), steps[i], labels[i], 0)).epsilon(1e-12));
  }
  // The same labels one after another; the sum; the mean over losses by label.
  Tensor joined = ints({1, 1, 1, 2, 2, 2, 2});
  CHECK(ctc_loss(x, joined, ints(steps), ints(counts), {.reduction = Reduction::none}).to_vector() == losses);
  double sum = 0, mean = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    sum += losses[i];
    mean += losses[i] / static_cast<double>(std::max<int64_t>(counts[i], 1)) / 4;
  }
  CHECK(ctc_loss(x, joined, ints(steps), ints(counts), {.reduction = Reduction::sum}).item() == doctest::Approx(sum));
  CHECK(ctc_loss(x, joined, ints(steps), ints(counts)).item() == doctest::Approx(mean));
  nn::CTCLoss layer({.reduction = Reduction::sum});
  CHECK(layer(x, joined, ints(steps), ints(counts)).item() == doctest::Approx(sum));
}

TEST_CASE("labels that do not fit are infinite, or nothing with zero_infinity, also in second order") {
  Tensor x = zeros({2, 2, 3}, {.dtype = f64}).requires_grad_();
  Tensor targets = ints({1, 1, 1, 2}).reshape({2, 2}), two = ints({2, 2});
  Tensor losses = ctc_loss(x, targets, two, two, {.reduction = Reduction::none});
  CHECK(std::isinf(losses.to_vector()[0]));
  CHECK(std::isfinite(losses.to_vector()[1]));
  Tensor y = ctc_loss(x, targets, two, two, {.reduction = Reduction::sum, .zero_infinity = true});
  Tensor g = grad({y}, {x}, {}, {.create_graph = true})[0];
  for (double value : g.detach().select(1, 0).contiguous().to_vector()) CHECK(value == 0);
  for (double value : g.to_vector()) CHECK(std::isfinite(value));
  for (double value : grad({sum(g * g)}, {x})[0].to_vector()) CHECK(std::isfinite(value));
  // No time at all: only the empty sequence fits.
  std::vector<double> none =
      ctc_loss(x, targets, ints({0, 0}), ints({0, 1}), {.reduction = Reduction::none}).to_vector();
  CHECK(none[0] == 0);
  CHECK(std::isinf(none[1]));
}

TEST_CASE("a long sequence neither under- nor overflows, in f32 either") {
  Generator generator(4);
  Tensor x = randn({400, 2, 20}, {}, generator).requires_grad_();
  Tensor targets = randint(1, 20, {2, 60}, {.dtype = i64}, generator);
  Tensor y = ctc_loss(log_softmax(x * 5, -1), targets, ints({400, 350}), ints({60, 50}), {.reduction = Reduction::sum});
  CHECK(y.item() > 100);
  CHECK(std::isfinite(y.item()));
  y.backward();
  std::vector<double> totals = sum(x.grad(), -1).to_vector();
  for (double total : totals) CHECK(std::abs(total) < 1e-4);  // softmax's gradients add up to nothing
}

TEST_CASE("what ctc_loss refuses") {
  Tensor x = zeros({5, 2, 4}), targets = ints({1, 2, 3, 1}).reshape({2, 2}), five = ints({5, 5}), two = ints({2, 2});
  auto value = [](auto... args) { return message_of<ValueError>([=] { ctc_loss(args...); }); };
  auto shape = [](auto... args) { return message_of<ShapeError>([=] { ctc_loss(args...); }); };
  auto dtype = [](auto... args) { return message_of<DtypeError>([=] { ctc_loss(args...); }); };
  CHECK(value(x, targets, five, Tensor()) == "ctc_loss: target_lengths is undefined");
  CHECK(value(x, targets, five, two, CtcLossOptions{.blank = 4}) ==
        "ctc_loss: blank=4 is not one of the 4 classes of log_probs [5,2,4]");
  CHECK(value(x, targets, ints({5, 6}), two) ==
        "ctc_loss: input_lengths[1] is 6, must lie in 0..5 (log_probs [5,2,4])");
  CHECK(value(x, targets, five, ints({2, 3})) == "ctc_loss: target_lengths[1] is 3, must lie in 0..2 (targets [2,2])");
  CHECK(value(x, ints({1, 2, 3}), five, two) ==
        "ctc_loss: target_lengths add up to 4, but there are 3 concatenated targets");
  CHECK(value(x, ints({1, 2, 3, 0}), five, two) ==
        "ctc_loss: label 1 of sequence 1 is 0, must be one of the 4 classes and not the blank 0");
  CHECK(value(x, ints({1, 2, 4, 1}), five, two) ==
        "ctc_loss: label 0 of sequence 1 is 4, must be one of the 4 classes and not the blank 0");
  CHECK(shape(zeros({4}), targets, five, two) ==
        "ctc_loss: log_probs need shape [T,N,C], or [T,C] without a batch, have [4]");
  CHECK(shape(x, targets, ints({5}), two) ==
        "ctc_loss: input_lengths needs shape [2], one for each of the batch, has [1]");
  CHECK(shape(x, zeros({3, 2}, {.dtype = i64}), five, two) ==
        "ctc_loss: targets need shape [2,S], or [sum of target_lengths], have [3,2]");
  CHECK(dtype(x, targets, five, tensor({2, 2})) == "ctc_loss: target_lengths must be i64, is f32");
  CHECK(dtype(x, zeros({2, 2}), five, two) == "ctc_loss: targets must be i64, are f32");
  CHECK(dtype(zeros({5, 2, 4}, {.dtype = i64}), targets, five, two) == "ctc_loss: expects a floating x, got i64");
  CHECK(message_of<ValueError>([] { nn::CTCLoss loss({.blank = -1}); }) ==
        "CTCLoss: blank must not be negative, got -1");
}
