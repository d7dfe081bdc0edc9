#include <korrel/layers/recurrent.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/recurrent_cell.h>
#include <tests/message_of.h>

using namespace korrel;
using Names = std::vector<std::string>;

namespace {

std::vector<double> numbers(const Tensor& x) { return x.to_vector(); }

Names keys(const nn::Module& module) {
  Names names;
  for (const auto& [name, tensor] : module.state_dict()) names.push_back(name);
  return names;
}

void check_near(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = numbers(a), y = numbers(b);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == doctest::Approx(y[i]).epsilon(1e-5));
}

}  // namespace

TEST_CASE("parameters have PyTorch's names, order and shapes") {
  CHECK(keys(nn::LSTM(3, 4, {.num_layers = 2, .bidirectional = true, .proj_size = 2})) ==
        Names{"weight_ih_l0",         "weight_hh_l0",         "bias_ih_l0",           "bias_hh_l0",
              "weight_hr_l0",         "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse",
              "bias_hh_l0_reverse",   "weight_hr_l0_reverse", "weight_ih_l1",         "weight_hh_l1",
              "bias_ih_l1",           "bias_hh_l1",           "weight_hr_l1",         "weight_ih_l1_reverse",
              "weight_hh_l1_reverse", "bias_ih_l1_reverse",   "bias_hh_l1_reverse",   "weight_hr_l1_reverse"});
  CHECK(keys(nn::RNN(3, 4, {.bias = false})) == Names{"weight_ih_l0", "weight_hh_l0"});
  CHECK(keys(nn::GRUCell(3, 4)) == Names{"weight_ih", "weight_hh", "bias_ih", "bias_hh"});
  nn::LSTM lstm(3, 4, {.num_layers = 2, .bidirectional = true, .proj_size = 2});
  CHECK(lstm.parameter("weight_ih_l0").shape() == Shape{16, 3});
  CHECK(lstm.parameter("weight_ih_l1_reverse").shape() == Shape{16, 4});
  CHECK(lstm.parameter("weight_hh_l1").shape() == Shape{16, 2});
  CHECK(nn::GRU(128, 256).parameter_count() == 3 * 256 * (128 + 256 + 2));
  nn::GRU gru(5, 16);
  for (const auto& [name, tensor] : gru.named_parameters())
    for (double value : numbers(tensor)) CHECK(std::abs(value) <= 0.25);
}

TEST_CASE("printed as PyTorch prints them") {
  CHECK(to_string(nn::LSTM(3, 4)) == "LSTM(3, 4)");
  CHECK(to_string(nn::LSTM(3, 4,
                           {.num_layers = 2,
                            .bias = false,
                            .batch_first = true,
                            .dropout = 0.5,
                            .bidirectional = true,
                            .proj_size = 2})) ==
        "LSTM(3, 4, proj_size=2, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)");
  CHECK(to_string(nn::RNNCell(3, 4, {.bias = false, .nonlinearity = nn::Nonlinearity::relu})) ==
        "RNNCell(3, 4, bias=False, nonlinearity=relu)");
  CHECK(to_string(nn::GRUCell(3, 4)) == "GRUCell(3, 4)");
}

TEST_CASE("a layer is its cell step by step") {
  nn::LSTM lstm(3, 5);
  nn::LSTMCell cell(3, 5);
  cell.load_state_dict({{"weight_ih", lstm.parameter("weight_ih_l0")},
                        {"weight_hh", lstm.parameter("weight_hh_l0")},
                        {"bias_ih", lstm.parameter("bias_ih_l0")},
                        {"bias_hh", lstm.parameter("bias_hh_l0")}});
  Tensor x = randn({4, 2, 3});
  auto [y, h_n, c_n] = lstm(x);
  RecurrentState state;
  for (int64_t t = 0; t < 4; ++t) {
    state = cell(x[t], state);
    check_near(y[t], state.h);
  }
  check_near(h_n[0], state.h);
  check_near(c_n[0], state.c);

  nn::GRU gru(3, 5, {.bidirectional = true});
  nn::GRUCell back(3, 5);
  back.load_state_dict({{"weight_ih", gru.parameter("weight_ih_l0_reverse")},
                        {"weight_hh", gru.parameter("weight_hh_l0_reverse")},
                        {"bias_ih", gru.parameter("bias_ih_l0_reverse")},
                        {"bias_hh", gru.parameter("bias_hh_l0_reverse")}});
  auto [both, last] = gru(x);
  CHECK(both.shape() == Shape{4, 2, 10});
  Tensor h = back(x[3]);
  check_near(both[3].narrow(1, 5, 5), h);
  for (int64_t t = 2; t >= 0; --t) h = back(x[t], h);
  check_near(both[0].narrow(1, 5, 5), h);
  check_near(last[1], h);
}

