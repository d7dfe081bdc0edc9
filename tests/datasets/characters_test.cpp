#include <korrel/datasets/characters.h>

#include <doctest/doctest.h>

#include <korrel/framework/base/error.h>
#include <korrel/framework/tensor/create.h>
#include <tests/message_of.h>

using namespace korrel;
using Numbers = std::vector<int64_t>;

TEST_CASE("characters to numbers and back") {
  datasets::Characters characters("banana \xff");
  CHECK(characters.size() == 5);
  CHECK(characters.alphabet() == " abn\xff");
  CHECK(characters.encode("nab\xff").to_vector<int64_t>() == Numbers{3, 1, 2, 4});
  CHECK(characters.decode(characters.encode("a ban")) == "a ban");
  CHECK(characters.encode("").shape() == Shape{0});
}

TEST_CASE("windows and the characters after them") {
  datasets::TextWindows windows = datasets::text_windows(arange(8), 3, 2);
  CHECK(windows.inputs.shape() == Shape{3, 3});
  CHECK(windows.inputs.to_vector<int64_t>() == Numbers{0, 1, 2, 2, 3, 4, 4, 5, 6});
  CHECK(windows.targets.to_vector<int64_t>() == Numbers{1, 2, 3, 3, 4, 5, 5, 6, 7});
  CHECK(datasets::text_windows(arange(4), 3, 9).inputs.shape() == Shape{1, 3});
}

TEST_CASE("what is wrong with a text is told") {
  using namespace datasets;
  Characters characters("ab\n");
  CHECK(message_of<ValueError>([] { Characters(""); }) == "Characters: the text is empty");
  CHECK(message_of<ValueError>([&] { characters.encode("abc"); }) ==
        "Characters: the character 'c' is not one of the 3 that are known");
  CHECK(message_of<ValueError>([&] { characters.encode("\t"); }) ==
        "Characters: the character with code 9 is not one of the 3 that are known");
  CHECK(message_of<ValueError>([&] { characters.decode(arange(4)); }) ==
        "Characters: there is no character 3, there are 3");
  CHECK(message_of<DtypeError>([&] { characters.decode(ones({2})); }) ==
        "Characters: decode needs i64 numbers, got f32");
  CHECK(message_of<ValueError>([] { text_windows(arange(3), 3, 1); }) ==
        "text_windows: windows of 3 need 4 characters, there are 3");
  CHECK(message_of<ValueError>([] { text_windows(arange(3), 1, 0); }) ==
        "text_windows: length and stride must be positive, got 1 and 0");
  CHECK(message_of<ShapeError>([] {
          text_windows(zeros({2, 2}, {i64}), 1, 1);
        }) == "text_windows: needs numbers [n], got [2,2]");
}
