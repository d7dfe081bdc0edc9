// What the targets share: bytes as a file that a reader can open by its path, and a reading that is watched.
#pragma once

#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/error.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fuzz {

// A file in memory; gone with this.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : file_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (file_ < 0 || write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("no file in memory");
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

// Calls read(), where an Error is as good as success; aborts if tensors took more than `limit` bytes at any time.
template <class F>
void watch(std::size_t limit, const F& read) {
  namespace memory = korrel::memory;
  memory::reset_peak();
  int64_t before = memory::statistics().bytes_in_use;
  try {
    read();
  } catch (const korrel::Error& error) {
    if (error.what()[0] == '\0') std::abort();
  }
  int64_t used = memory::statistics().peak_bytes_in_use - before;
  if (used <= static_cast<int64_t>(limit)) return;
  std::fprintf(stderr, "%lld bytes of tensors, at most %zu are in such a file\n", static_cast<long long>(used), limit);
  std::abort();
}

constexpr std::size_t base_bytes = 4 << 20;  // whatever the file
constexpr std::size_t deflate_ratio = 1032;  // the most that a byte unpacks to
constexpr std::size_t widest = 9;            // i8 becomes i64, with some room
constexpr std::size_t growing = 3;           // while a tensor that fills up moves to one twice as large

}  // namespace fuzz
