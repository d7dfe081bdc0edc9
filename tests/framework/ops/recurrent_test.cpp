#include <korrel/framework/ops/recurrent.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/recurrent_steps.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

Tensor column(const std::vector<double>& values) {
  return from_vector(values, {static_cast<int64_t>(values.size()), 1});
}

RecurrentWeights weights_for(int64_t gates, int64_t in, int64_t hidden) {
  Generator generator(3);
  auto leaf = [&](const Shape& shape) {
    Tensor x = make_tensor(shape, f64);
    fill_uniform(x, -0.5, 0.5, generator);
    return x.requires_grad_();
  };
  return {leaf({gates * hidden, in}), leaf({gates * hidden, hidden}), leaf({gates * hidden}), leaf({gates * hidden})};
}

double difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  return largest;
}

}  // namespace

TEST_CASE("one step by hand") {
  Tensor x = tensor({2.0}, {f64}), h = tensor({0.5}, {f64}), c = tensor({-1.0}, {f64});
  RecurrentWeights lstm{column({0.1, 0.2, 0.3, 0.4}), column({1, 2, 3, 4})};
  double i = sigmoid_of(0.2 + 0.5), f = sigmoid_of(0.4 + 1), g = std::tanh(0.6 + 1.5), o = sigmoid_of(0.8 + 2);
  RecurrentState after = lstm_cell(x, {h, c}, lstm);
  CHECK(after.c.shape() == Shape{1});
  CHECK(after.c.item() == doctest::Approx(-f + i * g));
  CHECK(after.h.item() == doctest::Approx(o * std::tanh(-f + i * g)));

  RecurrentWeights gru{column({0.1, 0.2, 0.3}), column({1, 2, 3}), tensor({1, 2, 3}, {f64}),
                       tensor({-1, -2, 0.5}, {f64})};
  double r = sigmoid_of(0.2 + 0.5), z = sigmoid_of(0.4 + 1), n = std::tanh(0.6 + 3 + r * (1.5 + 0.5));
  CHECK(gru_cell(x, h, gru).item() == doctest::Approx((1 - z) * n + z * 0.5));

  RecurrentWeights plain{column({0.25}), column({-3})};
  CHECK(rnn_tanh_cell(x, h, plain).item() == doctest::Approx(std::tanh(0.5 - 1.5)));
  CHECK(rnn_relu_cell(x, h, plain).item() == 0);
  CHECK(rnn_relu_cell(x, {}, plain).item() == 0.5);
}

TEST_CASE("the kernels' way agrees with the composed one, gradients too, whatever the lengths and the direction") {
  struct Row {
    RecurrentCell cell;
    int64_t gates;
  };
  for (auto [cell, gates] : {Row{RecurrentCell::rnn_tanh, 1},
                             {RecurrentCell::rnn_relu, 1},
                             {RecurrentCell::lstm, 4},
                             {RecurrentCell::gru, 3}})
    for (bool reverse : {false, true})
      for (const std::vector<int64_t>& sizes :
           {std::vector<int64_t>{1}, {4, 4, 4}, {5, 3, 3, 1}, std::vector<int64_t>(9, 1)}) {
        const int64_t hidden = 19, in = 3;
        RecurrentWeights w = weights_for(gates, in, hidden);
        RecurrentSteps steps;
        steps.reverse = reverse;
        for (int64_t size : sizes) {
          steps.sizes.push_back(size);
          steps.begins.push_back(steps.rows);
          steps.rows += size;
        }
        Tensor x = randn({steps.rows, in}, {f64}).requires_grad_();
        RecurrentState initial{randn({sizes[0], hidden}, {f64}).requires_grad_(), {}};
        if (cell == RecurrentCell::lstm) initial.c = randn({sizes[0], hidden}, {f64}).requires_grad_();
        Recurrence fast = recurrence(cell, x, sizes, initial, w, {.reverse = reverse}),
                   slow = recurrence_of_ops(cell, x, steps, initial, w);
        std::vector<Tensor> leaves{x, initial.h, w.weight_ih, w.weight_hh, w.bias_ih, w.bias_hh};
        std::vector<Tensor> ours{fast.y, fast.h_n}, theirs{slow.y, slow.h_n};
        std::vector<Tensor> upstream{randn(fast.y.shape(), {f64}), randn(fast.h_n.shape(), {f64})};
        if (cell == RecurrentCell::lstm) {
          leaves.push_back(initial.c);
          ours.push_back(fast.c_n);
          theirs.push_back(slow.c_n);
          upstream.push_back(randn(fast.c_n.shape(), {f64}));
        }
        for (std::size_t i = 0; i < ours.size(); ++i) CHECK(difference(ours[i], theirs[i]) < 1e-13);
        std::vector<Tensor> a = grad(ours, leaves, upstream), b = grad(theirs, leaves, upstream);
        for (std::size_t i = 0; i < a.size(); ++i) CHECK(difference(a[i], b[i]) < 1e-12);
      }
}

