#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <korrel/framework/base/error.h>
#include <korrel/framework/kernels/targets.h>

using namespace korrel;
using namespace korrel::kernels;

namespace {

// Sets KORREL_TARGET while it lives.
struct Environment {
  explicit Environment(const char* value) { setenv("KORREL_TARGET", value, 1); }
  ~Environment() { unsetenv("KORREL_TARGET"); }
};

}  // namespace

TEST_CASE("the best target is chosen, each one can be forced") {
  unsetenv("KORREL_TARGET");
  const std::vector<std::string> targets = available_targets();
  REQUIRE(!targets.empty());
  CHECK(targets.back() == "scalar");
  choose_default_target();
  CHECK(active_target() == targets.front());
  for (const std::string& target : targets) {
    force_target(target);
    CHECK(active_target() == target);
  }
  choose_default_target();
  CHECK(active_target() == targets.front());
}

TEST_CASE("KORREL_TARGET is the default") {
  Environment environment("scalar");
  choose_default_target();
  CHECK(active_target() == "scalar");
}

TEST_CASE("a target that is not there is refused, with those that are") {
  choose_default_target();
  const std::string before = active_target();
  const std::string message = "force_target: expects one of " + before;
  try {
    force_target("mmx");
    FAIL("no exception");
  } catch (const ValueError& error) {
    CHECK(std::string(error.what()).find(message) == 0);
    CHECK(std::string(error.what()).find("got 'mmx'") != std::string::npos);
  }
  CHECK(active_target() == before);

  Environment environment("avx1024");
  CHECK_THROWS_WITH_AS(choose_default_target(), doctest::Contains("KORREL_TARGET: expects one of"), ValueError);
}
