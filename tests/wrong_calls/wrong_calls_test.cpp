// Hundreds of wrong calls, over every family: each must throw the right kind of korrel::Error, whose message names op,
// rule and values. More about single families stands in their own tests.
#include <doctest/doctest.h>

#include <cstdio>
#include <set>
#include <string>

#include <tests/wrong_calls.h>
#include <tests/wrong_calls/tables.h>

namespace {

struct Family {
  const char* name;
  std::span<const wrong_calls::Row> rows;
};

std::vector<Family> families() {
  using namespace wrong_calls;
  return {{"elementwise", elementwise()},     {"reductions", reductions()}, {"shapes", shapes()},
          {"indexing", indexing()},           {"products", products()},     {"spatial", spatial()},
          {"normalization", normalization()}, {"losses", losses()},         {"autograd", autograd()},
          {"optimizers", optimizers()},       {"modules", modules()},       {"data_and_files", data_and_files()},
          {"undefined", undefined()}};
}

}  // namespace

TEST_CASE("wrong calls are told") {
  for (const Family& family : families()) {
    for (const wrong_calls::Row& row : family.rows) {
      CAPTURE(family.name);
      wrong_calls::Wrong wrong{row.kind, row.call, {}};
      for (const char* word : row.words)
        if (word) wrong.words.push_back(word);
      REQUIRE(!wrong.words.empty());
      wrong_calls::check({wrong});
    }
  }
}

TEST_CASE("there are enough of them") {
  std::size_t rows = 0;
  for (const Family& family : families()) {
    CHECK_MESSAGE(family.rows.size() >= 20, family.name);
    rows += family.rows.size();
  }
  CHECK(rows >= 150);
  std::printf("report: %zu wrong calls, %zu families\n", rows, families().size());
}
