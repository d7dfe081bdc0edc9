#include <korrel/framework/base/check.h>

#include <algorithm>

namespace korrel {

fmt::appender PlainFormatter::write(std::string_view text, fmt::format_context& context) {
  return std::copy(text.begin(), text.end(), context.out());
}

}  // namespace korrel
