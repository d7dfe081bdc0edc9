#include <korrel/framework/tensor/tensor.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;

TEST_CASE("what a tensor is") {
  Tensor x = zeros({2, 3}, {f64});
  CHECK(x.defined());
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.strides() == Strides{3, 1});
  CHECK(x.dim() == 2);
  CHECK(x.size(0) == 2);
  CHECK(x.size(-1) == 3);
  CHECK(x.numel() == 6);
  CHECK(x.dtype() == f64);
  CHECK(x.is_leaf());
  CHECK_THROWS_WITH_AS(x.size(2), "size: dimension 2 is out of range for rank 2: [-2, 1]", ShapeError);
  CHECK_THROWS_WITH_AS(scalar(1).size(0), "size: a scalar has no dimension 0", ShapeError);
}

TEST_CASE("an undefined tensor says so") {
  Tensor x;
  CHECK_FALSE(x.defined());
  CHECK_FALSE(x.requires_grad());
  CHECK_THROWS_WITH_AS(x.shape(), "tensor: this one is undefined", ValueError);
  CHECK_THROWS_AS(x.dtype(), ValueError);
  CHECK_THROWS_AS(x.detach(), ValueError);
  CHECK_THROWS_AS(x.backward(), ValueError);
}

TEST_CASE("elements") {
  Tensor x = tensor({{1, 2}, {3, 4}});
  CHECK(x.to_vector() == std::vector<double>{1, 2, 3, 4});
  CHECK(x.t().to_vector<int>() == std::vector<int>{1, 3, 2, 4});
  CHECK(x.data<float>()[3] == 4);
  CHECK(x[1][0].item() == 3);
  CHECK(x[-1][-1].item<int64_t>() == 4);
  CHECK(tensor({0.5}).item<bool>());
  CHECK(reinterpret_cast<std::size_t>(x.raw_data()) % 64 == 0);
  CHECK_THROWS_WITH_AS(x.item(), "item: needs exactly one element, shape is [2,2]", ValueError);
  CHECK_THROWS_WITH_AS(x.data<double>(), "data: the tensor is f32, asked for f64", DtypeError);
  CHECK_THROWS_WITH_AS(x.t().data<float>(),
                       "data: the tensor is a view of shape [2,2] with strides [1,2]; call contiguous() first",
                       ValueError);
}

TEST_CASE("copies are the same tensor, views share the bytes, clones do not") {
  Tensor x = tensor({1, 2}), same = x, view = x.reshape({2, 1}), detached = x.detach(), clone = x.clone();
  x.data<float>()[0] = 7;
  CHECK(same.same_as(x));
  CHECK_FALSE(detached.same_as(x));
  CHECK(view.to_vector() == std::vector<double>{7, 2});
  CHECK(detached.to_vector() == std::vector<double>{7, 2});
  CHECK(clone.to_vector() == std::vector<double>{1, 2});
  CHECK(x.contiguous().same_as(x));
  CHECK(x.to(f32).same_as(x));
  CHECK(x.to(i64).to_vector<int>() == std::vector<int>{7, 2});
}

TEST_CASE("gradients are asked for on floating leaves") {
  Tensor x = zeros({2});
  CHECK_FALSE(x.requires_grad());
  x.requires_grad_();
  CHECK(x.requires_grad());
  CHECK_FALSE(x.detach().requires_grad());
  CHECK_FALSE(x.grad().defined());
  Tensor y = x * 2;
  CHECK_FALSE(y.is_leaf());
  CHECK_THROWS_WITH_AS(y.requires_grad_(false), "requires_grad_: this tensor came from an op; use detach()",
                       ValueError);
  CHECK_THROWS_WITH_AS(zeros({2}, {i64}).requires_grad_(),
                       "requires_grad_: only floating tensors have gradients, this is i64", DtypeError);
  CHECK_THROWS_AS(ones({2}, {.dtype = boolean, .requires_grad = true}), DtypeError);
}

TEST_CASE("a gradient can be set and forgotten") {
  Tensor x = zeros({2});
  x.zero_grad();
  x.set_grad(tensor({1, 2}));
  CHECK(x.grad().to_vector() == std::vector<double>{1, 2});
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
  CHECK_THROWS_WITH_AS(x.set_grad(zeros({3})), "set_grad: the gradient is [3], the tensor [2]", ShapeError);
  CHECK_THROWS_WITH_AS(x.set_grad(zeros({2}, {f64})), "set_grad: the gradient is f64, the tensor f32", DtypeError);
}

TEST_CASE("impossible shapes") {
  CHECK_THROWS_WITH_AS(make_tensor({2, -1}, f32), "tensor: negative size in shape [2,-1]", ShapeError);
  int64_t large = int64_t{1} << 40;
  CHECK_THROWS_AS(make_tensor({large, large}, f32), ShapeError);
  CHECK_THROWS_AS(make_tensor({large, large, large, large}, f32), ShapeError);
  CHECK(make_tensor({0, large}, f32).numel() == 0);
}

TEST_CASE("sizes of nothing and scalars") {
  CHECK(zeros({0, 3}).to_vector().empty());
  CHECK(zeros({0}).numel() == 0);
  CHECK(scalar(2).shape() == Shape{});
  CHECK(scalar(2).numel() == 1);
}
