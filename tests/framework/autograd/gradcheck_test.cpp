#include <korrel/framework/autograd/gradcheck.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;
using Tensors = std::vector<Tensor>;

namespace {

Tensor leaf(const Shape& shape, uint64_t seed = 1) {
  Generator generator(seed);
  return rand(shape, {.dtype = f64}, generator).requires_grad_();
}

// x^3 with a first and a second derivative that may be wrong by a factor.
Tensor cube(const Tensor& x, double first, double second) {
  Tensor y = no_grad([&] { return x * x * x; });
  return record("cube", y, {x}, [x, first, second](const Backward& b) -> Gradients {
    // 3 x^2 * first, as an op of its own, so that its gradient can be wrong alone.
    Tensor slope = no_grad([&] { return x * x * (3 * first); });
    slope = record("slope", slope, {x},
                   [x, first, second](const Backward& c) -> Gradients { return {c.grad * x * (6 * first * second)}; });
    return {b.grad * slope};
  });
}

}  // namespace

TEST_CASE("right gradients pass, of one and of several inputs and outputs") {
  CHECK(gradcheck([](const Tensors& x) { return x[0] * x[1] + x[0]; }, {leaf({2, 3}), leaf({3}, 2)}));
  CHECK(gradcheck([](const Tensors& x) { return Tensors{x[0] * x[0], sum(x[0])}; }, {leaf({4})}));
  CHECK(gradcheck([](const Tensors& x) { return x[0] * x[1]; }, {leaf({3}), rand({3}, {f64})}));  // a constant
  CHECK(gradgradcheck([](const Tensors& x) { return x[0] * x[0] / x[1]; }, {leaf({2, 3}), leaf({3}, 2)}));
  CHECK(gradcheck([](const Tensors& x) { return cube(x[0], 1, 1); }, {leaf({5})}));
  CHECK(gradgradcheck([](const Tensors& x) { return cube(x[0], 1, 1); }, {leaf({5})}));
}

TEST_CASE("a wrong gradient is found and named") {
  GradcheckResult result = gradcheck([](const Tensors& x) { return cube(x[0], 1.01, 1); }, {leaf({2, 2})});
  CHECK_FALSE(result);
  CHECK(result.message.find("input 0 ") == 0);
  CHECK(result.message.find("analytic") != std::string::npos);
  CHECK(result.message.find("numeric") != std::string::npos);
  CHECK_FALSE(gradcheck([](const Tensors& x) { return cube(x[0], 0, 1); }, {leaf({3})}));
  CHECK_FALSE(gradcheck([](const Tensors& x) { return cube(x[0], -1, 1); }, {leaf({3})}));
}

TEST_CASE("one wrong element among many is found") {
  auto f = [](const Tensors& x) {
    return record("op", x[0].detach() * 2, {x[0]}, [](const Backward& b) -> Gradients {
      Tensor g = (b.grad * 2).detach().clone();
      g.data<double>()[778] = 0;
      return {g};
    });
  };
  CHECK_FALSE(gradcheck(f, {leaf({1000})}));  // by the random direction, though only some elements are tried alone
}

TEST_CASE("an input's gradient that is missing or not a number is found") {
  auto forgets = [](const Tensors& x) {
    return record("op", x[0].detach() * x[1].detach(), {x[0], x[1]}, [x](const Backward& b) -> Gradients {
      return {b.grad * x[1], Tensor()};
    });
  };
  GradcheckResult result = gradcheck(forgets, {leaf({3}), leaf({3}, 2)});
  CHECK_FALSE(result);
  CHECK(result.message.find("input 1 ") == 0);
  auto nan = [](const Tensors& x) {
    return record("op", x[0].detach() * 1, {x[0]}, [](const Backward& b) -> Gradients { return {b.grad * NAN}; });
  };
  CHECK_FALSE(gradcheck(nan, {leaf({3})}));
  CHECK_FALSE(gradcheck([](const Tensors& x) { return x[0].detach() * 2; }, {leaf({3})}));  // cut off
}

TEST_CASE("an output that forgets its gradient is found beside one that has it") {
  auto f = [](const Tensors& x) { return Tensors{x[0] * 2, x[0].detach() * 3}; };
  CHECK_FALSE(gradcheck(f, {leaf({3})}));
}

TEST_CASE("a wrong second derivative passes gradcheck and fails gradgradcheck") {
  auto f = [](const Tensors& x) { return cube(x[0], 1, 1.05); };
  CHECK(gradcheck(f, {leaf({4})}));
  GradcheckResult result = gradgradcheck(f, {leaf({4})});
  CHECK_FALSE(result);
  CHECK(result.message.find("input 0 ") == 0);
}

TEST_CASE("a gradient without a graph of its own fails gradgradcheck") {
  auto f = [](const Tensors& x) {
    return record("op", no_grad([&] { return x[0] * x[0]; }), {x[0]},
                  [x = x[0]](const Backward& b) -> Gradients { return {b.grad * no_grad([&] { return x * 2; })}; });
  };
  CHECK(gradcheck(f, {leaf({4})}));
  CHECK_FALSE(gradgradcheck(f, {leaf({4})}));
}

TEST_CASE("inputs are left as they were") {
  Tensor x = leaf({3});
  std::vector<double> before = x.to_vector();
  gradcheck([](const Tensors& all) { return all[0] * all[0]; }, {x});
  gradgradcheck([](const Tensors& all) { return all[0] * all[0]; }, {x});
  CHECK(x.to_vector() == before);
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("wrong use") {
  auto f = [](const Tensors& x) { return x[0] * 2; };
  CHECK_THROWS_WITH_AS(gradcheck(f, {ones({2}, {.requires_grad = true})}),
                       "gradcheck: input 0 is f32; central differences need f64", DtypeError);
  CHECK_THROWS_WITH_AS(gradcheck(f, {ones({2}, {f64})}), "gradcheck: no input requires a gradient", ValueError);
}
