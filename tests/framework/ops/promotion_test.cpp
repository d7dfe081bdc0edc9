#include <korrel/framework/ops/promotion.h>

#include <algorithm>

#include <doctest/doctest.h>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;

TEST_CASE("two tensors of the same kind: the larger type, for every pair") {
  const DType order[] = {boolean, u8, i64, f32, f64};
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j) {
      DType larger = order[std::max(i, j)];
      CHECK(promote_types(order[i], order[j]) == larger);
      CHECK(result_type("add", zeros({2}, {order[i]}), zeros({2}, {order[j]})) == larger);
      CHECK(result_type("add", zeros({}, {order[i]}), zeros({}, {order[j]})) == larger);
    }
}

TEST_CASE("a tensor without dimensions raises the category only") {
  auto with = [](DType sized, DType scalar_type) {
    return result_type("add", zeros({2}, {sized}), zeros({}, {scalar_type}));
  };
  CHECK(with(f32, f64) == f32);
  CHECK(with(u8, i64) == u8);
  CHECK(with(i64, f64) == f64);
  CHECK(with(i64, f32) == f32);
  CHECK(with(boolean, u8) == u8);
  CHECK(with(f32, i64) == f32);
  CHECK(result_type("add", zeros({}, {f64}), zeros({2}, {f32})) == f32);
}

TEST_CASE("a number raises the category only, and floats are f32") {
  CHECK(result_type("add", zeros({}, {u8}), 3) == u8);
  CHECK(result_type("add", zeros({2}, {i64}), 3) == i64);
  CHECK(result_type("add", zeros({2}, {i64}), 3.0) == f32);
  CHECK(result_type("add", zeros({2}, {boolean}), 3) == i64);
  CHECK(result_type("add", zeros({2}, {boolean}), true) == boolean);
  CHECK(result_type("add", 2.5, zeros({2}, {f64})) == f64);
}

TEST_CASE("what ops do with it") {
  Tensor i = tensor({1, 2}, {.dtype = i64}), f = tensor({0.5, 0.5}), d = tensor({0.5, 0.5}, {.dtype = f64});
  CHECK((i + f).dtype() == f32);
  CHECK((i + d).dtype() == f64);
  CHECK((f * d).dtype() == f64);
  CHECK((i * 2).dtype() == i64);
  CHECK((i * 2.0).dtype() == f32);
  CHECK((i / 2).dtype() == f32);
  CHECK(exp(i).dtype() == f32);
  CHECK((i < f).dtype() == boolean);
  CHECK((f + scalar(1, f64)).dtype() == f32);
  CHECK(where(i > 1, f, d).dtype() == f64);
}

TEST_CASE("each operand's gradient has its own type") {
  Tensor f = tensor({2, 3}, {.requires_grad = true}), d = tensor({5, 7}, {.dtype = f64, .requires_grad = true});
  Tensor y = f * d;
  y.backward(ones_like(y));
  CHECK(f.grad().dtype() == f32);
  CHECK(d.grad().dtype() == f64);
  CHECK(f.grad().to_vector() == std::vector<double>{5, 7});
}
