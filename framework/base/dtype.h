// The element types of a tensor, and visit(dtype, f) to go from the run-time value to the C++ type.
// f64 exists so that gradients can be checked; i64 holds labels and indices, u8 images, boolean masks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace korrel {

enum class DType : uint8_t { f32, f64, i64, u8, boolean };

inline constexpr DType f32 = DType::f32, f64 = DType::f64, i64 = DType::i64, u8 = DType::u8, boolean = DType::boolean;

constexpr std::size_t size_of(DType dtype) { return dtype == f32 ? 4 : dtype == f64 || dtype == i64 ? 8 : 1; }
constexpr bool is_floating(DType dtype) { return dtype <= f64; }
constexpr std::string_view name(DType dtype) {
  constexpr std::string_view names[] = {"f32", "f64", "i64", "u8", "bool"};
  return names[static_cast<int>(dtype)];
}

// The dtype of C++ type T; other types do not compile.
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> : std::integral_constant<DType, f32> {};
template <>
struct DTypeOf<double> : std::integral_constant<DType, f64> {};
template <>
struct DTypeOf<int64_t> : std::integral_constant<DType, i64> {};
template <>
struct DTypeOf<uint8_t> : std::integral_constant<DType, u8> {};
template <>
struct DTypeOf<bool> : std::integral_constant<DType, boolean> {};
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

// Calls f.operator()<T>() with the C++ type of `dtype`: visit(x.dtype(), [&]<class T>() { ... }).
template <class F>
decltype(auto) visit(DType dtype, F&& f) {
  switch (dtype) {
    case f32:
      return f.template operator()<float>();
    case f64:
      return f.template operator()<double>();
    case i64:
      return f.template operator()<int64_t>();
    case u8:
      return f.template operator()<uint8_t>();
    default:
      return f.template operator()<bool>();
  }
}

// The same for an op that exists in f32 and f64 only; the caller has checked the dtype.
template <class F>
decltype(auto) visit_floating(DType dtype, F&& f) {
  return dtype == f64 ? f.template operator()<double>() : f.template operator()<float>();
}

}  // namespace korrel
