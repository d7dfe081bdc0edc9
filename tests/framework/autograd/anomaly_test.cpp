#include <korrel/framework/autograd/anomaly.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/call_path.h>
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;

namespace {

struct Frame : CallFrame {
  explicit Frame(std::string name) : name(std::move(name)) {}
  std::string path() const override { return caller() ? caller()->path() + "." + name : name; }
  std::string name;
};

Tensor leaf(std::initializer_list<double> values) { return tensor(values, {.dtype = f64, .requires_grad = true}); }

// y = x, whose gradient is made by ops that make a NaN on the way, and in the end.
Tensor poison(const Tensor& x, bool in_the_end) {
  return record("poison", x.detach().clone(), {x}, [in_the_end](const Backward& b) -> Gradients {
    Tensor zero = b.grad * 0, nan = zero / zero;
    return {in_the_end ? nan : where(ne(nan, nan), b.grad, nan)};
  });
}

}  // namespace

TEST_CASE("the guard is the thread's and restores") {
  CHECK_FALSE(anomaly_enabled());
  {
    AnomalyGuard on;
    CHECK(anomaly_enabled());
    AnomalyGuard off(false);
    CHECK_FALSE(anomaly_enabled());
  }
  CHECK_FALSE(anomaly_enabled());
}

TEST_CASE("the first NaN of the forward pass names its op and module") {
  Tensor x = leaf({0, 1});
  CHECK(std::isnan((x / x).to_vector()[0]));  // nobody minds without the mode
  AnomalyGuard on;
  CHECK_THROWS_WITH_AS(x / x, "anomaly: div made a NaN", Error);
  Frame net("net"), inner("fc1");
  CHECK_THROWS_WITH_AS(x / x, "anomaly: div made a NaN in net.fc1", Error);
  CHECK_THROWS_WITH_AS(no_grad([&] { return x / x; }), "anomaly: div made a NaN in net.fc1", Error);
  CHECK((x + 1).numel() == 2);
  CHECK(std::isinf((1 / x).to_vector()[0]));  // infinity is not yet wrong
}

TEST_CASE("the first NaN of the backward pass names its op, input and the module of the forward pass") {
  Tensor x = leaf({1, 2}), y;
  AnomalyGuard on;
  {
    Frame net("net"), inner("bad");
    y = poison(x, true);
  }
  CHECK_THROWS_WITH_AS(sum(y).backward(), "anomaly: the gradient of poison made a NaN for its input 0 in net.bad",
                       Error);
  CHECK_FALSE(x.grad().defined());
  CHECK_THROWS_WITH_AS(sum(poison(x, true)).backward(), "anomaly: the gradient of poison made a NaN for its input 0",
                       Error);
}

TEST_CASE("a NaN that a closure makes and drops is no anomaly") {
  Tensor x = leaf({1, 2});
  AnomalyGuard on;
  sum(poison(x, false)).backward();
  CHECK(x.grad().to_vector() == std::vector<double>{1, 1});
}

TEST_CASE("nodes of a gradient's graph keep the module of the node they belong to") {
  Tensor x = leaf({3}), y;
  AnomalyGuard on;
  {
    Frame net("net");
    y = x * x;
  }
  Tensor g = grad({y}, {x}, {}, {.create_graph = true})[0];
  REQUIRE(g.body().node);
  CHECK(g.body().node->inputs[0].node->path == "net");
}

TEST_CASE("integers are not looked at") {
  AnomalyGuard on;
  CHECK((tensor({0}, {i64}) + tensor({1}, {i64})).item() == 1);
}
