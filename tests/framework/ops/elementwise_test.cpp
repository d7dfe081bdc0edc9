#include <korrel/framework/ops/elementwise.h>

#include <doctest/doctest.h>

#include <korrel/framework/tensor/create.h>

using namespace korrel;

TEST_CASE("arithmetic by hand") {
  Tensor a = tensor({1, 2, 3}), b = tensor({10, 20, 30});
  CHECK((a + b).to_vector() == std::vector<double>{11, 22, 33});
  CHECK((b - a).to_vector() == std::vector<double>{9, 18, 27});
  CHECK((a * 2).to_vector() == std::vector<double>{2, 4, 6});
  CHECK((6 / a).to_vector() == std::vector<double>{6, 3, 2});
  CHECK((1 - a).to_vector() == std::vector<double>{0, -1, -2});
  CHECK(add(a, b, {.alpha = 0.5}).to_vector() == std::vector<double>{6, 12, 18});
  CHECK((a < 2).to_vector<int>() == std::vector<int>{1, 0, 0});
  CHECK(where(a < b, a, b).to_vector() == std::vector<double>{1, 2, 3});
}

TEST_CASE("broadcasting a row, a column and both") {
  Tensor column = tensor({1, 2}).unsqueeze(1), row = tensor({10, 20, 30});
  CHECK((column + row).to_vector() == std::vector<double>{11, 21, 31, 12, 22, 32});
  CHECK((column + row).shape() == Shape{2, 3});
}
