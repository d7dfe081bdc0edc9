// Where the bytes of tensors and graph nodes come from: freed blocks are kept by size class and handed out again, so a
// steady training loop asks the system for nothing. Not a general malloc: blocks are 64-byte aligned, sizes are
// rounded up, and the caller gives the size back on free.
#pragma once

#include <cstddef>
#include <cstdint>

namespace korrel::memory {

inline constexpr std::size_t alignment = 64;  // a cache line, and the widest vector

void* allocate(std::size_t bytes);  // throws Error when the system has no more
void deallocate(void* block, std::size_t bytes) noexcept;

struct Statistics {
  int64_t bytes_in_use = 0;        // handed out now, rounded sizes; blocks up to 1 KiB are not counted
  int64_t peak_bytes_in_use = 0;   // highest since start or reset_peak()
  int64_t bytes_cached = 0;        // freed and kept for reuse
  int64_t system_allocations = 0;  // calls that had to ask the system
};
Statistics statistics();
void reset_peak();
void release_cached();  // gives all kept blocks of the large classes back to the system

}  // namespace korrel::memory
