// Reads a file from front to back, unpacking it on the way if it is gzip'd (told by its first bytes, not its name).
// Memory: one buffer of 64 KiB, whatever the file claims. Data set readers use it. Every error is an IoError naming the
// path: a file that ends early, a corrupt or cut gzip stream, a wrong checksum, bytes after the last gzip member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

class ByteStream {
 public:
  explicit ByteStream(const std::string& path);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  const std::string& path() const;
  int64_t position() const { return position_; }  // bytes given out, after unpacking
  // No more bytes than this can be left: the rest of a plain file, or 1,032 times the packed size (deflate's limit).
  int64_t most_left() const;

  std::size_t read_some(void* to, std::size_t bytes);  // fewer than asked for only at the end
  // Exactly `bytes`; `what` names them in the message when the file ends before.
  void read(void* to, std::size_t bytes, const char* what);
  void skip(int64_t bytes, const char* what);
  // A u8 tensor of `shape` read from here. Memory grows with the bytes that really arrive, so a file that merely claims
  // to be huge costs nothing.
  Tensor read_u8(const Shape& shape, const char* what);
  bool at_end();  // looks by unpacking one byte more: call it last

 private:
  struct State;
  std::unique_ptr<State> state_;
  int64_t position_ = 0;
};

}  // namespace korrel
