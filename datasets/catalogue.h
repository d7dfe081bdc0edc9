// The data sets by name, as the program's --data takes them.
#pragma once

#include <string>
#include <vector>

#include <korrel/datasets/dataset.h>

namespace korrel::datasets {

struct CatalogueEntry {
  std::string name;  // "fashion-mnist"
  std::string what;  // one line
  Shape sample;      // [C,H,W] of one sample
  int64_t classes = 0;
  bool needs_files = false;  // false: generated
};

const std::vector<CatalogueEntry>& catalogue();

// The entry of that name. Throws ValueError listing all names.
const CatalogueEntry& find_dataset(const std::string& name);

// Reads or generates it. `folder` is for those that need files; if empty, KORREL_DATA names it. Throws as its reader
// does.
Dataset load_dataset(const std::string& name, const std::string& folder, Split split);

}  // namespace korrel::datasets
