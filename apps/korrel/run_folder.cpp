#include <apps/korrel/run_folder.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/io/atomic_file.h>

#include <filesystem>

namespace korrel::app {

namespace fs = std::filesystem;

namespace {

// What AtomicFile had not yet renamed when its process was killed. A run folder has one writer.
void remove_remains(const std::string& path) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, ignored)) {
    std::string name = entry.path().filename().string();
    for (const char* ours :
         {"config.json.", "metrics.csv.", "model.safetensors.", "curves.svg.", "checkpoint.safetensors."})
      if (name.starts_with(ours) && name.ends_with(".tmp")) fs::remove(entry.path(), ignored);
  }
}

}  // namespace

RunFolder::RunFolder(const std::string& path, int64_t bytes) : path_(path) {
  std::error_code error;
  fs::create_directories(path, error);
  check<IoError>(!error && fs::is_directory(path), "{}: the output folder cannot be made: {}", path,
                 error ? error.message() : "it is something else");
  remove_remains(path);
  AtomicFile room(weights());  // not committed: written to see whether it can be, then removed
  std::string zeros(1 << 16, '\0');
  for (int64_t done = 0; done < bytes; done += static_cast<int64_t>(zeros.size())) room.write(zeros);
}

bool RunFolder::has_checkpoint() const { return fs::exists(checkpoint()); }
void RunFolder::remove_checkpoint() const {
  std::error_code error;
  fs::remove(checkpoint(), error);
  check<IoError>(!error, "{}: cannot be removed: {}", checkpoint(), error.message());
}

std::string next_run_folder(const std::string& name) {
  std::string path = "runs/" + name;
  for (int number = 2; fs::exists(path); ++number) path = fmt::format("runs/{}-{}", name, number);
  return path;
}

}  // namespace korrel::app
