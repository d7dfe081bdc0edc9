#include <doctest/doctest.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/node.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;
using Doubles = std::vector<double>;

namespace {
Tensor leaf(std::initializer_list<double> values) { return tensor(values, {.dtype = f64, .requires_grad = true}); }
}  // namespace

TEST_CASE("a leaf's hook is called once, with the total") {
  Tensor x = leaf({1, 2});
  std::vector<Doubles> seen;
  x.register_hook([&](const Tensor& g) { seen.push_back(g.to_vector()); });
  sum(x * x + x * 3).backward();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0] == Doubles{5, 7});
  sum(x).backward();  // sees the new part only, not what has gathered
  REQUIRE(seen.size() == 2);
  CHECK(seen[1] == Doubles{1, 1});
  CHECK(x.grad().to_vector() == Doubles{6, 8});
}

TEST_CASE("an intermediate tensor's hook sees its complete gradient and may replace it") {
  Tensor x = leaf({1, 2}), y = x * 2;
  Doubles seen;
  y.register_hook([&](const Tensor& g) {
    seen = g.to_vector();
    return g * 10;
  });
  sum(y * y + y).backward();
  CHECK(seen == Doubles{5, 9});
  CHECK(x.grad().to_vector() == Doubles{100, 180});
}

TEST_CASE("hooks run in the order they came in, each on what the one before made of it") {
  Tensor x = leaf({1});
  x.register_hook([](const Tensor& g) { return g + 1; });
  x.register_hook([](const Tensor& g) { return g * 10; });
  sum(x).backward();
  CHECK(x.grad().item() == 20);
}

TEST_CASE("a removed hook is not called") {
  Tensor x = leaf({1}), y = x * 2;
  int calls = 0;
  HookHandle on_leaf = x.register_hook([&](const Tensor&) { ++calls; });
  HookHandle on_node = y.register_hook([&](const Tensor&) { ++calls; });
  y.backward({}, {.retain_graph = true});
  CHECK(calls == 2);
  on_leaf.remove();
  on_node.remove();
  y.backward();
  CHECK(calls == 2);
  HookHandle().remove();
}

TEST_CASE("hooks of an output among several") {
  Tensor x = leaf({1, 2, 3});
  std::vector<Tensor> parts = unbind(x);
  int calls = 0;
  parts[0].register_hook([&](const Tensor&) { ++calls; });  // no gradient arrives there
  parts[2].register_hook([&](const Tensor& g) {
    ++calls;
    return g * 7;
  });
  (parts[1] + parts[2]).backward();
  CHECK(calls == 1);
  CHECK(x.grad().to_vector() == Doubles{0, 1, 7});
}

TEST_CASE("retain_grad keeps an intermediate gradient") {
  int64_t before = live_nodes();
  {
    Tensor x = leaf({1, 2}), y = x * 3;
    CHECK_FALSE(y.grad().defined());
    y.retain_grad();
    y.retain_grad();  // twice is once
    x.retain_grad();  // leaves do so anyway
    Tensor z = sum(y * y);
    z.backward({}, {.retain_graph = true});
    CHECK(y.grad().to_vector() == Doubles{6, 12});
    z.backward();
    CHECK(y.grad().to_vector() == Doubles{12, 24});
    CHECK(x.grad().to_vector() == Doubles{36, 72});
  }
  CHECK(live_nodes() == before);
}

TEST_CASE("a retained gradient does not change with what is added to it afterwards") {
  Tensor x = leaf({1, 2}), y = x + 0;
  y.retain_grad();
  (sum(y * 2) + sum(x * 5)).backward();
  CHECK(y.grad().to_vector() == Doubles{2, 2});
  CHECK(x.grad().to_vector() == Doubles{7, 7});
  sum(x).backward();
  CHECK(y.grad().to_vector() == Doubles{2, 2});
}

TEST_CASE("grad() runs the hooks on its way, and on what it returns") {
  Tensor x = leaf({1}), y = x * 2;
  y.register_hook([](const Tensor& g) { return g * 3; });
  x.register_hook([](const Tensor& g) { return g + 1; });
  CHECK(grad({y}, {x}, {}, {.retain_graph = true})[0].item() == 7);
  CHECK(grad({y}, {y})[0].item() == 3);
}

TEST_CASE("a hook may register another") {
  Tensor x = leaf({1}), y = x * 2;
  int calls = 0;
  auto more = [&](const Tensor&) {
    for (int i = 0; i < 10; ++i) y.register_hook([&](const Tensor&) { ++calls; });
  };
  y.register_hook(more);
  y.backward();
  CHECK(calls == 10);
  y = {};
}

TEST_CASE("a hook that throws leaves all gradients as they were") {
  Tensor x = leaf({1}), y = leaf({2});
  x.register_hook([](const Tensor&) { throw ValueError("no"); });
  for (bool x_first : {true, false}) {
    Tensor z = x_first ? x * 2 + y * 3 : y * 3 + x * 2;
    CHECK_THROWS_WITH_AS(z.backward(), "no", ValueError);
    CHECK_FALSE(x.grad().defined());
    CHECK_FALSE(y.grad().defined());
  }
}

TEST_CASE("what a hook returns must fit") {
  Tensor x = leaf({1, 2});
  HookHandle handle = x.register_hook([](const Tensor&) { return zeros({3}, {f64}); });
  CHECK_THROWS_WITH_AS(sum(x).backward(), "hook: returned [3] for a gradient of shape [2]", ShapeError);
  handle.remove();
  x.register_hook([](const Tensor&) { return zeros({2}, {f32}); });
  CHECK_THROWS_WITH_AS(sum(x).backward(), "hook: returned f32 for a gradient of f64", DtypeError);
}

TEST_CASE("hooks need a gradient to be called with") {
  CHECK_THROWS_WITH_AS(zeros({2}).register_hook([](const Tensor&) {}),
                       "register_hook: this tensor, f32 [2], requires no gradient", ValueError);
  CHECK_THROWS_WITH_AS(zeros({2}).retain_grad(), "retain_grad: this tensor, f32 [2], requires no gradient", ValueError);
}

TEST_CASE("gradients with a graph pass through hooks") {
  Tensor x = leaf({3}), y = x * x;
  HookHandle hook = y.register_hook([](const Tensor& g) { return g * g; });
  Tensor g = grad({y * y}, {x}, {}, {.create_graph = true})[0];  // (2 y)^2 2 x = 8 x^5
  CHECK(g.item() == 8 * 243);
  hook.remove();  // it would see the second walk too
  CHECK(grad({g}, {x})[0].item() == 40 * 81);
}
