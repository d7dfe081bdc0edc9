#include <korrel/framework/autograd/backward.h>

#include <doctest/doctest.h>

#include <thread>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;
using Doubles = std::vector<double>;

namespace {

Tensor leaf(std::initializer_list<double> values, DType dtype = f64) {
  return tensor(values, {.dtype = dtype, .requires_grad = true});
}
Tensor leaf(double value) { return scalar(value, f64).requires_grad_(); }

}  // namespace

TEST_CASE("gradients of a few operations, by hand") {
  Tensor x = leaf({1, 2, 3}), y = leaf({4, 5, 6});
  sum(x * y + x * x).backward();
  CHECK(x.grad().to_vector() == Doubles{6, 9, 12});  // y + 2x
  CHECK(y.grad().to_vector() == Doubles{1, 2, 3});
  CHECK(x.grad().dtype() == f64);
  CHECK_FALSE(x.grad().requires_grad());
}

TEST_CASE("gradients add up over calls until they are forgotten") {
  Tensor x = leaf({1, 2});
  sum(x * 3).backward();
  sum(x * x).backward();
  CHECK(x.grad().to_vector() == Doubles{5, 7});
  x.zero_grad();
  sum(x).backward();
  CHECK(x.grad().to_vector() == Doubles{1, 1});
}

TEST_CASE("an upstream gradient weighs the outputs") {
  Tensor x = leaf({1, 2});
  (x * x).backward(tensor({1, 10}, {f64}));
  CHECK(x.grad().to_vector() == Doubles{2, 40});
}

TEST_CASE("a value that is used often is visited once") {
  Tensor x = leaf(1), y = x;
  for (int i = 0; i < 40; ++i) y = y + y;  // 2^40 paths through 40 nodes
  y.backward();
  CHECK(x.grad().item() == 0x1p40);
}

TEST_CASE("diamonds: each node waits for all of its consumers") {
  Tensor x = leaf(2), a = x * x, b = a * 3, c = a * a, d = b * c + a;  // 3 x^6 + x^2
  d.backward();
  CHECK(x.grad().item() == 18 * 32 + 4);
}

