// Buffer<T>: working memory for the length of a call, from the caching allocator, uninitialised. Not a container: fixed
// size, trivial elements. For kernels and ops.
#pragma once

#include <cstdint>
#include <type_traits>

#include <korrel/framework/base/allocator.h>

namespace korrel {

template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Buffer(int64_t count)
      : bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(count > 0 ? static_cast<T*>(memory::allocate(bytes_)) : nullptr) {}
  ~Buffer() {
    if (data_ != nullptr) memory::deallocate(data_, bytes_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* data() { return data_; }
  T& operator[](int64_t i) { return data_[i]; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace korrel
