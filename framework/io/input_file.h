// A file opened for reading at any place: what every reader here starts from. Throws IoError naming the path and what
// the system said; a folder, a pipe or a device is refused. Not a stream: framework/io/byte_stream.h reads in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace korrel {

class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }  // bytes, when it was opened

  // Exactly `bytes` bytes from `offset`; throws IoError when the file ends before.
  void read_at(int64_t offset, void* to, std::size_t bytes) const;

 private:
  std::string path_;
  int file_ = -1;
  int64_t size_ = 0;
};

}  // namespace korrel
