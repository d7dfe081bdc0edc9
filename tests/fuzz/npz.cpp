#include <korrel/framework/io/npy.h>
#include <tests/fuzz/input.h>
#include <tests/fuzz/targets.h>

void fuzz::npz(std::string_view bytes) {
  MemoryFile file(bytes);
  watch(base_bytes + 2 * widest * deflate_ratio * bytes.size(), [&] { korrel::load_npz(file.path()); });
}
