#include <korrel/framework/base/version.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

TEST_CASE("the version has three numbers") {
  const std::string text = korrel::version();
  CHECK(std::count(text.begin(), text.end(), '.') == 2);
  CHECK(text.find_first_not_of("0123456789.") == std::string::npos);
}
