// FileRange: the bytes of a file from some place on, as a ByteSource.
#pragma once

#include <korrel/framework/io/input_file.h>
#include <korrel/framework/io/stored_elements.h>

namespace korrel {

class FileRange : public ByteSource {
 public:
  FileRange(const InputFile& file, int64_t begin) : file_(file), next_(begin) {}
  void read(void* to, std::size_t bytes) override {
    file_.read_at(next_, to, bytes);
    next_ += static_cast<int64_t>(bytes);
  }

 private:
  const InputFile& file_;
  int64_t next_;
};

}  // namespace korrel
