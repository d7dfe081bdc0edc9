// Scalar: a number that an op is given beside tensors, with the kind of number it was written as: `x + 2` keeps an i64
// x i64, `x + 2.5` makes it f32, as in PyTorch. Converts from every arithmetic type, so ops take `double`, `int` and
// `bool`.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <korrel/framework/base/dtype.h>

namespace korrel {

class Scalar {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> Scalar(T value) : value_(static_cast<double>(value)) {
    if constexpr (std::is_same_v<T, bool>) {
      dtype_ = boolean;
    } else if constexpr (std::is_integral_v<T>) {
      dtype_ = i64;
    }
    if constexpr (std::is_integral_v<T>) integer_ = static_cast<int64_t>(value);
  }

  DType dtype() const { return dtype_; }  // boolean, i64 or f64: the kind of the number, not its width
  double value() const { return value_; }
  template <class T>
  T to() const {  // an integer keeps all of its 64 bits
    if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(value_);
    else
      return static_cast<T>(is_floating(dtype_) ? static_cast<int64_t>(value_) : integer_);
  }

 private:
  double value_;
  int64_t integer_ = 0;
  DType dtype_ = f64;
};

}  // namespace korrel
