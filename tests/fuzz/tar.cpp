#include <korrel/datasets/tar.h>
#include <tests/fuzz/input.h>
#include <tests/fuzz/targets.h>
#include <tests/gzip.h>

#include <algorithm>

namespace {

constexpr std::size_t block = 512;
constexpr int64_t largest_read = 1 << 20;  // larger members are passed over

void read(std::string_view bytes) {
  fuzz::MemoryFile file(bytes);
  fuzz::watch(fuzz::base_bytes + fuzz::growing * fuzz::deflate_ratio * bytes.size(), [&] {
    korrel::datasets::TarReader tar(file.path());
    for (bool whole = true; tar.next(); whole = !whole)
      if (tar.size() <= largest_read) tar.read_u8({whole ? tar.size() : tar.size() / 2});
  });
}

// The same with the right checksum in every block that looks like a header: mutations do not find it.
std::string with_checksums(std::string bytes) {
  for (std::size_t at = 0; at + block <= bytes.size(); at += block) {
    if (bytes.compare(at + 257, 5, "ustar") != 0) continue;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at + 148), 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < block; ++i) sum += static_cast<unsigned char>(bytes[at + i]);
    char text[9];
    std::snprintf(text, sizeof(text), "%06o", sum);
    text[7] = ' ';
    std::copy_n(text, 8, bytes.begin() + static_cast<std::ptrdiff_t>(at + 148));
  }
  return bytes;
}

}  // namespace

void fuzz::tar(std::string_view bytes) {
  read(bytes);
  std::string valid = with_checksums(std::string(bytes));
  read(valid);
  read(gzip(valid));
}
