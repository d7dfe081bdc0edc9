#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/tensor/create.h>
#include <korrel/optim/clip_grad.h>
#include <tests/message_of.h>

using namespace korrel;

TEST_CASE("two parameters that share the bytes of one gradient are each clipped once") {
  Tensor a = zeros({2}, {.requires_grad = true}), b = zeros({2}, {.requires_grad = true}),
         c = zeros({2}, {.requires_grad = true});
  Tensor gradient = tensor({3, 0});
  a.set_grad(gradient);
  b.set_grad(gradient);  // c has none
  CHECK(optim::clip_grad_norm_({a, b, c}, 1) == doctest::Approx(std::sqrt(18.0)));
  CHECK(a.grad().to_vector()[0] == doctest::Approx(1 / std::sqrt(2.0)).epsilon(1e-5));
  CHECK(b.grad().to_vector()[0] == doctest::Approx(1 / std::sqrt(2.0)).epsilon(1e-5));
  CHECK(gradient.to_vector()[0] == 3);
  optim::clip_grad_value_({a, b, c}, 0.1);
  CHECK(a.grad().to_vector()[0] == doctest::Approx(0.1));
  CHECK(!c.grad().defined());
}

TEST_CASE("norms of gradients whose squares f32 does not hold") {
  for (double size : {1e25, 1e-25, 1.0}) {
    Tensor a = zeros({1000}, {.requires_grad = true});
    a.set_grad(full({1000}, size));
    CHECK(optim::clip_grad_norm_({a}, size / 2) == doctest::Approx(size * std::sqrt(1000.0)));
  }
}

TEST_CASE("what clipping refuses, and NaN is not hidden") {
  Tensor a = zeros({2}, {.requires_grad = true});
  a.set_grad(tensor({NAN, 1}));
  CHECK(message_of<ValueError>([&] { optim::clip_grad_norm_({a}, -1); }) ==
        "clip_grad_norm_: max_norm must not be negative, got -1");
  CHECK(message_of<ValueError>([&] { optim::clip_grad_norm_({a}, 1, {.norm_type = 0}); }) ==
        "clip_grad_norm_: norm_type must be positive, got 0");
  CHECK(message_of<ValueError>([&] { optim::clip_grad_value_({a}, -1); }) ==
        "clip_grad_value_: clip_value must not be negative, got -1");
  CHECK(message_of<ValueError>([&] { optim::clip_grad_norm_({a}, 1, {.error_if_nonfinite = true}); }) ==
        "clip_grad_norm_: the norm of the gradients is nan");
  CHECK(a.grad().to_vector()[1] == 1);
  CHECK(std::isnan(optim::clip_grad_norm_({a}, 1)));
  CHECK(std::isnan(optim::clip_grad_norm_({a}, 1, {.norm_type = INFINITY})));
  optim::clip_grad_value_({a}, 0.5);
  CHECK(std::isnan(a.grad().to_vector()[0]));
}
