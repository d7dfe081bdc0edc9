#include <korrel/framework/ops/options.h>

#include <korrel/framework/base/check.h>

namespace korrel {

Dims PerAxis::over(int axes, const char* op, const char* option) const {
  if (values_.rank() == 1) return Dims::filled(axes, values_[0]);
  check<ShapeError>(values_.rank() == axes, "{}: {} needs one number or {}, got {}", op, option, axes, values_);
  return values_;
}

Padding::Padding(const char* mode) : PerAxis(0), same_(std::string_view(mode) == "same") {
  check<ValueError>(same_ || std::string_view(mode) == "valid", "padding: \"same\", \"valid\" or numbers, got \"{}\"",
                    mode);
}

}  // namespace korrel
