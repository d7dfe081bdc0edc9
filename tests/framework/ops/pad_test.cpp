#include <korrel/framework/ops/pad.h>

#include <doctest/doctest.h>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

using namespace korrel;
using Ints = std::vector<int>;

namespace {
Ints padded(const Tensor& x, const std::vector<int64_t>& pads, PadMode mode, double value = 0) {
  return pad(x, pads, {.mode = mode, .value = value}).to_vector<int>();
}
const PadMode modes[] = {PadMode::reflect, PadMode::replicate, PadMode::circular};
}  // namespace

TEST_CASE("one dimension, by hand") {
  Tensor x = tensor({1, 2, 3, 4});
  CHECK(padded(x, {1, 2}, PadMode::constant) == Ints{0, 1, 2, 3, 4, 0, 0});
  CHECK(padded(x, {1, 0}, PadMode::constant, 7) == Ints{7, 1, 2, 3, 4});
  CHECK(padded(x, {3, 2}, PadMode::reflect) == Ints{4, 3, 2, 1, 2, 3, 4, 3, 2});
  CHECK(padded(x, {2, 5}, PadMode::replicate) == Ints{1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4});
  CHECK(padded(x, {4, 1}, PadMode::circular) == Ints{1, 2, 3, 4, 1, 2, 3, 4, 1});
}

TEST_CASE("the last dimension comes first") {
  Tensor x = tensor({{1, 2}, {3, 4}});
  Tensor y = pad(x, {0, 1, 2, 0});
  CHECK(y.shape() == Shape{4, 3});
  CHECK(y.to_vector<int>() == Ints{0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 4, 0});
  CHECK(padded(x, {1, 0, 0, 1}, PadMode::reflect) == Ints{2, 1, 2, 4, 3, 4, 2, 1, 2});
  CHECK(padded(x.t(), {0, 1, 1, 0}, PadMode::circular) == Ints{2, 4, 2, 1, 3, 1, 2, 4, 2});
}

TEST_CASE("negative pads cut off") {
  Tensor x = tensor({1, 2, 3, 4});
  CHECK(padded(x, {-1, -2}, PadMode::constant) == Ints{2});
  CHECK(padded(x, {-1, 2}, PadMode::constant, 9) == Ints{2, 3, 4, 9, 9});
  CHECK(padded(x, {-4, 0}, PadMode::constant).empty());
  CHECK(padded(x, {-5, 3}, PadMode::constant, 9) == Ints{9, 9});
  CHECK(padded(x, {-2, 1}, PadMode::replicate) == Ints{3, 4, 4});
  CHECK(padded(x, {-2, 2}, PadMode::reflect) == Ints{3, 4, 3, 2});
  CHECK(padded(x, {2, -1}, PadMode::circular) == Ints{2, 3, 1, 2, 3});  // around what is left
}

TEST_CASE("other dtypes, nothing to pad, nothing there") {
  CHECK(pad(tensor({1, 2}, {u8}), {1, 0}, {.value = 200}).to_vector<int>() == Ints{200, 1, 2});
  CHECK(pad(tensor({1, 0}, {boolean}), {1, 1}, {.mode = PadMode::circular}).to_vector<int>() == Ints{0, 1, 0, 1});
  CHECK(pad(tensor({1, 2}), {}).to_vector<int>() == Ints{1, 2});
  CHECK(pad(scalar(3), {}).item() == 3);
  CHECK(pad(zeros({0, 3}), {1, 1}).shape() == Shape{0, 5});
  CHECK(pad(zeros({0, 3}), {0, 0, 1, 1}).shape() == Shape{2, 3});
  for (PadMode mode : modes) CHECK(pad(zeros({0, 2, 3}), {1, 1}, {.mode = mode}).shape() == Shape{0, 2, 5});
}

TEST_CASE("gradients count how often an element was shown") {
  for (auto [mode, expected] : {std::pair{PadMode::constant, Ints{1, 1, 1}},
                                {PadMode::reflect, Ints{1, 3, 2}},
                                {PadMode::replicate, Ints{3, 1, 2}},
                                {PadMode::circular, Ints{2, 2, 2}}}) {
    Tensor x = zeros({3}, {.requires_grad = true});
    Tensor y = pad(x, {2, 1}, {.mode = mode});
    y.backward(ones({6}));
    CHECK(x.grad().to_vector<int>() == expected);
  }
}

TEST_CASE("large images: any number of threads gives the same bits") {
  int before = num_threads();
  Generator generator(1);
  Tensor x = randn({6, 3, 40, 50}, {}, generator), upstream = randn({6, 3, 45, 57}, {}, generator);
  for (PadMode mode : modes) {
    std::vector<std::vector<double>> results;
    for (int threads : {1, 4}) {
      set_num_threads(threads);
      Tensor leaf = x.detach().requires_grad_();
      Tensor y = pad(leaf, {3, 4, 2, 3}, {.mode = mode});
      y.backward(upstream);
      results.push_back(y.to_vector());
      results.push_back(leaf.grad().to_vector());
    }
    CHECK(results[0] == results[2]);
    CHECK(results[1] == results[3]);
  }
  set_num_threads(before);
}

TEST_CASE("wrong pads") {
  Tensor x = zeros({2, 3});
  CHECK_THROWS_WITH_AS(pad(x, {1}), "pad: needs two numbers per dimension, got [1]", ShapeError);
  CHECK_THROWS_WITH_AS(pad(x, {1, 1, 1, 1, 1, 1}), "pad: [1,1,1,1,1,1] pads 3 dimensions, x [2,3] has 2", ShapeError);
  CHECK_THROWS_WITH_AS(pad(x, {-2, -2}), "pad: nothing remains of dimension 1 of size 3 with pads -2 and -2 (x [2,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(pad(x, {3, 0}, {.mode = PadMode::reflect}),
                       "pad: reflect needs pads below the size, dimension 1 of size 3 has 3 and 0 (x [2,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(pad(x, {0, 4}, {.mode = PadMode::circular}),
                       "pad: circular pads at most once around, dimension 1 of size 3 has 0 and 4 (x [2,3])",
                       ShapeError);
  CHECK_THROWS_WITH_AS(pad(zeros({2, 0}), {1, 1}, {.mode = PadMode::replicate}),
                       "pad: nothing to pad dimension 1 of size 0 with (x [2,0], pads [1,1])", ShapeError);
}
