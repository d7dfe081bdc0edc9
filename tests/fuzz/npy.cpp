#include <korrel/framework/io/npy.h>
#include <tests/fuzz/input.h>
#include <tests/fuzz/targets.h>

void fuzz::npy(std::string_view bytes) {
  MemoryFile file(bytes);
  watch(base_bytes + 2 * widest * bytes.size(),
        [&] { korrel::load_npy(file.path()); });  // twice: Fortran order is copied
}
