#include <korrel/framework/io/stored_elements.h>

#include <algorithm>
#include <bit>

#include <korrel/framework/base/check.h>

namespace korrel {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian and are read in place");

float from_bfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

float from_float16(uint16_t bits) {
  uint32_t sign = uint32_t{bits} >> 15 << 31, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 0)
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(static_cast<float>(fraction) * 0x1p-24f));
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

template <class T>
void swap_bytes(T* values, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    auto* bytes = reinterpret_cast<std::byte*>(values + i);
    std::reverse(bytes, bytes + sizeof(T));
  }
}

// Straight into the tensor: the file stores what the tensor holds.
template <class T>
Tensor read_same(const Shape& shape, ByteSource& source, bool swapped) {
  Tensor result = make_tensor(shape, dtype_of<T>);
  source.read(result.raw_data(), static_cast<std::size_t>(result.numel()) * sizeof(T));
  if (swapped) swap_bytes(result.data<T>(), result.numel());
  return result;
}

// Reads the elements as From and stores convert(each) as To, in pieces that fit the cache.
template <class To, class From, class Convert>
Tensor read_converted(const Shape& shape, ByteSource& source, bool swapped, Convert convert) {
  Tensor result = make_tensor(shape, dtype_of<To>);
  To* out = result.data<To>();
  std::vector<From> piece(4096);
  for (int64_t done = 0, n = shape.numel(); done < n;) {
    int64_t part = std::min<int64_t>(n - done, static_cast<int64_t>(piece.size()));
    source.read(piece.data(), static_cast<std::size_t>(part) * sizeof(From));
    if (swapped) swap_bytes(piece.data(), part);
    for (int64_t i = 0; i < part; ++i) out[done + i] = convert(piece[static_cast<std::size_t>(i)]);
    done += part;
  }
  return result;
}

template <class From>
Tensor read_integers(const Shape& shape, ByteSource& source, bool swapped) {
  return read_converted<int64_t, From>(shape, source, swapped, [](From value) { return static_cast<int64_t>(value); });
}

}  // namespace

int64_t stored_bytes(StoredType type) {
  switch (type) {
    case StoredType::i8:
    case StoredType::u8:
    case StoredType::boolean:
      return 1;
    case StoredType::f16:
    case StoredType::bf16:
    case StoredType::i16:
    case StoredType::u16:
      return 2;
    case StoredType::f32:
    case StoredType::i32:
    case StoredType::u32:
      return 4;
    default:
      return 8;
  }
}

std::optional<int64_t> stored_bytes(StoredType type, const Shape& shape) {
  int64_t bytes = stored_bytes(type);
  bool empty = false;
  for (int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes)) return std::nullopt;
    empty = empty || size == 0;
  }
  return empty ? 0 : bytes;
}

DType read_dtype(StoredType type) {
  switch (type) {
    case StoredType::f16:
    case StoredType::bf16:
    case StoredType::f32:
      return f32;
    case StoredType::f64:
      return f64;
    case StoredType::u8:
      return u8;
    case StoredType::boolean:
      return boolean;
    default:
      return i64;
  }
}

Tensor read_stored(StoredType type, const Shape& shape, ByteSource& source, const std::string& what, bool swapped) {
  switch (type) {
    case StoredType::f32:
      return read_same<float>(shape, source, swapped);
    case StoredType::f64:
      return read_same<double>(shape, source, swapped);
    case StoredType::i64:
      return read_same<int64_t>(shape, source, swapped);
    case StoredType::u8:
      return read_same<uint8_t>(shape, source, false);
    case StoredType::boolean:
      return read_converted<bool, uint8_t>(shape, source, false, [](uint8_t byte) { return byte != 0; });
    case StoredType::f16:
      return read_converted<float, uint16_t>(shape, source, swapped, from_float16);
    case StoredType::bf16:
      return read_converted<float, uint16_t>(shape, source, swapped, from_bfloat16);
    case StoredType::i8:
      return read_integers<int8_t>(shape, source, false);
    case StoredType::i16:
      return read_integers<int16_t>(shape, source, swapped);
    case StoredType::i32:
      return read_integers<int32_t>(shape, source, swapped);
    case StoredType::u16:
      return read_integers<uint16_t>(shape, source, swapped);
    case StoredType::u32:
      return read_integers<uint32_t>(shape, source, swapped);
    default:
      return read_converted<int64_t, uint64_t>(shape, source, swapped, [&](uint64_t value) {
        check<IoError>(value <= uint64_t{INT64_MAX}, "{} holds {}, past i64", what, value);
        return static_cast<int64_t>(value);
      });
  }
}

}  // namespace korrel
