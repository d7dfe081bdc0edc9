#include <korrel/framework/io/safetensors.h>
#include <tests/fuzz/input.h>
#include <tests/fuzz/targets.h>

void fuzz::safetensors(std::string_view bytes) {
  MemoryFile file(bytes);
  watch(base_bytes + widest * bytes.size(), [&] { korrel::load_safetensors(file.path()); });
}
