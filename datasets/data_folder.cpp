#include <korrel/datasets/data_folder.h>

#include <cstdlib>
#include <filesystem>

#include <korrel/framework/base/check.h>

namespace korrel::datasets {

namespace fs = std::filesystem;

std::string find_file(const std::string& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    fs::path path = fs::path(folder) / name;
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) return path.string();
  }
  return {};
}

std::string find_folder(const std::string& given, const FolderSearch& search) {
  std::string folder = given, source;
  if (folder.empty()) {
    const char* variable = std::getenv("KORREL_DATA");
    if (variable) folder = variable;
    source = " (from KORREL_DATA)";
  }
  std::string advice =
      fmt::format("expected {}; {}, then name the folder (--data-dir, or KORREL_DATA in the environment)",
                  search.expected, search.how_to_get);
  check<IoError>(!folder.empty(), "{}: no data folder was named; {}", search.dataset, advice);
  std::error_code ignored;
  check<IoError>(fs::is_directory(folder, ignored), "{}: there is no folder '{}'{}; {}", search.dataset, folder, source,
                 advice);
  std::string tried;
  for (const std::string& sub_folder : search.sub_folders) {
    std::string inside = (fs::path(folder) / sub_folder).string();
    if (!find_file(inside, search.files).empty()) return inside;
    tried += (tried.empty() ? "" : ", ") + sub_folder;
  }
  check<IoError>(!find_file(folder, search.files).empty(), "{}: nothing to read in '{}'{} or its sub-folders ({}); {}",
                 search.dataset, folder, source, tried, advice);
  return folder;
}

}  // namespace korrel::datasets