TEST_CASE("a chain of a million nodes, walked and destroyed") {
  int64_t before = live_nodes();
  Tensor x = leaf(3);
  {
    Tensor y = x;
    for (int i = 0; i < 500'000; ++i) y = y.unsqueeze(0).squeeze(0);
    CHECK(live_nodes() == before + 1'000'000);
    y.backward();
    CHECK(x.grad().item() == 1);
  }
  CHECK(live_nodes() == before);
}

TEST_CASE("a million nodes are destroyed without a walk too") {
  int64_t before = live_nodes();
  {
    Tensor x = leaf(3), y = x;
    for (int i = 0; i < 500'000; ++i) y = y.unsqueeze(-1).squeeze(0);
  }
  CHECK(live_nodes() == before);
}

TEST_CASE("broadcasting is undone") {
  Tensor x = leaf({1, 2, 3}), s = leaf(2), column = tensor({1, 2}, {f64}).reshape({2, 1}).requires_grad_();
  sum((column + x) * s).backward();
  CHECK(x.grad().to_vector() == Doubles{4, 4, 4});
  CHECK(column.grad().to_vector() == Doubles{6, 6});
  CHECK(column.grad().shape() == Shape{2, 1});
  CHECK(s.grad().item() == 21);
  CHECK(s.grad().shape() == Shape{});
}

TEST_CASE("gradients come back in the dtype of their input") {
  Tensor x = leaf({1, 2}, f32), y = leaf({3, 4}, f64);
  sum(x * y).backward();
  CHECK(x.grad().dtype() == f32);
  CHECK(y.grad().dtype() == f64);
  CHECK(x.grad().to_vector() == Doubles{3, 4});
}

TEST_CASE("grad() of leaves and of intermediate tensors, which leaves no trace") {
  Tensor x = leaf(3), y = x * x, z = y * 2, w = leaf(1);
  std::vector<Tensor> g = grad({z * w}, {x, y, z, w}, {}, {.retain_graph = true});
  CHECK(g[0].item() == 12);
  CHECK(g[1].item() == 2);
  CHECK(g[2].item() == 1);
  CHECK(g[3].item() == 18);
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(w.grad().defined());
  CHECK(grad({z}, {z}, {}, {.retain_graph = true})[0].item() == 1);  // of itself
  g = grad({z, y}, {x, x}, {scalar(1, f64), scalar(10, f64)});
  CHECK(g[0].item() == 72);
  CHECK(g[1].item() == 72);
}

TEST_CASE("grad() runs no node that does not lead to its inputs") {
  Tensor x = leaf(3), other = leaf(2);
  bool ran = false;
  Tensor side = record("side", scalar(1, f64), {other}, [&ran](const Backward& b) -> Gradients {
    ran = true;
    return {b.grad};
  });
  CHECK(grad({x * side}, {x})[0].item() == 1);
  CHECK_FALSE(ran);
}

TEST_CASE("an op is told which inputs need a gradient") {
  std::vector<bool> needs;
  auto op = [&needs](const Tensor& a, const Tensor& b) {
    return record("op", scalar(1, f64), {a, b}, [&needs](const Backward& bw) -> Gradients {
      needs = {bw.needs(0), bw.needs(1)};
      return {bw.grad, bw.grad};
    });
  };
  Tensor x = leaf(1), y = leaf(1), constant = scalar(1, f64);
  op(x, constant).backward();
  CHECK(needs == std::vector<bool>{true, false});
  grad({op(x, y)}, {y});
  CHECK(needs == std::vector<bool>{false, true});
}

TEST_CASE("inputs that the outputs do not depend on") {
  Tensor x = leaf(3), y = leaf({1, 2});
  CHECK_THROWS_WITH_AS(
      grad({x * x}, {x, y}),
      "grad: the outputs do not depend on input 1 (shape [2]); pass {.allow_unused = true} if that is meant",
      ValueError);
  std::vector<Tensor> g = grad({x * x}, {x, y}, {}, {.allow_unused = true});
  CHECK(g[0].item() == 6);
  CHECK_FALSE(g[1].defined());
  CHECK_THROWS_WITH_AS(grad({x * x}, {scalar(1)}), "grad: input 0 requires no gradient", ValueError);
}

TEST_CASE("a graph is freed by backward unless it is retained") {
  Tensor x = leaf(3), y = x * x;
  y.backward({}, {.retain_graph = true});
  y.backward();
  CHECK(x.grad().item() == 12);
  CHECK_THROWS_WITH_AS(y.backward(),
                       "backward: the graph of mul was freed by an earlier backward; pass {.retain_graph = true} to it",
                       ValueError);
  CHECK(x.grad().item() == 12);
}

TEST_CASE("what is captured is freed with the graph") {
  int64_t before = live_nodes();
  Tensor x = leaf({1, 2}), y = x * x;
  {
    Tensor z = y * y;
    sum(z).backward();
  }
  CHECK(live_nodes() == before + 1);  // y's own
  y = {};
  CHECK(live_nodes() == before);
}

TEST_CASE("higher orders") {
  Tensor x = leaf(2);
  Tensor y = x * x * x * x;
  Tensor d1 = grad({y}, {x}, {}, {.create_graph = true})[0];
  Tensor d2 = grad({d1}, {x}, {}, {.create_graph = true})[0];
  Tensor d3 = grad({d2}, {x}, {}, {.create_graph = true})[0];
  Tensor d4 = grad({d3}, {x})[0];
  CHECK(d1.item() == 32);
  CHECK(d2.item() == 48);
  CHECK(d3.item() == 48);
  CHECK(d4.item() == 24);
}

TEST_CASE("backward with create_graph leaves gradients that have gradients") {
  int64_t before = live_nodes();
  {
    Tensor x = leaf({1, 2});
    sum(x * x * x).backward({}, {.create_graph = true});
    CHECK(x.grad().requires_grad());
    Tensor first = x.grad();
    x.zero_grad();
    sum(first * first).backward();  // 9 x^4 -> 36 x^3
    CHECK(x.grad().to_vector() == Doubles{36, 288});
  }
  CHECK(live_nodes() == before);
}

TEST_CASE("gradients of leaves share their bytes with nothing") {
  Tensor x = leaf({1, 2}), y = leaf({3, 4});
  Tensor upstream = tensor({1, 1}, {f64});
  for (bool create_graph : {false, true}) {
    x.zero_grad();
    y.zero_grad();
    (x + y).backward(upstream, {.create_graph = create_graph});
    CHECK(x.grad().raw_data() != y.grad().raw_data());
    CHECK(x.grad().raw_data() != upstream.raw_data());
    sum(x * 5).backward();
    CHECK(x.grad().to_vector() == Doubles{6, 6});
    CHECK(y.grad().to_vector() == Doubles{1, 1});
    CHECK(upstream.to_vector() == Doubles{1, 1});
  }
}

TEST_CASE("gradients are added to what a user has set, whatever its layout") {
  Tensor x = leaf({1, 2, 3});
  Tensor set = expand(scalar(1, f64), {3});
  x.set_grad(set);
  sum(x * x).backward();
  CHECK(x.grad().to_vector() == Doubles{3, 5, 7});
  CHECK(set.to_vector() == Doubles{1, 1, 1});
  Tensor matrix = ones({2, 3}, {.dtype = f64, .requires_grad = true});
  matrix.set_grad(zeros({3, 2}, {f64}).t());
  sum(matrix * arange(0, 6, 1, {f64}).reshape({2, 3})).backward();
  CHECK(matrix.grad().to_vector() == Doubles{0, 1, 2, 3, 4, 5});
  // Two leaves with one gradient between them.
  Tensor a = leaf({0}), b = leaf({0}), shared = tensor({1}, {f64});
  a.set_grad(shared);
  b.set_grad(shared.reshape({1}));
  (a * 2 + b * 3).backward();
  CHECK(a.grad().item() == 3);
  CHECK(b.grad().item() == 4);
}

TEST_CASE("an exception in a closure leaves all gradients as they were") {
  int64_t before = live_nodes();
  Tensor x = leaf({1, 2}), y = leaf({1, 2});
  sum(y * 3).backward();
  {
    Tensor broken =
        record("broken", x.detach().clone(), {x}, [](const Backward&) -> Gradients { throw ValueError("no"); });
    Tensor z = sum(y * 5) + sum(broken);
    CHECK_THROWS_WITH_AS(z.backward(), "no", ValueError);
    CHECK(y.grad().to_vector() == Doubles{3, 3});
    CHECK_FALSE(x.grad().defined());
    CHECK(grad_enabled());
  }
  CHECK(live_nodes() == before);
  sum(y).backward();  // the engine is none the worse
  CHECK(y.grad().to_vector() == Doubles{4, 4});
}

TEST_CASE("a closure that returns too few gradients or a wrong shape is told so") {
  Tensor x = leaf({1, 2}), y = leaf({1, 2});
  auto bad = [&](Gradients result) {
    return record("bad", zeros({2}, {f64}), {x, y}, [result](const Backward&) -> Gradients { return result; });
  };
  Tensor g = ones({2}, {f64});
  CHECK_THROWS_WITH_AS(bad({g}).backward(g), "bad: its gradient closure returned 1 gradients for 2 inputs", Error);
  CHECK_THROWS_AS(bad({ones({3}, {f64}), g}).backward(g), ShapeError);
  bad({Tensor(), g}).backward(g);  // undefined stands for zero
  CHECK_FALSE(x.grad().defined());
  CHECK(y.grad().to_vector() == Doubles{1, 1});
}

TEST_CASE("ops with several outputs") {
  Tensor x = leaf({1, 2, 3, 4});
  std::vector<Tensor> parts = split(x, 1);
  (parts[1] * 5).backward();  // the others' gradients are zeros
  CHECK(x.grad().to_vector() == Doubles{0, 5, 0, 0});
  x.zero_grad();
  parts = split(x, 2);
  sum(parts[0] * parts[1] + parts[0]).backward();
  CHECK(x.grad().to_vector() == Doubles{4, 5, 1, 2});
  parts = split(x, 2);
  CHECK(grad({sum(parts[0] * 2), sum(parts[1])}, {parts[1], x}, {}, {.retain_graph = true})[0].to_vector() ==
        Doubles{1, 1});
}

TEST_CASE("wrong use") {
  Tensor x = leaf({1, 2});
  CHECK_THROWS_WITH_AS((x * 2).backward(), "backward: an output of shape [2] needs an upstream gradient", ShapeError);
  CHECK_THROWS_WITH_AS(ones({1}).backward(),
                       "backward: the output, f32 [1], requires no gradient (no input of it does)", ValueError);
  CHECK_THROWS_WITH_AS((x * 2).backward(ones({3}, {f64})), "backward: the upstream gradient is [3], the output [2]",
                       ShapeError);
  CHECK_THROWS_WITH_AS((x * 2).backward(ones({2}, {f32})), "backward: the upstream gradient is f32, the output f64",
                       DtypeError);
  CHECK_THROWS_WITH_AS(backward({x * 2}, {Tensor(), Tensor()}), "backward: 2 upstream gradients for 1 outputs",
                       ValueError);
}

TEST_CASE("a leaf is its own output") {
  Tensor x = leaf(3);
  x.backward();
  x.backward();
  CHECK(x.grad().item() == 2);
  CHECK(grad({x}, {x})[0].item() == 1);
}

TEST_CASE("threads walk graphs of their own over shared values") {
  Tensor shared = randn({50}, {f64});
  Doubles expected = (shared * shared * 3).to_vector();
  std::vector<Doubles> results(4);
  int64_t before = live_nodes();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < results.size(); ++t)
    threads.emplace_back([&, t] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        Tensor x = shared.detach().requires_grad_();
        sum(x * x * x).backward();
        results[t] = x.grad().to_vector();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const Doubles& result : results)
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(result[i] == doctest::Approx(expected[i]).epsilon(1e-14));
  CHECK(live_nodes() == before);
}

namespace {
Tensor outlives_main;  // its graph is destroyed after this thread's own data
}
TEST_CASE("a graph may outlive main") {
  Tensor x = leaf({1, 2});
  outlives_main = x * x + x;
  CHECK(outlives_main.requires_grad());
}
