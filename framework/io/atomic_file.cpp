#include <korrel/framework/io/atomic_file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <korrel/framework/base/check.h>

namespace korrel {
namespace {

constexpr std::size_t buffer_bytes = 64 << 10;

std::string follow_links(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (!resolved) return path;  // does not exist yet
  std::string target = resolved;
  std::free(resolved);
  return target;
}

std::string folder_of(const std::string& path) {
  std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path), target_(follow_links(path)) {
  static std::atomic<int> counter{0};
  struct stat old {};
  bool exists = stat(target_.c_str(), &old) == 0;
  check<IoError>(!exists || S_ISREG(old.st_mode), "{}: cannot be written: is not a regular file", path_);
  do {  // a killed process of the same number may have left its file: in containers numbers come again
    temporary_ = fmt::format("{}.{}-{}.tmp", target_, getpid(), counter.fetch_add(1));
    file_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (file_ < 0 && errno == EEXIST);
  if (file_ < 0) {
    int error = errno;
    temporary_.clear();
    fail<IoError>("{}: cannot be written: {} (folder {})", path_, std::strerror(error), folder_of(target_));
  }
  if (exists) (void)!fchmod(file_, old.st_mode & 07777);  // the new file keeps the old one's permissions
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) close(file_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::fail_writing(const char* what) {
  fail<IoError>("{}: {}: {} (what was there before is unchanged)", path_, what, std::strerror(errno));
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  buffer_.reserve(buffer_bytes);
  if (buffer_.size() + bytes > buffer_bytes) flush();
  if (bytes > buffer_bytes) {
    write_through(static_cast<const char*>(data), bytes);
  } else {
    buffer_.append(static_cast<const char*>(data), bytes);
  }
}

void AtomicFile::write_through(const char* from, std::size_t bytes) {
  while (bytes > 0) {
    ssize_t written = ::write(file_, from, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_writing("cannot be written");
    from += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::flush() {
  write_through(buffer_.data(), buffer_.size());
  buffer_.clear();
}

void AtomicFile::commit() {
  flush();
  if (fsync(file_) != 0) fail_writing("cannot be brought to the disk");
  int file = std::exchange(file_, -1);
  if (close(file) != 0) fail_writing("cannot be closed");
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail_writing("cannot be replaced");
  temporary_.clear();
  int folder = open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {  // so that the new name outlives a power cut; some file systems cannot, the data is safe anyway
    (void)fsync(folder);
    close(folder);
  }
}

void write_file(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace korrel
