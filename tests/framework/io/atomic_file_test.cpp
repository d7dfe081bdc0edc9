// A file is written whole or not at all: the old file survives every failure, and no temporary file is left behind.
#include <doctest/doctest.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/io/atomic_file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tests/temporary_folder.h>

#include <csignal>

using namespace korrel;

namespace {

// Files cannot grow past `bytes` while this lives: to a writer that is a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit old_{};
};

}  // namespace

TEST_CASE("a committed file holds what was written, in small and large pieces") {
  TemporaryFolder folder;
  std::string large(300'000, 'x'), path = folder / "a.txt";
  AtomicFile file(path);
  file.write("small ");
  file.write(large);
  file.write(" end");
  CHECK_FALSE(std::filesystem::exists(path));
  file.commit();
  CHECK(read_bytes(path) == "small " + large + " end");
  CHECK(folder.files() == 1);
}

TEST_CASE("a file that is not committed leaves the old one and nothing else") {
  TemporaryFolder folder;
  std::string path = folder.write("a.txt", "old");
  {
    AtomicFile file(path);
    file.write("new");
  }
  CHECK(read_bytes(path) == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("what a killed process of the same number left behind is no hindrance") {
  TemporaryFolder folder;
  std::string path = folder / "a.txt";
  for (int i = 0; i < 100; ++i)
    folder.write("a.txt." + std::to_string(getpid()) + "-" + std::to_string(i) + ".tmp", "x");
  write_file(path, "new");
  CHECK(read_bytes(path) == "new");
  CHECK(folder.files() == 101);
}

TEST_CASE("a full disk is an IoError and the old file stays") {
  TemporaryFolder folder;
  std::string path = folder.write("a.txt", "old");
  std::string said;
  {
    FullDisk disk(4096);
    said = message_of<IoError>([&] { write_file(path, std::string(200'000, 'x')); });
  }
  CHECK(contains(said, path));
  CHECK(contains(said, "unchanged"));
  CHECK(read_bytes(path) == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("a folder that is missing, a file in place of a folder, and a folder in place of a file are IoErrors") {
  TemporaryFolder folder;
  folder.write("file", "");
  std::filesystem::create_directory(folder / "folder");
  for (std::string path : {folder / "missing/a", folder / "file/a", folder / "folder", std::string("/dev/null")}) {
    CAPTURE(path);
    CHECK(contains(message_of<IoError>([&] { write_file(path, "x"); }), path));
  }
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("links are followed and permissions kept") {
  TemporaryFolder folder;
  std::string path = folder.write("a.txt", "old");
  chmod(path.c_str(), 0640);
  std::filesystem::create_symlink(path, folder / "link");
  write_file(folder / "link", "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(read_bytes(path) == "new");
  struct stat status {};
  stat(path.c_str(), &status);
  CHECK((status.st_mode & 0777) == 0640);
}
