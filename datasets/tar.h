// Walks through a tar archive (ustar, GNU and pax), gzip'd or not, from front to back; nothing is written to disk.
// Throws IoError naming the archive, the rule and the values: a bad checksum or size, a truncated member, a name that
// leads out of the folder ("../x", "/x").
#pragma once

#include <string>

#include <korrel/framework/io/byte_stream.h>

namespace korrel::datasets {

class TarReader {
 public:
  explicit TarReader(const std::string& path) : stream_(path) {}

  // Goes on to the next regular file, past what is left of this one; false at the end of the archive.
  bool next();
  const std::string& name() const { return name_; }  // with its folders
  int64_t size() const { return size_; }             // bytes

  // The next bytes of this file as a u8 tensor of `shape`; throws IoError past its end.
  Tensor read_u8(const Shape& shape);

 private:
  ByteStream stream_;
  std::string name_;
  int64_t size_ = 0;
  int64_t left_ = 0;     // of this file
  int64_t padding_ = 0;  // after it, to the next block
};

}  // namespace korrel::datasets
