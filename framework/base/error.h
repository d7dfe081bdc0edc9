// What Korrel throws. The library never prints and never aborts: every mistake arrives as one of these, with the op,
// the rule that was broken and the values in its message. nn::Module prepends the path of the module it happened in.
#pragma once

#include <stdexcept>
#include <string>

namespace korrel {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message), message_(message) {}
  const char* what() const noexcept override { return message_.c_str(); }

  // Puts `place` in front of the message; used while the exception passes through the modules it happened in.
  void prepend(const std::string& place) {
    message_ = place + message_;
    placed_ = true;
  }
  bool placed() const { return placed_; }  // whether the message says where

 private:
  std::string message_;
  bool placed_ = false;
};

struct ShapeError : Error {  // shapes that do not fit together, a dimension out of range
  using Error::Error;
};
struct DtypeError : Error {  // an op on a dtype that it is not defined for
  using Error::Error;
};
struct ValueError : Error {  // an option, index or argument out of its range; use in the wrong state
  using Error::Error;
};
struct IoError : Error {  // a file that is missing, unreadable, truncated or malformed
  using Error::Error;
};

}  // namespace korrel
