// Writes a file whole or not at all: into a temporary file in the same folder, which takes the place of the old file by
// rename once all is on the disk. Whoever reads sees the old or the new file, also after a crash. Every writer uses it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace korrel {

class AtomicFile {
 public:
  // Opens the temporary file. Throws IoError if the folder is missing or cannot be written to, or if `path` is
  // something other than a regular file (renaming would replace a folder or device). A link is followed.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();  // without commit() the temporary file is removed and the old file stays
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Both throw IoError naming the path, on a full disk for example.
  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }

  void commit();  // to the disk, then in place of the old file

 private:
  void flush();
  void write_through(const char* from, std::size_t bytes);
  [[noreturn]] void fail_writing(const char* what);

  std::string path_;
  std::string target_;     // path_ with links followed
  std::string temporary_;  // empty once renamed
  std::string buffer_;     // small writes are gathered
  int file_ = -1;
};

void write_file(const std::string& path, std::string_view text);  // all of the above in one

}  // namespace korrel
