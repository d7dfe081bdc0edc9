#include <korrel/layers/padding.h>

#include <doctest/doctest.h>

#include <tests/wrong_calls.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace {

std::vector<double> numbers(const Tensor& x) { return x.to_vector(); }

}  // namespace

TEST_CASE("padding layers do what pad does") {
  Tensor x1 = randn({2, 3, 5}), x2 = randn({2, 3, 4, 5}), x3 = randn({2, 2, 3, 4, 5});
  struct Row {
    nn::AnyModule layer;
    Tensor x;
    std::vector<int64_t> pads;
    PadMode mode;
    double value = 0;
  };
  for (const Row& row : std::vector<Row>{
           {nn::ReflectionPad1d(2), x1, {2, 2}, PadMode::reflect},
           {nn::ReflectionPad2d({1, 2, 3, 0}), x2, {1, 2, 3, 0}, PadMode::reflect},
           {nn::ReflectionPad3d(1), x3, {1, 1, 1, 1, 1, 1}, PadMode::reflect},
           {nn::ReplicationPad1d({3, 6}), x1, {3, 6}, PadMode::replicate},
           {nn::ReplicationPad2d({1, -2, 3, 0}), x2, {1, -2, 3, 0}, PadMode::replicate},
           {nn::ReplicationPad3d({1, 2, 3, 4, 5, 6}), x3, {1, 2, 3, 4, 5, 6}, PadMode::replicate},
           {nn::CircularPad1d({1, 5}), x1, {1, 5}, PadMode::circular},
           {nn::CircularPad2d(2), x2, {2, 2, 2, 2}, PadMode::circular},
           {nn::CircularPad3d(1), x3, {1, 1, 1, 1, 1, 1}, PadMode::circular},
           {nn::ZeroPad1d(2), x1, {2, 2}, PadMode::constant},
           {nn::ZeroPad2d({1, 2, 3, 4}), x2, {1, 2, 3, 4}, PadMode::constant},
           {nn::ZeroPad3d({1, 2, 3, -1, 5, 6}), x3, {1, 2, 3, -1, 5, 6}, PadMode::constant},
           {nn::ConstantPad1d({1, 0}, 3.5), x1, {1, 0}, PadMode::constant, 3.5},
           {nn::ConstantPad2d(1, -1), x2, {1, 1, 1, 1}, PadMode::constant, -1},
           {nn::ConstantPad3d(2, 9), x3, {2, 2, 2, 2, 2, 2}, PadMode::constant, 9},
       }) {
    CAPTURE(row.layer->type_name());
    PadOptions options{.mode = row.mode, .value = row.value};
    Tensor y = (*row.layer)(row.x), expected = pad(row.x, row.pads, options);
    CHECK(y.shape() == expected.shape());
    CHECK(numbers(y) == numbers(expected));
    CHECK(numbers((*row.layer)(row.x[0])) == numbers(pad(row.x[0], row.pads, options)));  // without a batch
  }
}

TEST_CASE("padding layers print as in PyTorch") {
  CHECK(to_string(nn::ReflectionPad2d(1)) == "ReflectionPad2d((1, 1, 1, 1))");
  CHECK(to_string(nn::ReplicationPad1d(2)) == "ReplicationPad1d((2, 2))");
  CHECK(to_string(nn::ZeroPad2d({1, 2, 3, 4})) == "ZeroPad2d((1, 2, 3, 4))");
  CHECK(to_string(nn::ConstantPad2d(1, 3.5)) == "ConstantPad2d(padding=(1, 1, 1, 1), value=3.5)");
}

TEST_CASE("what padding layers refuse") {
  wrong_calls::check({
      {"shape",
       [] {
         nn::ReflectionPad1d p({1, 2, 3});
       },
       {"ReflectionPad1d: padding needs one number or 2, got [1,2,3]"}},
      {"shape",
       [] {
         nn::ZeroPad2d p({1, 2});
       },
       {"ZeroPad2d: padding needs one number or 4, got [1,2]"}},
      {"shape",
       [] {
         nn::ConstantPad3d p({1, 2, 3, 4}, 0);
       },
       {"ConstantPad3d: padding needs one number or 6"}},
      {"shape",
       [] {
         nn::ReflectionPad2d(1)(zeros({4, 4}));
       },
       {"ReflectionPad2d: needs 4 dimensions, or 3 without a batch, x is [4,4]"}},
      {"shape",
       [] {
         nn::ReplicationPad1d(1)(zeros({1, 1, 2, 2}));
       },
       {"ReplicationPad1d: needs 3 dimensions"}},
      {"shape",
       [] {
         nn::ReflectionPad1d(4)(zeros({1, 1, 4}));
       },
       {"ReflectionPad1d: pad: reflect needs pads below the size"}},
      {"shape",
       [] {
         nn::CircularPad1d(5)(zeros({1, 1, 4}));
       },
       {"CircularPad1d: pad: circular pads at most once around"}},
      {"shape",
       [] {
         nn::ZeroPad1d(-3)(zeros({1, 1, 4}));
       },
       {"ZeroPad1d: pad: nothing remains of dimension 2"}},
      {"shape", [] { nn::ZeroPad2d(1)(zeros({4})); }, {"ZeroPad2d: needs 4 dimensions"}},
  });
}