TEST_CASE("an input that another input was made from gets each gradient once, in both orders") {
  RecurrentWeights w = weights_for(4, 3, 3);
  Tensor h = randn({2, 3}, {f64}).requires_grad_();
  Tensor c = h * 2, x = c * h;  // x is made from c, c from h
  auto total = [&](bool create_graph) {
    Recurrence y = recurrence(RecurrentCell::lstm, x, {2}, {h, c}, w);
    return grad({sum(y.y)}, {h, c}, {}, {.retain_graph = true, .create_graph = create_graph});
  };
  std::vector<Tensor> fused = total(false), composed = total(true);
  CHECK(difference(fused[0], composed[0]) < 1e-13);
  CHECK(difference(fused[1], composed[1]) < 1e-13);
}

TEST_CASE("the gradient of one input depends on all the others") {
  RecurrentWeights w = weights_for(4, 3, 3);
  Tensor h = randn({2, 3}, {f64}).requires_grad_(), c = randn({2, 3}, {f64}).requires_grad_(),
         x = randn({5, 3}, {f64}).requires_grad_(), v = randn({5, 3}, {f64});
  std::vector<Tensor> all{x, h, c, w.weight_ih, w.weight_hh, w.bias_ih, w.bias_hh};
  // The second order where only x's gradient is asked for, and where all are: x's is the first.
  auto second = [&](const std::vector<Tensor>& asked) {
    Recurrence y = recurrence(RecurrentCell::lstm, x, {2, 2, 1}, {h, c}, w);
    Tensor first = grad({sum(square(y.y))}, asked, {}, {.create_graph = true})[0];
    return grad({sum(first * v)}, all);
  };
  std::vector<Tensor> alone = second({x}), together = second(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(difference(alone[i], together[i]) < 1e-13);
    CHECK(difference(alone[i], zeros_like(alone[i])) > 1e-3);
  }
}

TEST_CASE("without gradients nothing is kept, and the numbers are the same") {
  RecurrentWeights w = weights_for(4, 3, 8);
  Tensor x = randn({12, 3}, {f64});
  Recurrence recorded = recurrence(RecurrentCell::lstm, x, {4, 4, 4}, {}, w);
  Recurrence plain = no_grad([&] { return recurrence(RecurrentCell::lstm, x, {4, 4, 4}, {}, w); });
  CHECK(recorded.y.requires_grad());
  CHECK(!plain.y.requires_grad());
  CHECK(difference(plain.y, recorded.y) == 0);
}

