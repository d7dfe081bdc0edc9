#include <korrel/datasets/catalogue.h>

#include <korrel/datasets/cifar.h>
#include <korrel/datasets/digits.h>
#include <korrel/datasets/mnist.h>
#include <korrel/datasets/solids.h>
#include <korrel/datasets/waves.h>
#include <korrel/framework/base/check.h>

namespace korrel::datasets {

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> entries = {
      {"digits", "generated handwritten-style digits", {1, 28, 28}, 10, false},
      {"mnist", "handwritten digits (idx files)", {1, 28, 28}, 10, true},
      {"fashion-mnist", "pictures of clothes (idx files)", {1, 28, 28}, 10, true},
      {"cifar10", "colour photographs of ten kinds (binary batches or their tar.gz)", {3, 32, 32}, 10, true},
      {"waves", "generated sequences: sine, square, sawtooth, triangle", {1, 128}, 4, false},
      {"solids", "generated volumes: ball, cube, rod, ring", {1, 16, 16, 16}, 4, false},
  };
  return entries;
}

const CatalogueEntry& find_dataset(const std::string& name) {
  std::string names;
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.name == name) return entry;
    names += (names.empty() ? "" : ", ") + entry.name;
  }
  fail<ValueError>("unknown data set '{}'; there are: {}", name, names);
}

Dataset load_dataset(const std::string& name, const std::string& folder, Split split) {
  find_dataset(name);
  if (name == "mnist") return mnist(folder, split);
  if (name == "fashion-mnist") return fashion_mnist(folder, split);
  if (name == "cifar10") return cifar10(folder, split);
  if (name == "waves") return waves({.train = split.train});
  if (name == "solids") return solids({.train = split.train});
  return digits({.train = split.train});
}

}  // namespace korrel::datasets
