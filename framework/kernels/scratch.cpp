#include <korrel/framework/kernels/scratch.h>

#include <array>
#include <cstdlib>
#include <new>

namespace korrel::kernels {
namespace {

constexpr size_t kAlignment = 64;

struct Buffers {
  struct Buffer {
    void* data = nullptr;
    size_t bytes = 0;
  };
  std::array<Buffer, static_cast<size_t>(Scratch::kCount)> of;

  ~Buffers() {
    for (Buffer& buffer : of) std::free(buffer.data);
  }
};

}  // namespace

void* scratch_bytes(Scratch use, size_t bytes) {
  thread_local Buffers buffers;
  Buffers::Buffer& buffer = buffers.of[static_cast<size_t>(use)];
  if (bytes > buffer.bytes) {
    bytes =
        (bytes + bytes / 4 + 4095) / 4096 * 4096;  // some room, so that slowly growing sizes do not allocate each time
    std::free(buffer.data);
    buffer = {std::aligned_alloc(kAlignment, bytes), bytes};
    if (buffer.data == nullptr) {
      buffer.bytes = 0;
      throw std::bad_alloc();
    }
  }
  return buffer.data;
}

}  // namespace korrel::kernels
