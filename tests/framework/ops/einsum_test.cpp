// einsum against its definition, equations of every kind, and what wrong use is told. PyTorch's numbers:
// tests/golden/einsum_test.cpp; gradients: samples/einsum.cpp.
#include <korrel/framework/ops/einsum.h>

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>

#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

// By the definition: one loop over every value of every index, for equations without "..." and broadcasting.
std::vector<double> by_hand(const std::string& inputs, const std::string& output, const std::vector<Tensor>& x) {
  std::vector<std::string> subscripts(1);
  for (char c : inputs) c == ',' ? void(subscripts.emplace_back()) : subscripts.back().push_back(c);
  std::map<char, int64_t> size;
  std::vector<std::vector<double>> values;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t d = 0; d < subscripts[i].size(); ++d) size[subscripts[i][d]] = x[i].shape()[static_cast<int>(d)];
    values.push_back(x[i].to_vector());
  }
  std::map<char, int64_t> at;
  int64_t total = 1, length = 1;
  for (auto& [label, n] : size) total *= n;
  for (char c : output) length *= size[c];
  std::vector<double> y(static_cast<std::size_t>(length), 0.0);
  auto position = [&](const std::string& labels) {
    int64_t p = 0;
    for (char c : labels) p = p * size[c] + at[c];
    return static_cast<std::size_t>(p);
  };
  for (int64_t step = 0; step < total; ++step) {
    int64_t rest = step;
    for (auto& [label, n] : size) {
      at[label] = rest % n;
      rest /= n;
    }
    double product = 1;
    for (std::size_t i = 0; i < x.size(); ++i) product *= values[i][position(subscripts[i])];
    y[position(output)] += product;
  }
  return y;
}

Tensor random(const Shape& shape) {
  static Generator generator(5);
  return randn(shape, {.dtype = f64}, generator);
}

void check_against_definition(const std::string& inputs, const std::string& output, const std::vector<Tensor>& x) {
  CAPTURE(inputs);
  CAPTURE(output);
  std::vector<double> actual = einsum(inputs + "->" + output, x).to_vector(), expected = by_hand(inputs, output, x);
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) CHECK(actual[i] == doctest::Approx(expected[i]).epsilon(1e-12));
}

Tensor x(const Shape& shape) { return zeros(shape); }

}  // namespace

TEST_CASE("einsum is its definition") {
  Tensor a = random({3, 4}), b = random({4, 5}), c = random({3, 4, 5}), d = random({3, 3, 3}), v = random({4});
  check_against_definition("ij,jk", "ik", {a, b});
  check_against_definition("ij,jk", "ki", {a, b});
  check_against_definition("ij,jk", "", {a, b});
  check_against_definition("ij,jk", "j", {a, b});
  check_against_definition("ij,jk", "ijk", {a, b});
  check_against_definition("ij,kl", "lijk", {a, b});
  check_against_definition("abc", "", {c});
  check_against_definition("abc", "cab", {c});
  check_against_definition("iii", "i", {d});
  check_against_definition("iii", "", {d});
  check_against_definition("iij", "ji", {d});
  check_against_definition("iji,ij", "j", {d, random({3, 3})});
  check_against_definition("ij,j", "i", {a, v});
  check_against_definition("i,i,i", "i", {v, v, v});
  check_against_definition("ij,jk,kl,lm", "im", {a, b, random({5, 2}), random({2, 3})});
  check_against_definition("ijk,il,jl,kl", "l", {c, random({3, 2}), random({4, 2}), random({5, 2})});
  check_against_definition("aBc,Bc", "a", {c, b});
  check_against_definition("bhqd,bhkd", "bhqk", {random({2, 3, 4, 5}), random({2, 3, 6, 5})});
  check_against_definition("abcdefgh,h", "abcdefg", {random({2, 1, 2, 1, 2, 1, 2, 3}), random({3})});
}

TEST_CASE("implicit results, broadcasting, spaces, integers, nothing") {
  Tensor a = random({3, 4}), b = random({4, 5});
  CHECK(einsum("ba", {a}).shape() == Shape{4, 3});  // alphabetical
  CHECK(einsum("aB,B", {a, random({4})}).shape() == Shape{3});
  CHECK(einsum("bA", {a}).shape() == Shape{4, 3});  // capitals first
  CHECK(einsum("j...,...k", {a, b}).shape() == Shape{4, 3, 5});
  CHECK(einsum(" i j , j k -> i k ", {a, b}).to_vector() == einsum("ij,jk", {a, b}).to_vector());
  CHECK(einsum("...ij->ij", {random({2, 3, 4})}).shape() == Shape{3, 4});  // "..." is summed over
  CHECK(einsum("ij,jk->ik", {random({3, 1}), b}).shape() == Shape{3, 5});  // 1 broadcasts
  CHECK(einsum("ij->ij", {random({1, 3})}).shape() == Shape{1, 3});
  CHECK(einsum("...,...->...", {random({2, 1}), random({3})}).shape() == Shape{2, 3});
  CHECK(einsum(",->", {scalar(2), scalar(3)}).item() == 6);
  CHECK(einsum("ij,jk->ik", {x({2, 0}), x({0, 3})}).to_vector() == std::vector<double>(6, 0.0));
  CHECK(einsum("ij,jk->ik", {x({0, 2}), x({2, 3})}).shape() == Shape{0, 3});
  Tensor n = arange(6, {.dtype = i64}).reshape({2, 3});
  CHECK(einsum("ij,ij->i", {n, n}).to_vector() == std::vector<double>{5, 50});
  CHECK(einsum("ij,ij->i", {n, n}).dtype() == i64);
}

