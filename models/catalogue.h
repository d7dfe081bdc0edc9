// The models by name, as the program's `korrel train MODEL` takes them.
#pragma once

#include <string>
#include <vector>

#include <korrel/layers/containers.h>

namespace korrel::models {

struct CatalogueEntry {
  std::string name;  // "lenet5"
  std::string what;  // one line
  Shape input;       // of one sample that the model is made for: [1,28,28]
  int64_t classes = 10;
};

const std::vector<CatalogueEntry>& catalogue();

// The entry of that name. Throws ValueError listing all names.
const CatalogueEntry& find_model(const std::string& name);

// The model for samples of shape `input` (empty: the entry's) and `classes` (0: the entry's). Throws ValueError for an
// unknown name and for an input that the model cannot take, naming both.
nn::AnyModule make_model(const std::string& name, const Shape& input = {}, int64_t classes = 0);

}  // namespace korrel::models
