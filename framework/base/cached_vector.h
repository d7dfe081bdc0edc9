// CachedVector<T>: a std::vector whose memory comes from the caching allocator, for what the engine builds up and
// throws away in every step. A steady training loop then asks the system for nothing.
#pragma once

#include <vector>

#include <korrel/framework/base/allocator.h>

namespace korrel {

template <class T>
struct CachingAllocator {
  using value_type = T;
  CachingAllocator() = default;
  template <class U>
  CachingAllocator(const CachingAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(memory::allocate(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept { memory::deallocate(block, count * sizeof(T)); }
  friend bool operator==(const CachingAllocator&, const CachingAllocator&) { return true; }
};

template <class T>
using CachedVector = std::vector<T, CachingAllocator<T>>;

}  // namespace korrel