TEST_CASE("tensordot") {
  Tensor a = random({2, 3, 4}), b = random({3, 4, 5});
  CHECK(tensordot(a, b).to_vector() == einsum("ijk,jkl->il", {a, b}).to_vector());
  CHECK(tensordot(a, b, 0).shape() == Shape{2, 3, 4, 3, 4, 5});
  CHECK(tensordot(a, b, {-1, 1}, {1, 0}).shape() == Shape{2, 5});
  CHECK(tensordot(a, a, 3 - 3).shape() == Shape{2, 3, 4, 2, 3, 4});
  CHECK(tensordot(a, a, {0, 1, 2}, {0, 1, 2}).dim() == 0);
}

TEST_CASE("wrong use is told with the equation and the sizes") {
  struct Wrong {
    const char* equation;
    std::vector<Tensor> operands;
    const char* message;
  };
  for (const Wrong& row : std::vector<Wrong>{
           {"ij", {}, "einsum: needs at least one operand"},
           {"ij,jk", {x({2, 3})}, "einsum: \"ij,jk\" names 2 operands, got 1"},
           {"i1", {x({2, 3})}, "einsum: indices are letters, got '1' in \"i1\""},
           {"i.j", {x({2, 3})}, "einsum: a '.' that is not part of \"...\" in \"i.j\""},
           {"...i...", {x({2, 3})}, "einsum: \"...\" occurs twice in \"...i...\" of \"...i...\""},
           {"ij->k", {x({2, 3})}, "einsum: the result's index 'k' is in no operand (\"ij->k\")"},
           {"ij->ii", {x({2, 3})}, "einsum: the result has index 'i' twice (\"ij->ii\")"},
           {"ij->i->j", {x({2, 3})}, "einsum: indices are letters, got '-' in \"ij->i->j\""},
           {"i", {Tensor()}, "einsum: operand 0 is undefined"},
       }) {
    CHECK(message_of<ValueError>([&] { einsum(row.equation, row.operands); }) == row.message);
  }
  for (const Wrong& row : std::vector<Wrong>{
           {"ijk", {x({2, 3})}, "einsum: \"ijk\" names 3 dimensions of operand 0, which has shape [2,3]"},
           {"...ijk",
            {x({2, 3})},
            "einsum: \"...ijk\" names at least 3 dimensions of operand 0, which has shape [2,3]"},
           {"ii",
            {x({2, 3})},
            "einsum: index 'i' is repeated in operand 0, but stands for sizes 2 and 3 (shape [2,3])"},
           {"ij,jk->ik",
            {x({2, 3}), x({4, 5})},
            "einsum: index 'j' is 4 in operand 1, but 3 before it (\"ij,jk->ik\")"},
           {"...i,...j",
            {x({2, 3}), x({4, 5})},
            "einsum: index of \"...\" is 4 in operand 1, but 2 before it (\"...i,...j\")"},
           {"abcde,fghij->abcdefghij",
            {x({1, 1, 1, 1, 1}), x({1, 1, 1, 1, 1})},
            "einsum: the result of \"abcde,fghij->abcdefghij\" has 10 dimensions, at most 8 can be"},
       }) {
    CHECK(message_of<ShapeError>([&] { einsum(row.equation, row.operands); }) == row.message);
  }
  CHECK(message_of<DtypeError>([] {
          einsum("i,i", {x({2}), zeros({2}, {.dtype = f64})});
        }) == "einsum: operands share one dtype, operand 0 is f32, 1 is f64");
  CHECK(message_of<ShapeError>([] {
          tensordot(x({2, 3}), x({3, 2}), 3);
        }) == "tensordot: cannot sum over 3 dimensions (a [2,3], b [3,2])");
  CHECK(message_of<ShapeError>([] {
          tensordot(x({2, 3}), x({2, 3}), 1);
        }) == "tensordot: dimension 1 of a is 3, dimension 0 of b is 2 (a [2,3], b [2,3])");
  CHECK(message_of<ValueError>([] {
          tensordot(x({2, 3}), x({2, 3}), {0, 1}, {0});
        }) == "tensordot: needs as many dimensions of a as of b, got [0,1] and [0]");
  CHECK(message_of<ShapeError>([] {
          tensordot(x({2, 2}), x({2, 2}), {0, 0}, {0, 1});
        }).starts_with("tensordot: a dimension is listed twice"));
  CHECK(message_of<DtypeError>([] { tensordot(zeros({2}, {.dtype = i64}), x({2}), 1); }) ==
        "tensordot: a and b must both be f32 or f64, are i64 and f32");
}
