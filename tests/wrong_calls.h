// A table of wrong calls: the kind of error each must throw, and words that its message must contain.
//
//   wrong_calls::check({{"shape", [] { fold(zeros({2, 3}), 4, 2); }, {"fold:", "x [2,3]"}}, ...});
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include <korrel/framework/base/error.h>

namespace wrong_calls {

struct Wrong {
  const char* kind;  // "shape", "dtype", "value", "io", or "other"
  std::function<void()> call;
  std::vector<std::string> words;
};

template <class E>
bool is(const std::exception& error) {
  return dynamic_cast<const E*>(&error) != nullptr;
}

inline void check(const std::vector<Wrong>& table) {
  for (const Wrong& row : table) {
    std::string message = "(nothing was thrown)", kind = "none";
    try {
      row.call();
    } catch (const std::exception& error) {
      message = error.what();
      kind = is<korrel::ShapeError>(error)   ? "shape"
             : is<korrel::DtypeError>(error) ? "dtype"
             : is<korrel::ValueError>(error) ? "value"
             : is<korrel::IoError>(error)    ? "io"
                                             : "other";
    }
    CAPTURE(message);
    CHECK_MESSAGE(kind == row.kind, row.words[0]);
    for (const std::string& word : row.words) CHECK_MESSAGE(message.find(word) != std::string::npos, word);
  }
}

}  // namespace wrong_calls
