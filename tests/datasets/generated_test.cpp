// Waves, solids and the catalogue: each sample a function of (seed, index), four classes about as frequent, for any
// number of threads.
#include <doctest/doctest.h>
#include <korrel/datasets/catalogue.h>
#include <korrel/datasets/solids.h>
#include <korrel/datasets/waves.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <tests/temporary_folder.h>

#include <array>

using namespace korrel;
using namespace korrel::datasets;

namespace {

void check_frequencies(const Dataset& data) {
  std::array<int64_t, 4> frequency{};
  for (int64_t label : data.labels.to_vector<int64_t>()) ++frequency[static_cast<std::size_t>(label)];
  for (int64_t count : frequency) CHECK(count * 4 > data.size() * 7 / 10);
}

}  // namespace

TEST_CASE("waves") {
  Dataset data = waves(), test = waves({.train = false});
  data.validate();
  CHECK(data.inputs.shape() == Shape{4000, 1, 128});
  CHECK(test.size() == 1000);
  check_frequencies(data);
  CHECK(test.inputs.to_vector() != data.first(1000).inputs.to_vector());
  CHECK(waves({.count = 50}).inputs.to_vector() == data.first(50).inputs.to_vector());
  CHECK(waves({.count = 50, .seed = 1}).inputs.to_vector() != data.first(50).inputs.to_vector());
  CHECK(contains(message_of<ValueError>([] { waves({.length = 7}); }), "got 4000 and 7"));
}

TEST_CASE("solids") {
  int threads = num_threads();
  set_num_threads(1);
  Dataset data = solids({.count = 400});
  set_num_threads(4);
  CHECK(solids({.count = 400}).inputs.to_vector() == data.inputs.to_vector());
  set_num_threads(threads);
  data.validate();
  CHECK(data.inputs.shape() == Shape{400, 1, 16, 16, 16});
  check_frequencies(data);
  CHECK(contains(message_of<ValueError>([] { solids({.count = -1}); }), "got -1 and 16"));
  // A ball fills 4/3 pi r^3 voxels, r between 0.22 and 0.34 of the side; noise averages out.
  for (int64_t i = 0; i < data.size(); ++i) {
    if (data.labels.data<int64_t>()[i] != 0) continue;
    double volume = 0;
    for (int64_t j = 0; j < 4096; ++j) volume += data.inputs.data<float>()[i * 4096 + j];
    CHECK(volume > 0.8 * 4.18879 * 43.6);
    CHECK(volume < 1.2 * 4.18879 * 161);
  }
}

TEST_CASE("the catalogue loads what it lists, with the shape and classes that it states") {
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.name);
    if (entry.needs_files) {
      CHECK(contains(message_of<IoError>([&] { load_dataset(entry.name, "/nowhere", {}); }), "no folder '/nowhere'"));
      continue;
    }
    for (bool train : {true, false}) {
      Dataset data = load_dataset(entry.name, "", {.train = train});
      data.validate();
      CHECK(data.name == entry.name);
      CHECK(data.sample_shape() == entry.sample);
      CHECK(static_cast<int64_t>(data.classes.size()) == entry.classes);
    }
  }
  CHECK(message_of<ValueError>([] { find_dataset("mnist2"); }) ==
        "unknown data set 'mnist2'; there are: digits, mnist, fashion-mnist, cifar10, waves, solids");
}
