// Lazy: an argument of check() that costs something to put into words. It is asked for its text only when the check
// fails: `check<ShapeError>(fits, "{}: too long {}", op, Lazy{[&] { return fmt::format("(x {})", x.shape()); }})`.
// Written out eagerly, the shapes in conv2d's checks took 2 us of every call.
#pragma once

#include <korrel/framework/base/check.h>

namespace korrel {

template <class F>
struct Lazy {
  F text;
};
template <class F>
Lazy(F) -> Lazy<F>;

}  // namespace korrel

template <class F>
struct fmt::formatter<korrel::Lazy<F>> : korrel::PlainFormatter {
  static auto format(const korrel::Lazy<F>& lazy, format_context& context) { return write(lazy.text(), context); }
};
