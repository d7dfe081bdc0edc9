// Where the files of a data set lie: the folder given, or the one that KORREL_DATA names, or a usual sub-folder of it.
// For the readers of data sets; what is missing is told with what was expected and how to get it.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace korrel::datasets {

struct FolderSearch {
  std::string dataset;                   // "mnist", for messages
  std::vector<std::string> sub_folders;  // tried before the folder itself
  std::vector<std::string> files;        // the first of these that is there marks the folder as the right one
  std::string expected;                  // "train-images-idx3-ubyte (or .gz) and ..."
  std::string how_to_get;                // "download ... from ..."
};

// `folder`, or KORREL_DATA if it is empty. Throws IoError.
std::string find_folder(const std::string& folder, const FolderSearch& search);

// The path of the first of `names` that is a file in `folder`; empty if none is.
std::string find_file(const std::string& folder, const std::vector<std::string>& names);

}  // namespace korrel::datasets
