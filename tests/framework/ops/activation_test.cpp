// Activations at their kinks, tails and wrong arguments; PyTorch's numbers are in golden/elementwise_test.cpp,
// gradients in the sample rows.
#include <korrel/framework/ops/activation.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/node.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;

namespace {

using Values = std::vector<double>;

template <class F>
Values slope_at(F f, std::initializer_list<double> at) {
  Tensor x = tensor(at, {.dtype = f64, .requires_grad = true});
  Tensor y = f(x);
  y.backward(ones_like(y));
  return x.grad().to_vector();
}

template <class F>
std::string message(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("slopes at the kinks") {
  CHECK(slope_at(relu, {-1, 0, 1}) == Values{0, 0, 1});
  CHECK(slope_at(relu6, {0, 3, 6}) == Values{0, 1, 0});
  CHECK(slope_at([](const Tensor& x) { return hardtanh(x); }, {-1, 0, 1}) == Values{0, 1, 0});
  CHECK(slope_at([](const Tensor& x) { return leaky_relu(x, {.negative_slope = 0.25}); }, {-1, 0, 1}) ==
        Values{0.25, 0.25, 1});
  CHECK(slope_at([](const Tensor& x) { return threshold(x, 0, 5); }, {-1, 0, 1}) == Values{0, 0, 1});
  CHECK(slope_at([](const Tensor& x) { return softshrink(x); }, {-1, -0.5, 0.5, 1}) == Values{1, 0, 0, 1});
}

TEST_CASE("far out nothing overflows") {
  double inf = std::numeric_limits<double>::infinity();
  for (DType dtype : {f32, f64}) {
    Tensor x = tensor({-1e30, -1000, 1000, 1e30}, {.dtype = dtype, .requires_grad = true});
    for (auto f : {+[](const Tensor& t) { return silu(t); }, +[](const Tensor& t) { return mish(t); },
                   +[](const Tensor& t) { return gelu(t); }, +[](const Tensor& t) { return softplus(t); },
                   +[](const Tensor& t) { return logsigmoid(t); }, +[](const Tensor& t) { return elu(t); },
                   +[](const Tensor& t) { return softsign(t); }, +[](const Tensor& t) { return hardswish(t); }}) {
      Tensor y = f(x);
      for (double v : y.to_vector()) CHECK(std::isfinite(v));
      for (const Tensor& g : grad({y}, {x}, {ones_like(y)}))
        for (double v : g.to_vector()) CHECK(std::isfinite(v));
    }
  }
  CHECK(softplus(tensor({-inf, inf})).to_vector() == Values{0, inf});
  CHECK(relu(tensor({-inf, inf})).to_vector() == Values{0, inf});
  CHECK(std::isnan(relu(tensor({std::nan("")})).item()));
}

TEST_CASE("a backward through an activation records nothing unless asked") {
  Tensor x = tensor({-1, 2}, {.requires_grad = true});
  for (auto f : {+[](const Tensor& t) { return relu(t); }, +[](const Tensor& t) { return tanh(t); },
                 +[](const Tensor& t) { return gelu(t); }}) {
    Tensor y = f(x);
    CHECK_FALSE(grad({y}, {x}, {ones_like(y)}, {.retain_graph = true})[0].requires_grad());
    CHECK(grad({y}, {x}, {ones_like(y)}, {.create_graph = true})[0].requires_grad());
  }
}

TEST_CASE("a gradient is written over only where nobody else sees it") {
  const Values ones(4, 1), slope = {0, 0, 1, 1};
  const auto start = [] { return tensor({-2, -1, 1, 2}, {.dtype = f64, .requires_grad = true}); };
  {
    Tensor x = start(), seed = tensor({1, 1, 1, 1}, {.dtype = f64});  // the caller's
    relu(x).backward(seed);
    CHECK(seed.to_vector() == ones);
    CHECK(x.grad().to_vector() == slope);
  }
  {
    Tensor x = start(), y = relu(x * 1), seen;  // a hook's
    y.register_hook([&](const Tensor& gradient) { seen = gradient; });
    sum(y * 1).backward();
    CHECK(seen.to_vector() == ones);
    CHECK(x.grad().to_vector() == slope);
  }
  {
    Tensor x = start(), y = relu(x * 1);  // retained
    y.retain_grad();
    sum(y * 1).backward();
    CHECK(y.grad().to_vector() == ones);
    CHECK(x.grad().to_vector() == slope);
  }
  {
    Tensor a = start(), b = start();  // one gradient for two activations, one after the other
    sum((relu(a * 1) + relu(b * -1)) * 3).backward();
    CHECK(a.grad().to_vector() == Values{0, 0, 3, 3});
    CHECK(b.grad().to_vector() == Values{-3, -3, 0, 0});
  }
  {
    Tensor x = start(), y = relu(x * 1) * 2;  // a graph walked twice
    sum(y).backward({}, {.retain_graph = true});
    sum(y).backward();
    CHECK(x.grad().to_vector() == Values{0, 0, 4, 4});
  }
  {
    Tensor x = start(), y = relu(x * 1), z = sum(y * y);  // asked for beside x's
    std::vector<Tensor> found = grad({z}, {y, x});
    CHECK(found[0].to_vector() == Values{0, 0, 2, 4});
    CHECK(found[1].to_vector() == Values{0, 0, 2, 4});
  }
}

TEST_CASE("a temporary's elements are written over, and only those") {
  const Values x_values{-1, 2, -3}, clipped{0, 2, 0};
  auto make = [&](bool requires_grad = false) {
    return tensor({-1, 2, -3}, {.dtype = f64, .requires_grad = requires_grad});
  };
  Tensor x = make();
  const void* place = x.raw_data();
  Tensor y = relu(std::move(x));
  CHECK(y.raw_data() == place);
  CHECK(y.to_vector() == clipped);

  Tensor named = make(), copy = named, detached = named.detach();
  relu(named);
  relu(std::move(copy));
  CHECK(named.to_vector() == x_values);  // held by copy and detached, then by detached's view of the bytes
  relu(std::move(named));
  CHECK(detached.to_vector() == x_values);

  Tensor matrix = tensor({{-1, 2}, {-3, 4}}, {.dtype = f64});
  relu(matrix.select(0, 1));
  relu(matrix.t());
  CHECK(matrix.to_vector() == Values{-1, 2, -3, 4});
  CHECK(relu(make().expand({2, 3})).to_vector() == Values{0, 2, 0, 0, 2, 0});

  // An op that keeps its result keeps it whole, and the gradient does not depend on who holds what.
  Tensor leaf = make(true);
  Tensor kept = exp(leaf);
  Tensor g_kept = grad({sum(tanh(kept))}, {leaf})[0], g_temporary = grad({sum(tanh(exp(leaf)))}, {leaf})[0];
  CHECK(g_kept.to_vector() == g_temporary.to_vector());
  CHECK(grad({sum(sigmoid(leaf * 2))}, {leaf})[0].to_vector() ==
        grad({sum(sigmoid(Tensor(leaf * 2).clone()))}, {leaf})[0].to_vector());
  CHECK(leaf.to_vector() == x_values);
}

TEST_CASE("what does not fit is told") {
  Tensor ints = tensor({1, 2}, {.dtype = i64});
  CHECK(message([&] { relu(ints); }) == "relu: expects a floating tensor, x is i64");
  CHECK(message([] {
          prelu(zeros({2, 3}), zeros({4}));
        }) == "prelu: weight has 4 elements, expects 1 or one per channel of x [2,3]");
  CHECK(message([] {
          prelu(zeros({2, 3}), zeros({1}, {.dtype = f64}));
        }) == "prelu: x is f32, weight f64; expects one floating type");
  CHECK(message([] { glu(zeros({2, 3})); }) == "glu: dimension -1 of x [2,3] cannot be halved");
  CHECK(message([] { softplus(zeros({2}), {.beta = 0}); }) == "softplus: beta is 0, must be positive");
  CHECK(message([] { hardtanh(zeros({2}), {.min_val = 1, .max_val = 0}); }) ==
        "hardtanh: min_val 1 is above max_val 0");
}
