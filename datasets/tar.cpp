#include <korrel/datasets/tar.h>

#include <algorithm>
#include <array>
#include <string_view>

#include <korrel/framework/base/check.h>

namespace korrel::datasets {
namespace {

constexpr int64_t block_bytes = 512;
using Block = std::array<uint8_t, block_bytes>;

std::string text_field(const Block& block, std::size_t begin, std::size_t size) {
  const char* text = reinterpret_cast<const char*>(block.data()) + begin;
  return {text, std::find(text, text + size, '\0')};
}

// Octal digits, padded by spaces and zero bytes; -1 for anything else. GNU's base-256 form (first bit set) is refused:
// it is for files past 8 GiB.
int64_t octal_field(const Block& block, std::size_t begin, std::size_t size) {
  int64_t value = 0;
  bool digits = false, ended = false;
  for (std::size_t i = begin; i < begin + size; ++i) {
    uint8_t c = block[i];
    if (c >= '0' && c <= '7' && !ended) {
      value = value * 8 + (c - '0');
      digits = true;
    } else if (c == ' ' || c == 0) {
      ended = digits;
    } else {
      return -1;
    }
  }
  return digits ? value : -1;
}

bool leads_out(const std::string& name) {
  if (!name.empty() && name[0] == '/') return true;
  for (std::size_t begin = 0; begin <= name.size();) {
    std::size_t end = std::min(name.find('/', begin), name.size());
    if (std::string_view(name).substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

// The sum of the header's bytes with its own field taken as spaces.
int64_t checksum(const Block& block) {
  int64_t sum = 8 * ' ';
  for (std::size_t i = 0; i < block.size(); ++i) sum += i < 148 || i >= 156 ? block[i] : 0;
  return sum;
}

}  // namespace

bool TarReader::next() {
  for (;;) {
    stream_.skip(left_ + padding_, "the bytes of a member");
    left_ = padding_ = size_ = 0;
    Block block;
    int64_t begin = stream_.position();
    std::size_t got = stream_.read_some(block.data(), block.size());
    if (got == 0) return false;  // without the two closing blocks: some writers leave them out
    check<IoError>(got == block.size(), "{}: truncated: a tar header at byte {} has {} of 512 bytes", stream_.path(),
                   begin, got);
    if (std::all_of(block.begin(), block.end(), [](uint8_t byte) { return byte == 0; })) return false;

    int64_t sum = octal_field(block, 148, 8);
    check<IoError>(sum == checksum(block),
                   "{}: not a tar archive, or damaged: the header at byte {} has checksum {}, its bytes give {}",
                   stream_.path(), begin, sum, checksum(block));
    name_ = text_field(block, 0, 100);
    if (text_field(block, 257, 5) == "ustar" && block[263] == '0' && block[345] != 0)
      name_ = text_field(block, 345, 155) + "/" + name_;
    size_ = octal_field(block, 124, 12);
    check<IoError>(size_ >= 0, "{}: member '{}' has no readable size", stream_.path(), name_);
    check<IoError>(size_ <= stream_.most_left(), "{}: truncated: member '{}' has {} bytes, at most {} can follow",
                   stream_.path(), name_, size_, stream_.most_left());
    check<IoError>(!leads_out(name_), "{}: the name of member '{}' leads out of the folder", stream_.path(), name_);
    left_ = size_;
    padding_ = (block_bytes - size_ % block_bytes) % block_bytes;
    char type = static_cast<char>(block[156]);
    if (type == '0' || type == '\0') return true;  // others: folders, links, extended headers
  }
}

Tensor TarReader::read_u8(const Shape& shape) {
  int64_t bytes = shape.numel();
  check<IoError>(bytes >= 0 && bytes <= left_, "{}: member '{}' has {} bytes left, {} are asked for", stream_.path(),
                 name_, left_, bytes);
  Tensor result = stream_.read_u8(shape, name_.c_str());
  left_ -= bytes;
  return result;
}

}  // namespace korrel::datasets
