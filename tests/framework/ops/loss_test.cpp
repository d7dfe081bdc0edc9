#include <doctest/doctest.h>

#include <cmath>

#include <tests/framework/ops/thrown_message.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;

namespace {

Tensor labels(std::initializer_list<double> values) { return tensor(values, {i64}); }

}  // namespace

TEST_CASE("cross_entropy by hand") {
  // Uniform logits: log C, whatever the label.
  CHECK(cross_entropy(zeros({3, 10}), labels({0, 4, 9})).item() == doctest::Approx(std::log(10.0)));
  Tensor x = tensor({{0, std::log(3.0)}, {0, 0}}, {f64, true});
  Tensor loss = cross_entropy(x, labels({1, 0}));
  CHECK(loss.item() == doctest::Approx((std::log(4.0 / 3) + std::log(2.0)) / 2));
  loss.backward();
  std::vector<double> expected = {0.125, -0.125, -0.25, 0.25};
  for (std::size_t i = 0; i < 4; ++i) CHECK(x.grad().to_vector()[i] == doctest::Approx(expected[i]));
  CHECK(cross_entropy(x, tensor({1, 0}, {u8})).item() == loss.item());
}

TEST_CASE("cross_entropy is nll_loss of log_softmax, also far from zero") {
  Generator generator(5);
  for (double scale : {1.0, 1e4}) {
    Tensor x = (randn({6, 37}, {f64}, generator) * scale).detach().requires_grad_();
    Tensor target = randint(0, 37, {6}, {i64}, generator), weight = rand({37}, {f64}, generator);
    for (Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
      ClassLossOptions options{
          .reduction = reduction, .ignore_index = target.to_vector<int64_t>()[2], .weight = weight};
      Tensor fused = cross_entropy(x, target, options), two = nll_loss(log_softmax(x, 1), target, options);
      Tensor upstream = ones_like(fused);
      Tensor a = grad({fused}, {x}, {upstream})[0], b = grad({two}, {x}, {upstream})[0];
      for (int64_t i = 0; i < fused.numel(); ++i)
        CHECK(fused.to_vector()[static_cast<std::size_t>(i)] ==
              doctest::Approx(two.to_vector()[static_cast<std::size_t>(i)]));
      for (std::size_t i = 0; i < a.to_vector().size(); ++i)
        CHECK(std::abs(a.to_vector()[i] - b.to_vector()[i]) < 1e-12);
    }
  }
}

TEST_CASE("ignored labels: no loss, no gradient, not even from NaN") {
  Tensor x = tensor({{NAN, 1}, {0, 0}}, {f64, true});
  Tensor loss = cross_entropy(x, labels({-100, 1}));
  CHECK(loss.item() == doctest::Approx(std::log(2.0)));
  loss.backward();
  CHECK(x.grad().to_vector() == std::vector<double>{0, 0, 0.5, -0.5});
  Tensor all_ignored = tensor({{1, 2}}, {f64, true});
  Tensor nothing = cross_entropy(all_ignored, labels({-100}));
  CHECK(std::isnan(nothing.item()));  // 0 / 0, as in PyTorch
  nothing.backward();
  CHECK(all_ignored.grad().to_vector() == std::vector<double>{0, 0});
  CHECK(cross_entropy(zeros({2, 3}), labels({7, 1}), {.ignore_index = 7}).item() == doctest::Approx(std::log(3.0)));
}

TEST_CASE("all labels ignored: gradients of both orders are 0, though the mean is NaN") {
  Tensor none = labels({-100, -100}), v = tensor({{1, 2, 3}, {4, 5, 6}}, {f64});
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    for (double smoothing : {0.0, 0.1, -1.0}) {  // -1: nll_loss
      Tensor x = tensor({{0.1, -2, 1}, {0.5, 0, 3}}, {f64, true});
      Tensor y = smoothing < 0 ? nll_loss(x, none, {.reduction = reduction})
                               : cross_entropy(x, none, {.reduction = reduction, .label_smoothing = smoothing});
      Tensor u = ones_like(y).requires_grad_();
      CHECK(grad({y}, {x}, {u}, {.retain_graph = true})[0].to_vector() == std::vector<double>(6));
      Tensor first = grad({y}, {x}, {u}, {.create_graph = true})[0];
      CHECK(first.to_vector() == std::vector<double>(6));
      Tensor second = grad({sum(first * v)}, {x}, {}, {.allow_unused = true})[0];
      CHECK((!second.defined() || second.to_vector() == std::vector<double>(6)));
    }
  }
  // A label of weight 0 is not ignored: 0 / 0, in PyTorch too.
  Tensor x = zeros({2, 2}, {f64, true}), weight = tensor({1, 0}, {f64});
  cross_entropy(x, labels({-100, 1}), {.weight = weight}).backward();
  std::vector<double> g = x.grad().to_vector();
  CHECK((g[0] == 0 && g[1] == 0 && std::isnan(g[2]) && std::isnan(g[3])));
}

TEST_CASE("a loss over no samples: mean NaN, sum 0") {
  CHECK(std::isnan(cross_entropy(zeros({0, 3}), zeros({0}, {i64})).item()));
  CHECK(cross_entropy(zeros({0, 3}), zeros({0}, {i64}), {.reduction = Reduction::sum}).item() == 0);
  CHECK(std::isnan(mse_loss(zeros({0}), zeros({0})).item()));
}

