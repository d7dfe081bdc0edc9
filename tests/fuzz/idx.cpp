#include <korrel/datasets/idx.h>
#include <tests/fuzz/input.h>
#include <tests/fuzz/targets.h>
#include <tests/gzip.h>

namespace {

void read(std::string_view bytes) {
  fuzz::MemoryFile file(bytes);
  for (int rank : {1, 3})
    fuzz::watch(fuzz::base_bytes + fuzz::growing * fuzz::deflate_ratio * bytes.size(),
                [&] { korrel::datasets::load_idx(file.path(), rank); });
}

}  // namespace

void fuzz::idx(std::string_view bytes) {
  read(bytes);
  read(gzip(std::string(bytes)));  // a mutated stream hardly ever has the right checksum
}
