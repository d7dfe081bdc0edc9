#include <korrel/framework/autograd/grad_mode.h>

#include <doctest/doctest.h>

#include <thread>

#include <korrel/framework/autograd/node.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;

TEST_CASE("guards switch recording off and on again") {
  Tensor x = ones({2}, {.requires_grad = true});
  CHECK(grad_enabled());
  {
    NoGradGuard off;
    CHECK_FALSE(grad_enabled());
    CHECK_FALSE((x * 2).requires_grad());
    {
      EnableGradGuard on;
      CHECK((x * 2).requires_grad());
    }
    CHECK_FALSE(grad_enabled());
  }
  CHECK(grad_enabled());
  CHECK((x * 2).requires_grad());
}

TEST_CASE("no_grad returns what its function returns, and restores after an exception") {
  Tensor x = ones({2}, {.requires_grad = true});
  CHECK_FALSE(no_grad([&] { return x * 2; }).requires_grad());
  CHECK_THROWS_AS(no_grad([]() -> int { throw 1; }), int);
  CHECK(grad_enabled());
  int count = 0;
  no_grad([&] { ++count; });
  CHECK(count == 1);
}

TEST_CASE("the mode is the thread's own") {
  NoGradGuard off;
  bool there = false;
  std::thread([&] { there = grad_enabled(); }).join();
  CHECK(there);
}

TEST_CASE("nothing is recorded without need") {
  int64_t before = live_nodes();
  Tensor constant = ones({2}) * 2, leaf = ones({2}, {.requires_grad = true});
  CHECK(constant.is_leaf());
  Tensor integers = no_grad([&] { return leaf * 3; });
  CHECK(live_nodes() == before);
  Tensor y = leaf * 3;
  CHECK(live_nodes() == before + 1);
  CHECK_FALSE((leaf < y).requires_grad());  // comparisons carry no gradient
}