TEST_CASE("batch_first, a single sequence, and packed sequences agree with the plain form") {
  nn::LSTM lstm(3, 4, {.num_layers = 2, .bidirectional = true});
  nn::LSTM first(3, 4, {.num_layers = 2, .batch_first = true, .bidirectional = true});
  first.load_state_dict(lstm.state_dict());
  Tensor x = randn({5, 3, 3});
  auto plain = lstm(x);
  auto swapped = first(x.transpose(0, 1));
  CHECK(swapped.y.shape() == Shape{3, 5, 8});
  check_near(swapped.y.transpose(0, 1), plain.y);
  check_near(swapped.h_n, plain.h_n);
  auto single = first(x.select(1, 2));
  check_near(single.y, plain.y.select(1, 2));
  check_near(single.c_n, plain.c_n.select(1, 2));

  // Each sequence by itself, as long as it is.
  std::vector<int64_t> lengths{2, 5, 3};
  RecurrentState initial{randn({4, 3, 4}), randn({4, 3, 4})};
  auto packed = lstm(pack_padded_sequence(x, lengths, {.enforce_sorted = false}), initial);
  PaddedSequence padded = pad_packed_sequence(packed.y);
  CHECK(padded.lengths == lengths);
  for (int64_t i = 0; i < 3; ++i) {
    int64_t length = lengths[static_cast<std::size_t>(i)];
    auto alone = lstm(x.select(1, i).narrow(0, 0, length), {initial.h.select(1, i), initial.c.select(1, i)});
    check_near(padded.data.select(1, i).narrow(0, 0, length), alone.y);
    check_near(packed.h_n.select(1, i), alone.h_n);
    check_near(packed.c_n.select(1, i), alone.c_n);
    if (length < 5) CHECK(sum(abs(padded.data.select(1, i).narrow(0, length, 5 - length))).item() == 0);
  }
  CHECK(lstm(zeros({5, 0, 3})).y.shape() == Shape{5, 0, 8});
}

TEST_CASE("dropout lies between layers, while training only") {
  Generator generator(4);
  nn::RNN rnn(3, 50, {.num_layers = 3, .dropout = 0.5, .generator = &generator});
  Tensor x = randn({4, 6, 3});
  std::vector<double> once = numbers(rnn(x).y);
  CHECK(generator.draws() == 2);
  CHECK(numbers(rnn(x).y) != once);
  rnn.eval();
  std::vector<double> still = numbers(rnn(x).y);
  CHECK(numbers(rnn(x).y) == still);
  CHECK(generator.draws() == 4);
}

TEST_CASE("copies have weights of their own, states go out and in, f64 too") {
  nn::GRU gru(2, 3, {.num_layers = 2});
  nn::GRU copy = gru;
  gru.reset_parameters();
  Tensor x = randn({4, 1, 2});
  CHECK(numbers(copy(x).y) != numbers(gru(x).y));
  copy.load_state_dict(gru.state_dict());
  CHECK(numbers(copy(x).y) == numbers(gru(x).y));
  copy = nn::GRU(5, 2);
  CHECK(copy(randn({4, 1, 5})).y.shape() == Shape{4, 1, 2});
  gru.to(f64);
  CHECK(gru(x.to(f64)).y.dtype() == f64);
  nn::LSTMCell cell(2, 3);
  CHECK(cell(randn({2})).c.shape() == Shape{3});
}

