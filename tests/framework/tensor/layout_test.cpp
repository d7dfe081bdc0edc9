#include <korrel/framework/tensor/layout.h>

#include <doctest/doctest.h>

#include <vector>

#include <korrel/framework/base/error.h>

using namespace korrel;

namespace {

// Where the elements lie, in row-major order.
std::vector<int64_t> places(const Layout& layout) {
  std::vector<int64_t> result;
  int64_t n = layout.shape.numel();
  for (int64_t i = 0; i < n; ++i) {
    int64_t place = layout.offset, rest = i;
    for (int d = layout.shape.rank() - 1; d >= 0; --d) {
      place += rest % layout.shape[d] * layout.strides[d];
      rest /= layout.shape[d];
    }
    result.push_back(place);
  }
  return result;
}

}  // namespace

TEST_CASE("row-major strides") {
  CHECK(contiguous_strides({2, 3, 4}) == Strides{12, 4, 1});
  CHECK(contiguous_strides({}) == Strides{});
  CHECK(contiguous_strides({2, 0, 4}) == Strides{4, 4, 1});  // as if empty dimensions had size 1
}

TEST_CASE("contiguous or not") {
  CHECK(Layout::contiguous({2, 3}).is_contiguous());
  CHECK(Layout::contiguous({}).is_contiguous());
  CHECK(Layout{{2, 3}, {3, 1}, 5}.is_contiguous());
  CHECK(Layout{{1, 3}, {77, 1}, 0}.is_contiguous());  // a stride that is never taken
  CHECK(Layout{{0, 3}, {9, 9}, 0}.is_contiguous());
  CHECK_FALSE(Layout{{3, 2}, {1, 3}, 0}.is_contiguous());
  CHECK_FALSE(Layout{{2, 3}, {4, 1}, 0}.is_contiguous());
  CHECK_FALSE(Layout{{2}, {0}, 0}.is_contiguous());
}

TEST_CASE("permuted, narrowed") {
  Layout x = Layout::contiguous({2, 3});
  CHECK(places(x.permuted({1, 0})) == std::vector<int64_t>{0, 3, 1, 4, 2, 5});
  CHECK(places(x.narrowed(1, 1, 2, 1)) == std::vector<int64_t>{1, 2, 4, 5});
  CHECK(places(x.narrowed(1, 0, 2, 2)) == std::vector<int64_t>{0, 2, 3, 5});
  CHECK(places(x.narrowed(0, 1, 1, 1).narrowed(1, 2, 1, 1)) == std::vector<int64_t>{5});
}

TEST_CASE("expanded") {
  Layout x = Layout::contiguous({3, 1});
  CHECK(places(x.expanded({3, 2})) == std::vector<int64_t>{0, 0, 1, 1, 2, 2});
  CHECK(x.expanded({2, -1, 4}).shape == Shape{2, 3, 4});
  CHECK(x.expanded({2, 3, 4}).strides == Strides{0, 1, 0});
  CHECK(x.expanded({3, 0}).shape == Shape{3, 0});
  CHECK_THROWS_WITH_AS(x.expanded({2, 2}), "expand: dimension 0 of [3,1] cannot become 2 (target [2,2])", ShapeError);
  CHECK_THROWS_WITH_AS(x.expanded({3}), "expand: [3,1] has more dimensions than [3]", ShapeError);
  CHECK_THROWS_WITH_AS(x.expanded({-1, 3, 1}), "expand: the new dimension 0 of [-1,3,1] needs a size", ShapeError);
  CHECK_THROWS_AS(x.expanded({3, -2}), ShapeError);
}

