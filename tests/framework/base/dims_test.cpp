#include <korrel/framework/base/dims.h>

#include <doctest/doctest.h>

#include <korrel/framework/base/error.h>

using namespace korrel;

TEST_CASE("made from numbers, vectors and ranges") {
  Dims a{2, 3, 4};
  CHECK(a.rank() == 3);
  CHECK(a[0] == 2);
  CHECK(a.back() == 4);
  CHECK(a == Dims(std::vector<int64_t>{2, 3, 4}));
  CHECK(a != Dims{2, 3});
  CHECK(a != Dims{2, 3, 5});
  CHECK(Dims::filled(3, 7) == Dims{7, 7, 7});
  CHECK(Dims::filled(0, 7).empty());
  CHECK(a.slice(1, 3) == Dims{3, 4});
  CHECK(a.slice(1, 1).empty());
}

TEST_CASE("the product of no numbers is one") {
  CHECK(Dims().numel() == 1);
  CHECK(Dims{2, 3, 4}.numel() == 24);
  CHECK(Dims{2, 0, 4}.numel() == 0);
}

TEST_CASE("insert and erase") {
  Dims a{2, 4};
  a.insert(1, 3);
  CHECK(a == Dims{2, 3, 4});
  a.insert(0, 1);
  a.push_back(5);
  CHECK(a == Dims{1, 2, 3, 4, 5});
  a.erase(0);
  a.erase(3);
  CHECK(a == Dims{2, 3, 4});
}

TEST_CASE("eight numbers and no more") {
  Dims a{1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(a.rank() == 8);
  CHECK_THROWS_WITH_AS(a.push_back(9), "shape: at most 8 dimensions, [1,2,3,4,5,6,7,8] has no room for one more",
                       ShapeError);
  CHECK_THROWS_WITH_AS((Dims{1, 2, 3, 4, 5, 6, 7, 8, 9}), "shape: at most 8 dimensions, got 9", ShapeError);
  CHECK_THROWS_AS(Dims::filled(9, 1), ShapeError);
  CHECK(a == Dims{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("text") {
  CHECK(to_string(Dims{2, 4, 8, 8}) == "[2,4,8,8]");
  CHECK(to_string(Dims{}) == "[]");
}

TEST_CASE("a negative dimension counts from the end") {
  CHECK(wrap_dim("op", 2, 3) == 2);
  CHECK(wrap_dim("op", -1, 3) == 2);
  CHECK(wrap_dim("op", -3, 3) == 0);
  CHECK(wrap_dim("op", 0, 0) == 0);
  CHECK(wrap_dim("op", -1, 0) == 0);
  CHECK_THROWS_WITH_AS(wrap_dim("softmax", 3, 3), "softmax: dimension 3 is out of range for rank 3: [-3, 2]",
                       ShapeError);
  CHECK_THROWS_AS(wrap_dim("op", -4, 3), ShapeError);
  CHECK_THROWS_AS(wrap_dim("op", 1, 0), ShapeError);
}
