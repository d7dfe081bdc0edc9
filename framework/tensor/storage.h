// Storage: a counted block of bytes. One allocation: this header, then the data on the next cache line.
// Knows no dtype and no shape; tensors and their views share it.
#pragma once

#include <cstddef>

#include <korrel/framework/base/ref.h>

namespace korrel {

class Storage : public Counted {
 public:
  static Ref<Storage> allocate(std::size_t bytes);  // uninitialised; throws Error when memory is out
  static void destroy(Storage* storage);

  std::byte* data() { return reinterpret_cast<std::byte*>(this) + header_bytes; }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t header_bytes = 64;
  explicit Storage(std::size_t bytes) : bytes_(bytes) {}

  std::size_t bytes_;
};

}  // namespace korrel
