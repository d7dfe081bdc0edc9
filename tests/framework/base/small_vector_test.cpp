#include <korrel/framework/base/small_vector.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using korrel::SmallVector;

namespace {

// Counts what is alive, so that a lost or doubled destruction shows.
struct Counted {
  static inline int alive = 0;
  explicit Counted(int value = 0) : value(std::make_unique<int>(value)) { ++alive; }
  Counted(const Counted& other) : value(std::make_unique<int>(*other.value)) { ++alive; }
  Counted(Counted&& other) noexcept : value(std::move(other.value)) { ++alive; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive; }
  std::unique_ptr<int> value;
};

template <std::size_t N>
SmallVector<Counted, N> counting(int n) {
  SmallVector<Counted, N> result;
  for (int i = 0; i < n; ++i) result.push_back(Counted(i));
  return result;
}
template <class V>
bool counts(const V& v, int n) {
  bool right = v.size() == static_cast<std::size_t>(n);
  for (int i = 0; right && i < n; ++i) right = *v[static_cast<std::size_t>(i)].value == i;
  return right;
}

}  // namespace

TEST_CASE("grows out of its place and keeps its elements") {
  for (int n : {0, 1, 2, 3, 4, 5, 100}) {
    {
      auto v = counting<2>(n);
      CHECK(counts(v, n));
      CHECK(Counted::alive == n);
      CHECK(v.empty() == (n == 0));
    }
    CHECK(Counted::alive == 0);
  }
}

TEST_CASE("copies and moves, in place and on the heap") {
  for (int n : {0, 2, 3, 9}) {
    for (int m : {0, 1, 7}) {
      auto a = counting<2>(n);
      auto copy = a;
      CHECK(counts(copy, n));
      CHECK(counts(a, n));
      auto moved = std::move(a);
      CHECK(counts(moved, n));
      CHECK(a.empty());  // NOLINT(bugprone-use-after-move): emptied by the move
      auto b = counting<2>(m);
      b = moved;
      CHECK(counts(b, n));
      auto c = counting<2>(m);
      c = std::move(moved);
      CHECK(counts(c, n));
      moved = counting<2>(m);  // a vector that was moved from can be used again
      CHECK(counts(moved, m));
      b = *&b;
      CHECK(counts(b, n));
    }
  }
  CHECK(Counted::alive == 0);
}

TEST_CASE("pop, clear, resize, initializer list") {
  SmallVector<std::string, 2> v{"a", "b", "c"};
  CHECK(v.size() == 3);
  CHECK(v.back() == "c");
  v.pop_back();
  CHECK(v.back() == "b");
  v.resize(5);
  CHECK(v.size() == 5);
  CHECK(v[4].empty());
  v.resize(1);
  CHECK(v[0] == "a");
  v.push_back(v[0]);  // its own element, while it may be growing
  CHECK(v[1] == "a");
  v.clear();
  CHECK(v.empty());
}