TEST_CASE("the same elements under another shape") {
  struct Try {
    Layout from;
    Shape to;
    bool possible;
  };
  Layout dense = Layout::contiguous({4, 6}), turned = dense.permuted({1, 0}), cut = dense.narrowed(1, 0, 4, 1);
  Layout planes = Layout::contiguous({2, 3, 4});
  for (const Try& t : {
           Try{dense, {24}, true},
           Try{dense, {2, 2, 3, 2}, true},
           Try{turned, {24}, false},
           Try{turned, {6, 2, 2}, true},  // a dimension can be parted
           Try{turned, {2, 3, 4}, true},
           Try{turned, {3, 8}, false},
           Try{turned, {6, 1, 4, 1}, true},
           Try{cut, {4, 2, 2}, true},
           Try{cut, {16}, false},
           Try{cut, {2, 2, 4}, true},
           Try{cut, {8, 2}, false},
           Try{planes.permuted({1, 0, 2}), {3, 8}, false},
           Try{planes.permuted({1, 0, 2}), {3, 2, 2, 2}, true},
           Try{planes.permuted({2, 0, 1}), {4, 6}, true},  // two neighbours that lie as one run
           Try{dense.narrowed(0, 0, 1, 1).permuted({1, 0}), {6}, true},
           Try{dense.narrowed(1, 0, 3, 2), {12}, true},  // every second element of all
           Try{Layout::contiguous({3, 1}).expanded({3, 4}), {12}, false},
           Try{Layout::contiguous({1}).expanded({6}), {2, 3}, true},
           Try{Layout{{}, {}, 3}, {1, 1}, true},
           Try{Layout{{4, 1}, {2, 77}, 0}, {4}, true},
           Try{Layout{{2, 0, 3}, {1, 9, 9}, 0}, {0, 5}, true},
       }) {
    CAPTURE(to_string(t.from.shape));
    CAPTURE(to_string(t.from.strides));
    CAPTURE(to_string(t.to));
    Layout result;
    bool possible = t.from.viewed(t.to, result);
    CHECK(possible == t.possible);
    if (!possible) continue;
    CHECK(result.shape == t.to);
    CHECK(places(result) == places(t.from));
  }
}

TEST_CASE("broadcasting") {
  CHECK(broadcast_shapes("add", {2, 3}, {3}) == Shape{2, 3});
  CHECK(broadcast_shapes("add", {3}, {2, 1}) == Shape{2, 3});
  CHECK(broadcast_shapes("add", {2, 1, 4}, {3, 1}) == Shape{2, 3, 4});
  CHECK(broadcast_shapes("add", {}, {2}) == Shape{2});
  CHECK(broadcast_shapes("add", {1}, {0}) == Shape{0});
  CHECK(broadcast_shapes("add", {0, 3}, {1, 1}) == Shape{0, 3});
  CHECK_THROWS_WITH_AS(broadcast_shapes("add", {2, 3}, {4}),
                       "add: shapes [2,3] and [4] do not broadcast: 3 against 4 at dimension -1", ShapeError);
  CHECK_THROWS_AS(broadcast_shapes("add", {0}, {2}), ShapeError);
}

TEST_CASE("one size is inferred") {
  CHECK(infer_shape("reshape", {-1, 3}, 12) == Shape{4, 3});
  CHECK(infer_shape("reshape", {2, 6}, 12) == Shape{2, 6});
  CHECK(infer_shape("reshape", {}, 1) == Shape{});
  CHECK(infer_shape("reshape", {0, 3}, 0) == Shape{0, 3});
  CHECK(infer_shape("reshape", {-1, 3}, 0) == Shape{0, 3});
  CHECK_THROWS_WITH_AS(infer_shape("reshape", {-1, 5}, 12), "reshape: 12 elements do not fit into [-1,5]", ShapeError);
  CHECK_THROWS_WITH_AS(infer_shape("reshape", {5}, 12), "reshape: 12 elements do not fit into [5]", ShapeError);
  CHECK_THROWS_WITH_AS(infer_shape("reshape", {-1, -1}, 12), "reshape: only one dimension of [-1,-1] can be -1",
                       ShapeError);
  CHECK_THROWS_WITH_AS(infer_shape("reshape", {-2, 6}, 12), "reshape: negative dimension in [-2,6]", ShapeError);
  CHECK_THROWS_AS(infer_shape("reshape", {-1, 0}, 0), ShapeError);  // any size would do
}