TEST_CASE("wrong use of recurrent ops is told") {
  RecurrentWeights w = weights_for(4, 3, 2);
  Tensor x = randn({6, 3}, {f64});
  auto lstm = [&](const Tensor& rows, const std::vector<int64_t>& sizes, const RecurrentState& state,
                  const RecurrentWeights& weights) {
    return [=] { recurrence(RecurrentCell::lstm, rows, sizes, state, weights); };
  };
  CHECK(message_of<ShapeError>(lstm(zeros({6, 4}, {f64}), {3, 3}, {}, w)) ==
        "lstm: weight_ih expects 3 features, x has 4 (x [6,4], weight_ih [8,3])");
  CHECK(message_of<ShapeError>(lstm(x, {3, 2}, {}, w)) == "lstm: batch_sizes add up to 5 rows, x has 6 (x [6,3])");
  CHECK(message_of<ValueError>(lstm(x, {2, 4}, {}, w)) ==
        "lstm: batch_sizes must not grow or be negative, at step 1 there is 4");
  CHECK(message_of<ValueError>(lstm(x, {}, {}, w)) == "lstm: needs at least one step, batch_sizes is empty");
  CHECK(message_of<ShapeError>(lstm(zeros({6}, {f64}), {6}, {}, w)) == "lstm: x needs shape [rows,features], has [6]");
  CHECK(message_of<ValueError>(lstm({}, {6}, {}, w)) == "lstm: x is undefined");
  CHECK(message_of<ShapeError>(lstm(x, {3, 3}, {zeros({2, 2}, {f64}), zeros({3, 2}, {f64})}, w)) ==
        "lstm: h expects shape [3,2], got [2,2] (x [6,3])");
  CHECK(message_of<ShapeError>(lstm(x, {3, 3}, {zeros({3, 2}, {f64}), zeros({3, 1}, {f64})}, w)) ==
        "lstm: c expects shape [3,2], got [3,1] (x [6,3])");
  CHECK(message_of<ValueError>(lstm(x, {3, 3}, {zeros({3, 2}, {f64})}, w)) ==
        "lstm: h and c go together, c is undefined");
  CHECK(message_of<DtypeError>(lstm(x, {3, 3}, {zeros({3, 2}), zeros({3, 2})}, w)) == "lstm: h is f32, x is f64");
  CHECK(message_of<DtypeError>(lstm(x.to(f32), {3, 3}, {}, w)) == "lstm: weight_ih is f64, x is f32");
  CHECK(message_of<DtypeError>(lstm(zeros({6, 3}, {i64}), {3, 3}, {}, w)) ==
        "lstm: expects a floating tensor, x is i64");
  CHECK(message_of<ValueError>(lstm(x, {3, 3}, {}, {w.weight_ih})) == "lstm: weight_hh is undefined");
  CHECK(message_of<ValueError>(lstm(x, {3, 3}, {}, {w.weight_ih, w.weight_hh, w.bias_ih})) ==
        "lstm: bias_ih and bias_hh go together, bias_hh is undefined");
  CHECK(message_of<ShapeError>(lstm(x, {3, 3}, {}, {zeros({7, 3}, {f64}), w.weight_hh})) ==
        "lstm: weight_ih expects shape [4*hidden,features], got [7,3]");
  CHECK(message_of<ShapeError>(lstm(x, {3, 3}, {}, {w.weight_ih, zeros({8, 3}, {f64})})) ==
        "lstm: weight_hh expects shape [8,2], got [8,3] (x [6,3])");
  CHECK(message_of<ShapeError>(lstm(x, {3, 3}, {}, {w.weight_ih, w.weight_hh, w.bias_ih, zeros({4}, {f64})})) ==
        "lstm: bias_hh expects shape [8], got [4] (x [6,3])");
  CHECK(
      message_of<ShapeError>(lstm(x, {3, 3}, {}, {w.weight_ih, zeros({8, 1}, {f64}), {}, {}, zeros({1, 3}, {f64})})) ==
      "lstm: weight_hr expects shape [1,2], got [1,3] (x [6,3])");
  RecurrentWeights gru = weights_for(3, 3, 2);
  CHECK(message_of<ValueError>([&] {
          recurrence(RecurrentCell::gru, x, {3, 3}, {zeros({3, 2}, {f64}), zeros({3, 2}, {f64})}, gru);
        }) == "gru: only lstm has a state c");
  CHECK(message_of<ValueError>([&] {
          recurrence(RecurrentCell::gru, x, {3, 3}, {}, {gru.weight_ih, gru.weight_hh, {}, {}, zeros({1, 2}, {f64})});
        }) == "gru: only lstm has a projection, weight_hr must be undefined");
  CHECK(message_of<ShapeError>([&] {
          gru_cell(zeros({1, 2, 3}, {f64}), {}, gru);
        }) == "gru_cell: x needs shape [N,features] or [features], has [1,2,3]");
  CHECK(message_of<ShapeError>([&] {
          gru_cell(zeros({3}, {f64}), zeros({1, 2}, {f64}), gru);
        }) == "gru_cell: h needs 1 dimension as x has, got [1,2]");
  CHECK(message_of<ShapeError>([&] {
          gru_cell(zeros({2, 3}, {f64}), zeros({1, 2}, {f64}), gru);
        }) == "gru_cell: h expects shape [2,2], got [1,2] (x [2,3])");
}
