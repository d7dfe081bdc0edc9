// Elements as files store them: more kinds than a Tensor has, read by widening. Shared by the readers of safetensors
// and npy; knows neither format.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

enum class StoredType : uint8_t { f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

int64_t stored_bytes(StoredType type);  // of one element
// Of a tensor; nothing if they pass 2^63, or would if its sizes of 0 were 1: then its strides could not be told.
std::optional<int64_t> stored_bytes(StoredType type, const Shape& shape);
DType read_dtype(StoredType type);  // what it becomes: f16 and bf16 f32, integers other than u8 i64

// Bytes in order, from wherever they come.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual void read(void* to, std::size_t bytes) = 0;  // exactly so many; throws IoError
};

// The next elements of `source` as a tensor of `shape`; little-endian, or big-endian if `swapped`. Any byte but 0 is
// true. Throws IoError naming `what` when a u64 does not fit i64.
Tensor read_stored(StoredType type, const Shape& shape, ByteSource& source, const std::string& what,
                   bool swapped = false);

}  // namespace korrel
