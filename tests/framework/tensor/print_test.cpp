#include <korrel/framework/tensor/tensor.h>

#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;

// The texts are those of PyTorch 1.13, but for the names of dtypes and of grad_fn.

TEST_CASE("whole numbers have a point and no decimals, others four") {
  CHECK(to_string(tensor({{1, 2}, {3, 4}})) == "tensor([[1., 2.],\n        [3., 4.]])");
  CHECK(to_string(tensor({1.5, 2})) == "tensor([1.5000, 2.0000])");
  CHECK(to_string(tensor({-1, 10, 0})) == "tensor([-1., 10.,  0.])");
  CHECK(to_string(scalar(3.5)) == "tensor(3.5000)");
  CHECK(to_string(zeros({2})) == "tensor([0., 0.])");
  CHECK(to_string(tensor({0.1})) == "tensor([0.1000])");
}

TEST_CASE("integers, booleans and bytes") {
  CHECK(to_string(tensor({1, -20, 3}, {i64})) == "tensor([  1, -20,   3])");
  CHECK(to_string(tensor({1, 0}, {boolean})) == "tensor([ True, False])");
  CHECK(to_string(tensor({7, 200}, {u8})) == "tensor([  7, 200], dtype=u8)");
  CHECK(to_string(scalar(4, i64)) == "tensor(4)");
}

TEST_CASE("scientific notation when magnitudes lie far apart or far from one") {
  CHECK(to_string(tensor({1e-5, 1})) == "tensor([1.0000e-05, 1.0000e+00])");
  CHECK(to_string(tensor({1, 10000})) == "tensor([1.0000e+00, 1.0000e+04])");
  CHECK(to_string(tensor({1000, 1})) == "tensor([1000.,    1.])");
  CHECK(to_string(tensor({2e8})) == "tensor([2.0000e+08])");
  CHECK(to_string(tensor({0, 0.00001})) == "tensor([0.0000e+00, 1.0000e-05])");
}

TEST_CASE("values that are not finite") {
  CHECK(to_string(tensor({1, INFINITY, -INFINITY, NAN})) == "tensor([1., inf, -inf, nan])");
  CHECK(to_string(tensor({1.5, -NAN})) == "tensor([1.5000,    nan])");
  CHECK(to_string(tensor({NAN})) == "tensor([nan])");
}

TEST_CASE("matrices are parted by an empty line") {
  CHECK(to_string(arange(8).reshape({2, 2, 2})) ==
        "tensor([[[0, 1],\n         [2, 3]],\n\n        [[4, 5],\n         [6, 7]]])");
}

TEST_CASE("past 1000 elements only the edges are written") {
  CHECK(to_string(arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
  CHECK(to_string(arange(1000)).find("...") == std::string::npos);
  CHECK(to_string(arange(2002).reshape({1001, 2})) ==
        "tensor([[   0,    1],\n        [   2,    3],\n        [   4,    5],\n        ...,\n"
        "        [1996, 1997],\n        [1998, 1999],\n        [2000, 2001]])");
  // What is not written has no say in the width.
  Tensor x = zeros({2000});
  x.data<float>()[1000] = 123456;
  CHECK(to_string(x) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])");
}

TEST_CASE("long rows are broken at 80 columns") {
  CHECK(to_string(arange(0, 30, 1)) ==
        "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,\n"
        "        14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27.,\n"
        "        28., 29.])");
}

TEST_CASE("remarks: dtype, size of nothing, gradients") {
  CHECK(to_string(tensor({1}, {f64})) == "tensor([1.], dtype=f64)");
  CHECK(to_string(zeros({0})) == "tensor([])");
  CHECK(to_string(zeros({0, 3})) == "tensor([], size=(0, 3))");
  CHECK(to_string(zeros({0}, {i64})) == "tensor([], dtype=i64)");
  Tensor x = tensor({1, 2}, {.requires_grad = true});
  CHECK(to_string(x) == "tensor([1., 2.], requires_grad=True)");
  CHECK(to_string(x * 2) == "tensor([2., 4.], grad_fn=<mul>)");
  Tensor wide = (arange(0, 20, 1).requires_grad_() * 1).unsqueeze(0);
  CHECK(to_string(wide) ==
        "tensor([[ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,\n"
        "         14., 15., 16., 17., 18., 19.]], grad_fn=<unsqueeze>)");
}

TEST_CASE("views are written as they are seen") {
  Tensor x = arange(6).reshape({2, 3});
  CHECK(to_string(x.t()) == "tensor([[0, 3],\n        [1, 4],\n        [2, 5]])");
  CHECK(to_string(x.select(1, 1)) == "tensor([1, 4])");
  CHECK(to_string(expand(scalar(7, i64), {2})) == "tensor([7, 7])");
}

TEST_CASE("streams and descriptions") {
  std::ostringstream out;
  out << tensor({1}) << Tensor();
  CHECK(out.str() == "tensor([1.])undefined");
  CHECK(describe(zeros({2, 3})) == "f32 [2,3]");
  CHECK(describe(scalar(1, boolean)) == "bool []");
  CHECK(describe({}) == "undefined");
}
