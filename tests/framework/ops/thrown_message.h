// The text of what a call throws, for tests of messages.
#pragma once

#include <string>

namespace korrel {

template <class E, class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace korrel
