// Sizes as ops take them: one number for all spatial axes, or one per axis. Lets options read {.stride = 2} and
// {.padding = {1, 2}} and {.padding = "same"}.
#pragma once

#include <string_view>

#include <korrel/framework/base/dims.h>

namespace korrel {

// One int for every spatial axis, or one for each.
class PerAxis {
 public:
  PerAxis() = default;  // not given: the op's default
  PerAxis(int64_t all) : values_{all} {}
  PerAxis(int all) : values_{all} {}
  PerAxis(std::initializer_list<int64_t> each) : values_(each) {}
  PerAxis(const Dims& each) : values_(each) {}

  bool given() const { return !values_.empty(); }
  // `axes` numbers; throws ShapeError naming `op` and `option` when there are neither one nor `axes` of them.
  Dims over(int axes, const char* op, const char* option) const;
  const Dims& values() const { return values_; }

 private:
  Dims values_;
};

// Padding on both sides of each axis, or "same" (output as large as the input; stride 1) or "valid" (none).
class Padding : public PerAxis {
 public:
  using PerAxis::PerAxis;
  Padding() : PerAxis(0) {}
  Padding(const char* mode);  // throws ValueError for anything but "same" and "valid"
  bool is_same() const { return same_; }

 private:
  bool same_ = false;
};

enum class Reduction { none, mean, sum };

}  // namespace korrel
