#include <doctest/doctest.h>

#include <memory>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/gradcheck.h>
#include <korrel/framework/autograd/node.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/linear.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

struct Times : nn::Module {  // y = factor x
  explicit Times(double factor = 3) : weight(full({1}, factor)) {}
  nn::Parameter weight;
  KORREL_MODULE(weight)
  Tensor forward(const Tensor& x) override { return x * weight; }
};

Tensor input() { return tensor({1, 2}, {.requires_grad = true}); }

}  // namespace

TEST_CASE("forward hooks see input and output, in order, and may replace the output") {
  Times times;
  std::vector<double> seen;
  auto first = times.register_forward_hook([&](nn::Module& module, const Tensor& x, const Tensor& y) {
    CHECK(&module == &times);
    seen.push_back(x.to_vector()[1]);
    seen.push_back(y.to_vector()[1]);
    return y + 1;
  });
  times.register_forward_hook([&](nn::Module&, const Tensor&, const Tensor& y) { seen.push_back(y.to_vector()[1]); });
  CHECK(times(input()).to_vector() == std::vector<double>{4, 7});
  CHECK(seen == std::vector<double>{2, 6, 7});
  first.remove();
  CHECK(times(input()).to_vector() == std::vector<double>{3, 6});
}

TEST_CASE("forward pre-hooks may replace the input") {
  Times times;
  times.register_forward_pre_hook([](nn::Module&, const Tensor& x) { return x * 10; });
  CHECK(times(input()).to_vector() == std::vector<double>{30, 60});
  Tensor x = input();
  sum(times(x)).backward();
  CHECK(x.grad().to_vector() == std::vector<double>{30, 30});
}

TEST_CASE("backward hooks get the gradients of input and output, and may replace that of the input") {
  Times times;
  Tensor x = input();
  int calls = 0;
  auto handle = times.register_backward_hook([&](nn::Module&, const Tensor& grad_x, const Tensor& grad_y) {
    ++calls;
    CHECK(grad_y.to_vector() == std::vector<double>{2, 2});
    CHECK(grad_x.to_vector() == std::vector<double>{6, 6});
    return grad_x * 100;
  });
  (sum(times(x)) * 2).backward();
  CHECK(calls == 1);
  CHECK(x.grad().to_vector() == std::vector<double>{600, 600});
  CHECK(times.weight.grad().item() == 6);  // the weight's own gradient is the true one
  handle.remove();
  (sum(times(x)) * 2).backward();
  CHECK(calls == 1);
}

TEST_CASE("a module whose input needs no gradient still has its backward hook called") {
  Times times;
  int calls = 0;
  times.register_backward_hook([&](nn::Module&, const Tensor& grad_x, const Tensor& grad_y) {
    ++calls;
    CHECK(!grad_x.defined());
    CHECK(grad_y.defined());
  });
  sum(times(tensor({1, 2}))).backward();
  CHECK(calls == 1);
  CHECK(times.weight.grad().item() == 3);
}

TEST_CASE("hooks leave gradients of every order as they were, and hold no graph") {
  int64_t before = live_nodes();
  {
    Times times;
    times.to(f64);
    times.register_backward_hook([](nn::Module&, const Tensor&, const Tensor&) {});
    Tensor x = tensor({0.5, 2}, {.dtype = f64, .requires_grad = true});
    auto cube = [&](const std::vector<Tensor>& inputs) { return times(inputs[0]) * inputs[0] * inputs[0]; };
    CHECK(gradcheck(cube, {x}));
    CHECK(gradgradcheck(cube, {x}));
  }
  CHECK(live_nodes() == before);
}

TEST_CASE("hooks move with a module, do not copy, and a module that died is not called") {
  Times times;
  int calls = 0;
  times.register_backward_hook([&](nn::Module&, const Tensor&, const Tensor&) { ++calls; });
  Times copy = times;
  Tensor x = input();
  sum(copy(x)).backward();
  CHECK(calls == 0);
  Tensor y = times(x);
  Times moved = std::move(times);
  sum(y).backward();
  CHECK(calls == 1);
  sum(moved(x)).backward();
  CHECK(calls == 2);
  {
    auto dying = std::make_unique<Times>(std::move(moved));
    y = (*dying)(x);
  }
  sum(y).backward();
  CHECK(calls == 2);
}

TEST_CASE("a backward hook that returns the wrong shape is told") {
  Times times;
  times.register_backward_hook([](nn::Module&, const Tensor&, const Tensor&) { return ones({3}); });
  Tensor x = input();
  Tensor y = sum(times(x));
  CHECK(message_of<ShapeError>([&] {
          y.backward();
        }).find("backward hook: it returned a gradient of shape [3] for an input of shape [2]") != std::string::npos);
}

TEST_CASE("hooks inside a network: gradients of an inner activation, as Grad-CAM needs them") {
  nn::Sequential net{nn::Linear(2, 3), nn::Linear(3, 1)};
  Tensor activation, gradient;
  net[0].register_forward_hook([&](nn::Module&, const Tensor&, const Tensor& y) { activation = y.detach(); });
  net[0].register_backward_hook([&](nn::Module&, const Tensor&, const Tensor& grad_y) { gradient = grad_y; });
  sum(net(ones({4, 2}))).backward();
  CHECK(activation.shape() == Shape{4, 3});
  CHECK(gradient.shape() == Shape{4, 3});
  CHECK(gradient.to_vector()[0] == net.parameters()[2].to_vector()[0]);
}
