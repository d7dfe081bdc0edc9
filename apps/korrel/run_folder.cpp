#include <apps/korrel/run_folder.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/io/atomic_file.h>

#include <filesystem>

namespace korrel::app {

namespace fs = std::filesystem;

RunFolder::RunFolder(const std::string& path, int64_t bytes) : path_(path) {
  std::error_code error;
  fs::create_directories(path, error);
  check<IoError>(!error && fs::is_directory(path), "{}: the output folder cannot be made: {}", path,
                 error ? error.message() : "it is something else");
  AtomicFile room(file("model.safetensors"));  // not committed: written to see whether it can be, then removed
  std::string zeros(1 << 16, '\0');
  for (int64_t done = 0; done < bytes; done += static_cast<int64_t>(zeros.size())) room.write(zeros);
}

std::string next_run_folder(const std::string& name) {
  std::string path = "runs/" + name;
  for (int number = 2; fs::exists(path); ++number) path = fmt::format("runs/{}-{}", name, number);
  return path;
}

}  // namespace korrel::app