TEST_CASE("forward hooks see x and y; what one multiply-adds is known") {
  nn::LSTM lstm(3, 4, {.bidirectional = true});
  Tensor x = randn({5, 2, 3});
  Shape seen;
  HookHandle doubled = lstm.register_forward_hook([&](nn::Module&, const Tensor& in, const Tensor& y) {
    seen = in.shape();
    return y * 2;
  });
  Tensor twice = lstm(x).y;
  CHECK(seen == Shape{5, 2, 3});
  doubled.remove();
  check_near(twice, lstm(x).y * 2);
  CHECK(lstm.cost(x, twice).multiply_adds == 10 * 2 * 16 * (3 + 4));
  lstm.register_backward_hook([](nn::Module&, const Tensor& gx, const Tensor&) { return gx; });
  CHECK(message_of<ValueError>([&] { lstm(x); }).find("are for modules of one input tensor") != std::string::npos);
}

TEST_CASE("what recurrent layers refuse") {
  using namespace nn;
  CHECK(message_of<ValueError>([] { LSTM(0, 3); }) == "LSTM: input_size must be positive, got 0");
  CHECK(message_of<ValueError>([] { GRU(3, -1); }) == "GRU: hidden_size must be positive, got -1");
  CHECK(message_of<ValueError>([] { RNN(3, 2, {.num_layers = 0}); }) == "RNN: num_layers must be positive, got 0");
  CHECK(message_of<ValueError>([] { GRU(3, 2, {.dropout = 1.5}); }) == "GRU: dropout must lie in [0, 1], got 1.5");
  CHECK(message_of<ValueError>([] { LSTM(3, 2, {.proj_size = 2}); }) ==
        "LSTM: proj_size must be at least 0 and below hidden_size=2, got 2");
  CHECK(message_of<ValueError>([] { GRUCell(3, 0); }) == "GRUCell: hidden_size must be positive, got 0");
  LSTM lstm(3, 2);
  CHECK(message_of<ShapeError>([&] {
          lstm(zeros({5, 4, 7}));
        }) == "LSTM: lstm: expects 3 features, x has 7 (x [20,7])");
  CHECK(message_of<ShapeError>([&] { lstm(zeros({3})); }) ==
        "LSTM: lstm: x needs shape [T,N,features] or [T,features], has [3]");
  CHECK(message_of<ShapeError>([&] { lstm(zeros({0, 4, 3})); }) == "LSTM: lstm: needs at least one step, x is [0,4,3]");
  CHECK(message_of<ShapeError>([&] {
          lstm(zeros({5, 4, 3}), {zeros({1, 3, 2}), zeros({1, 4, 2})});
        }) == "LSTM: lstm: h_0 expects shape [1,4,2] (num_layers * directions, batch, width), got [1,3,2]");
  CHECK(message_of<ShapeError>([&] {
          lstm(zeros({5, 3}), {zeros({1, 1, 2}), zeros({1, 1, 2})});
        }) == "LSTM: lstm: the state of one sequence [5,3] needs 2 dimensions, has [1,1,2]");
  CHECK(message_of<ValueError>([&] {
          lstm(zeros({5, 4, 3}), {zeros({1, 4, 2})});
        }) == "LSTM: lstm: h and c go together, c is undefined");
  CHECK(message_of<DtypeError>([&] { lstm(zeros({5, 4, 3}, {f64})); }) == "LSTM: lstm: weight_ih is f32, x is f64");
  CHECK(message_of<ValueError>([&] { lstm(PackedSequence()); }) == "LSTM: lstm: the packed sequence is empty");
  CHECK(message_of<ValueError>([&] { lstm.parameter("weight_ih_l1"); }) ==
        "LSTM: there is no parameter \"weight_ih_l1\", there are: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0");
  Sequential net{LSTM(3, 2)};
  CHECK(message_of<ValueError>([&] {
          net(zeros({5, 4, 3}));
        }).find("has no forward of one tensor") != std::string::npos);
}
