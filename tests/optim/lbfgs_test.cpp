// LBFGS step for step as torch.optim.LBFGS, its checkpoints, and what it refuses.
#include <korrel/optim/lbfgs.h>

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <memory>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <tests/message_of.h>
#include <tests/optim/lbfgs_numbers.h>

using namespace korrel;
using optim::LBFGS;
using optim::LBFGSOptions;
using optim::LineSearch;

namespace {

struct Problem {
  std::vector<Tensor> parameters;
  std::function<Tensor()> loss;
};

// As in lbfgs_numbers.py.
Problem rosenbrock() {
  Tensor x = from_vector(std::vector<double>{-1.2, 1}).requires_grad_(), y = from_vector(std::vector<double>{0.5});
  y.requires_grad_();
  return {{x, y}, [=] { return 100 * square(x[1] - square(x[0])) + square(1 - x[0]) + 3 * sum(square(y - x[0])); }};
}
Problem logistic() {
  std::vector<double> numbers, signs;
  for (int i = 0; i < 12; ++i) {
    for (int j = 0; j < 4; ++j) numbers.push_back(std::sin(3.0 * i + j));
    signs.push_back(i % 3 ? 1 : -1);
  }
  Tensor data = from_vector(numbers, {12, 4}), sign = from_vector(signs);
  Tensor w = zeros({4}, {.dtype = f64}).requires_grad_(), b = zeros({1}, {.dtype = f64}).requires_grad_();
  return {{w, b}, [=] { return mean(log(1 + exp(-sign * (matmul(data, w) + b)))) + 0.01 * sum(w * w); }};
}

std::function<Tensor()> closure_of(LBFGS& lbfgs, const Problem& problem) {
  return [&] {
    lbfgs.zero_grad();
    Tensor loss = problem.loss();
    loss.backward();
    return loss;
  };
}

struct Run {
  Problem (*problem)();
  LBFGSOptions options;
};
const std::vector<Run> runs = {
    {rosenbrock, {.line_search_fn = LineSearch::strong_wolfe}},
    {rosenbrock, {.max_iter = 3, .history_size = 2, .line_search_fn = LineSearch::strong_wolfe}},
    {rosenbrock, {.lr = 0.5, .max_eval = 4, .line_search_fn = LineSearch::strong_wolfe}},
    {rosenbrock, {.lr = 0.02, .max_iter = 5}},
    {logistic, {.line_search_fn = LineSearch::strong_wolfe}},
    {logistic, {.lr = 0.5, .max_iter = 4, .history_size = 3}},
    {logistic, {.max_iter = 10, .tolerance_grad = 1e-2}},
    {logistic, {.max_iter = 10, .tolerance_change = 1e-3}},
};

}  // namespace

TEST_CASE("step for step as PyTorch, also when the state goes through a checkpoint") {
  REQUIRE(runs.size() == lbfgs_numbers.size());
  for (bool saved : {false, true}) {
    for (std::size_t r = 0; r < runs.size(); ++r) {
      CAPTURE(r);
      Problem problem = runs[r].problem();
      auto lbfgs = std::make_unique<LBFGS>(problem.parameters, runs[r].options);
      for (const LbfgsRow& row : lbfgs_numbers[r]) {
        if (saved) {
          auto next = std::make_unique<LBFGS>(problem.parameters, runs[r].options);
          next->load_state_dict(lbfgs->state_dict());
          lbfgs = std::move(next);
        }
        Tensor loss = no_grad([&] { return lbfgs->step(closure_of(*lbfgs, problem)); });
        CHECK(loss.item() == doctest::Approx(row.loss).epsilon(1e-9));
        CHECK((saved || lbfgs->evaluations() == row.evaluations));
        std::size_t at = 0;
        for (const Tensor& parameter : problem.parameters)
          for (double value : parameter.to_vector())
            CHECK(value == doctest::Approx(row.parameters[at++]).epsilon(1e-7));
      }
    }
  }
}

TEST_CASE("a strong Wolfe search finds the bottom of the valley, in f32 too") {
  Tensor x = tensor({-1.2, 1}).requires_grad_();
  LBFGS lbfgs({x}, {.max_iter = 60, .line_search_fn = LineSearch::strong_wolfe});
  lbfgs.step([&] {
    lbfgs.zero_grad();
    Tensor loss = 100 * square(x[1] - square(x[0])) + square(1 - x[0]);
    loss.backward();
    return loss;
  });
  CHECK(x.to_vector()[0] == doctest::Approx(1).epsilon(1e-2));
  CHECK(x.to_vector()[1] == doctest::Approx(1).epsilon(1e-2));
}

TEST_CASE("a parameter without a gradient stays, and an optimum is left alone") {
  Tensor x = tensor({2}).requires_grad_(), unused = tensor({5}).requires_grad_();
  LBFGS lbfgs({x, unused}, {});
  auto closure = [&] {
    lbfgs.zero_grad();
    Tensor loss = sum(square(x));
    loss.backward();
    return loss;
  };
  lbfgs.step(closure);
  CHECK(std::abs(x.item()) < 1e-3);
  CHECK(unused.item() == 5);
  Tensor zero = tensor({0}).requires_grad_();
  LBFGS still({zero}, {});
  still.step([&] {
    still.zero_grad();
    Tensor loss = sum(square(zero));
    loss.backward();
    return loss;
  });
  CHECK(still.evaluations() == 1);
}

TEST_CASE("what LBFGS refuses") {
  Tensor x = tensor({1, 2}).requires_grad_(), other = zeros({2}, {.dtype = f64}).requires_grad_();
  CHECK(message_of<ValueError>([&] { LBFGS l({x}, {.lr = -1}); }).find("lr") != std::string::npos);
  CHECK(message_of<ValueError>([&] { LBFGS l({x}, {.max_iter = 0}); }) ==
        "LBFGS: max_iter, max_eval and history_size must be positive, got 0, 0 and 100");
  CHECK(message_of<ValueError>([&] { LBFGS l({}, {}); }) == "LBFGS: the list of parameters is empty");
  CHECK(message_of<DtypeError>([&] {
          LBFGS l({x, other}, {});
        }) == "LBFGS: all parameters need one dtype, there are f32 and f64");
  LBFGS lbfgs({x}, {});
  CHECK(message_of<ValueError>([&] { lbfgs.step([&] { return x * 2; }); }) ==
        "LBFGS: the closure must return a loss of one element, got f32 [2]");
  CHECK(message_of<ValueError>([&] { lbfgs.step([&] { return Tensor(); }); }) ==
        "LBFGS: the closure must return a loss of one element, got undefined");
  x.set_grad(ones({2}));
  CHECK(message_of<ValueError>([&] { static_cast<optim::Optimizer&>(lbfgs).step(); }) ==
        "LBFGS: step() needs a closure that computes the loss");
  optim::StateDict state = lbfgs.state_dict();
  state.emplace_back("state.0.what", scalar(1));
  CHECK(message_of<ValueError>([&] { lbfgs.load_state_dict(state); }) ==
        "LBFGS: the saved state does not fit: state.0.what is unknown");
  state.back() = {"state.0.d", zeros({3})};
  CHECK(message_of<ValueError>([&] { lbfgs.load_state_dict(state); }) ==
        "LBFGS: the saved state does not fit 1 parameters with 2 elements");
}
