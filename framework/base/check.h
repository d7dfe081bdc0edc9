// check<ShapeError>(condition, "op: rule, got {}", values...): throws with the values in the message.
// For .cpp files (it includes fmt); public headers need only base/error.h.
#pragma once

#include <fmt/format.h>

#include <korrel/framework/base/dims.h>
#include <korrel/framework/base/dtype.h>
#include <korrel/framework/base/error.h>

template <>
struct fmt::formatter<korrel::Dims> : fmt::formatter<std::string> {
  auto format(const korrel::Dims& dims, format_context& context) const {
    return formatter<std::string>::format(korrel::to_string(dims), context);
  }
};

template <>
struct fmt::formatter<korrel::DType> : fmt::formatter<std::string_view> {
  auto format(korrel::DType dtype, format_context& context) const {
    return formatter<std::string_view>::format(korrel::name(dtype), context);
  }
};

namespace korrel {

template <class E = Error, class... Args>
[[noreturn]] void fail(fmt::format_string<const Args&...> message, const Args&... args) {
  throw E(fmt::format(message, args...));
}

template <class E = Error, class... Args>
void check(bool condition, fmt::format_string<const Args&...> message, const Args&... args) {
  if (!condition) [[unlikely]]
    fail<E>(message, args...);
}

}  // namespace korrel
