#include <korrel/datasets/idx.h>

#include <array>

#include <korrel/framework/base/check.h>
#include <korrel/framework/io/byte_stream.h>

namespace korrel::datasets {
namespace {

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

Tensor load_idx(const std::string& path, int rank) {
  ByteStream stream(path);
  std::array<uint8_t, 4> word;
  stream.read(word.data(), word.size(), "the magic number");
  uint32_t magic = big_endian(word.data()), expected = 0x0800 + static_cast<uint32_t>(rank);
  check<IoError>(
      magic == expected,
      "{}: not the idx file that is expected: its magic number is {:#010x}, not {:#010x} (bytes in {} dimensions)",
      path, magic, expected, rank);
  Shape shape = Shape::filled(rank, 0);
  for (int64_t& size : shape) {
    stream.read(word.data(), word.size(), "the sizes");
    size = big_endian(word.data());
  }
  Tensor result = stream.read_u8(shape, "the values");
  check<IoError>(stream.at_end(), "{}: bytes follow the values of shape {}", path, shape);
  return result;
}

}  // namespace korrel::datasets