TEST_CASE("losses have the same bits for any number of threads") {
  Generator generator(9);
  Tensor x = randn({300, 400}, {}, generator).requires_grad_(), target = randint(0, 400, {300}, {i64}, generator);
  int before = num_threads();
  auto run = [&] {
    Tensor loss = cross_entropy(x, target);
    return std::pair{loss.item(), grad({loss}, {x})[0].to_vector()};
  };
  set_num_threads(1);
  auto one = run();
  set_num_threads(3);
  CHECK(run() == one);
  set_num_threads(before);
}

TEST_CASE("losses tell what is wrong") {
  Tensor x = zeros({2, 3});
  CHECK(message_of<ValueError>([&] {
          cross_entropy(x, labels({0, 3}));
        }) == "cross_entropy: label 3 at 1 of the target is not one of the 3 classes 0..2 of x [2,3]");
  CHECK(message_of<ValueError>([&] { nll_loss(x, labels({-1, 0})); }).find("nll_loss: label -1 at 0") == 0);
  CHECK(message_of<ShapeError>([&] {
          cross_entropy(x, labels({0, 1, 2}));
        }) == "cross_entropy: target expects shape [2] for x [2,3], got [3]");
  CHECK(message_of<ShapeError>([&] {
          cross_entropy(x, zeros({3, 2}));
        }) == "cross_entropy: a target of probabilities expects x's shape [2,3], got [3,2]");
  CHECK(message_of<DtypeError>([&] {
          cross_entropy(x, zeros({2, 3}, {f64}));
        }) == "cross_entropy: target is f64, x is f32");
  CHECK(message_of<DtypeError>([&] { cross_entropy(x, zeros({2}, {boolean})); }) ==
        "cross_entropy: target expects class indices (i64), got bool");
  CHECK(message_of<DtypeError>([&] { nll_loss(x, zeros({2})); }) ==
        "nll_loss: target expects class indices (i64), got f32");
  CHECK(message_of<DtypeError>([&] {
          cross_entropy(zeros({2, 3}, {i64}), labels({0, 1}));
        }) == "cross_entropy: expects a floating x, got i64");
  CHECK(message_of<ShapeError>([&] { cross_entropy(zeros({}), labels({0})); }) ==
        "cross_entropy: expects x [C], [N,C] or [N,C,...], got []");
  CHECK(message_of<ShapeError>([&] {
          cross_entropy(x, labels({0, 1}), {.weight = ones({2})});
        }) == "cross_entropy: weight expects shape [3], one for each class of x [2,3], got [2]");
  CHECK(message_of<DtypeError>([&] {
          cross_entropy(x, labels({0, 1}), {.weight = ones({3}, {f64})});
        }) == "cross_entropy: weight is f64, x is f32");
  CHECK(message_of<ValueError>([&] {
          cross_entropy(x, labels({0, 1}), {.label_smoothing = 1.5});
        }) == "cross_entropy: label_smoothing expects a number in [0, 1], got 1.5");
  CHECK(message_of<ValueError>([&] {
          nll_loss(x, labels({0, 1}), {.label_smoothing = 0.1});
        }) == "nll_loss: knows no label_smoothing, got 0.1");
  CHECK(message_of<ShapeError>([&] {
          mse_loss(x, zeros({2, 1}));
        }) == "mse_loss: target expects x's shape [2,3], got [2,1]");
  CHECK(message_of<DtypeError>([&] { l1_loss(x, zeros({2, 3}, {f64})); }) == "l1_loss: target is f64, x is f32");
  CHECK(message_of<ValueError>([&] { smooth_l1_loss(x, x, {.beta = -1}); }) ==
        "smooth_l1_loss: beta expects a number >= 0, got -1");
  CHECK(message_of<ValueError>([&] { huber_loss(x, x, {.delta = 0}); }) ==
        "huber_loss: delta expects a number > 0, got 0");
  CHECK(message_of<ValueError>([&] { binary_cross_entropy(x + 2, x); }) ==
        "binary_cross_entropy: x expects probabilities in [0, 1], got 2 to 2; for logits there is "
        "binary_cross_entropy_with_logits");
  CHECK(message_of<ValueError>([&] { gaussian_nll_loss(x, x, x - 1); }) ==
        "gaussian_nll_loss: var must not be negative, its least element is -1");
  CHECK(message_of<ShapeError>([&] { gaussian_nll_loss(x, x, zeros({3})); }) ==
        "gaussian_nll_loss: var expects shape [2,3], [2] or [2,1] for x [2,3], got [3]");
  CHECK(message_of<ValueError>([&] {
          multi_margin_loss(x, labels({0, 3}));
        }) == "multi_margin_loss: label 3 is not one of the 3 classes 0..2 of x [2,3]");
  CHECK(message_of<ValueError>([&] {
          multi_margin_loss(x, labels({0, 1}), {.p = 3});
        }) == "multi_margin_loss: p expects 1 or 2, got 3");
  CHECK(message_of<ShapeError>([&] {
          cosine_embedding_loss(x, x, zeros({3}));
        }).find("cosine_embedding_loss: expects x1") == 0);
}

TEST_CASE("binary losses at the ends") {
  Tensor certain = tensor({0, 1, 0, 1}, {f64}), target = tensor({0, 1, 1, 0}, {f64});
  CHECK(binary_cross_entropy(certain, target, {.reduction = Reduction::none}).to_vector() ==
        std::vector<double>{0, 0, 100, 100});
  Tensor logits = tensor({-1000, 1000, -1000, 1000}, {f64, true});
  Tensor loss = binary_cross_entropy_with_logits(logits, target, {.reduction = Reduction::none});
  CHECK(loss.to_vector() == std::vector<double>{0, 0, 1000, 1000});
  sum(loss).backward();
  CHECK(logits.grad().to_vector() == std::vector<double>{0, 0, -1, 1});
}
