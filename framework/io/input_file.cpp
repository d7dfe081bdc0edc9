#include <korrel/framework/io/input_file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <korrel/framework/base/check.h>

namespace korrel {

InputFile::InputFile(std::string path) : path_(std::move(path)) {
  file_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe without a writer must not block
  check<IoError>(file_ >= 0, "{}: cannot be opened: {}", path_, std::strerror(errno));
  struct stat status {};
  if (fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file_);
    fail<IoError>("{}: is not a regular file", path_);
  }
  size_ = status.st_size;
}

InputFile::~InputFile() { close(file_); }

void InputFile::read_at(int64_t offset, void* to, std::size_t bytes) const {
  auto* out = static_cast<std::byte*>(to);
  while (bytes > 0) {
    ssize_t got = pread(file_, out, bytes, offset);
    if (got < 0 && errno == EINTR) continue;
    check<IoError>(got >= 0, "{}: cannot be read: {}", path_, std::strerror(errno));
    check<IoError>(got > 0, "{}: ends at byte {}, {} more were expected", path_, offset, bytes);
    out += got;
    offset += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

}  // namespace korrel
