// check<ShapeError>(condition, "op: rule, got {}", values...): throws with the values in the message.
// For .cpp files (it includes fmt); public headers need only base/error.h.
#pragma once

#include <fmt/core.h>

#include <korrel/framework/base/dims.h>
#include <korrel/framework/base/dtype.h>
#include <korrel/framework/base/error.h>

namespace korrel {

// A type that is written as one text, by "{}" alone. Its code is in one place: fmt's own formatter of strings, in every
// source, cost a tenth of a small source's compile time.
struct PlainFormatter {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  static fmt::appender write(std::string_view text, fmt::format_context& context);
};

}  // namespace korrel

template <>
struct fmt::formatter<korrel::Dims> : korrel::PlainFormatter {
  static auto format(const korrel::Dims& dims, format_context& context) {
    return write(korrel::to_string(dims), context);
  }
};

template <>
struct fmt::formatter<korrel::DType> : korrel::PlainFormatter {
  static auto format(korrel::DType dtype, format_context& context) { return write(korrel::name(dtype), context); }
};

namespace korrel {

template <class E = Error, class... Args>
[[noreturn, gnu::cold]] void fail(fmt::format_string<const Args&...> message, const Args&... args) {
  throw E(fmt::format(message, args...));
}

template <class E = Error, class... Args>
void check(bool condition, fmt::format_string<const Args&...> message, const Args&... args) {
  if (!condition) [[unlikely]]
    fail<E>(message, args...);
}

}  // namespace korrel
