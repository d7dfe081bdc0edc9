// MNIST's files in every form they come in, and each way they can be damaged.
#include <doctest/doctest.h>
#include <korrel/datasets/mnist.h>
#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/error.h>
#include <tests/gzip.h>
#include <tests/temporary_folder.h>

#include <numeric>

using namespace korrel;

namespace {

std::string word(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string images(uint32_t count, uint32_t magic = 0x803, uint32_t height = 28, uint32_t width = 28) {
  std::string bytes = word(magic) + word(count) + word(height) + word(width);
  for (uint32_t i = 0; i < count * 784; ++i) bytes.push_back(static_cast<char>(i * 7 % 251));
  return bytes;
}

std::string labels(uint32_t count, uint32_t magic = 0x801) {
  std::string bytes = word(magic) + word(count);
  for (uint32_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i % 10));
  return bytes;
}

// What loading says of these two files, which must name the file at fault.
std::string refusal(const std::string& image_bytes, const std::string& label_bytes, const char* at_fault) {
  TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte", image_bytes);
  folder.write("train-labels-idx1-ubyte", label_bytes);
  std::string said = message_of<IoError>([&] { datasets::mnist(folder.path()); });
  CHECK(contains(said, folder / at_fault));
  return said;
}

const char* const image_file = "train-images-idx3-ubyte";
const char* const label_file = "train-labels-idx1-ubyte";

}  // namespace

TEST_CASE("images and labels are read from every usual name and place") {
  TemporaryFolder folder;
  struct Form {
    const char *images, *labels;
    bool packed;
  };
  for (const Form& form : {Form{"a/train-images-idx3-ubyte", "a/train-labels-idx1-ubyte", false},
                           Form{"b/train-images-idx3-ubyte.gz", "b/train-labels-idx1-ubyte.gz", true},
                           Form{"c/train-images.idx3-ubyte", "c/train-labels.idx1-ubyte", false},
                           Form{"d/mnist/train-images-idx3-ubyte.gz", "d/mnist/train-labels-idx1-ubyte", true},
                           Form{"e/MNIST/raw/train-images-idx3-ubyte", "e/MNIST/raw/train-labels-idx1-ubyte", false}}) {
    CAPTURE(form.images);
    folder.write(form.images, form.packed ? gzip(images(12)) : images(12));
    folder.write(form.labels, labels(12));
    datasets::Dataset data = datasets::mnist(folder / std::string(form.images, 1), {.train = true});
    data.validate();
    CHECK(data.inputs.shape() == Shape{12, 1, 28, 28});
    CHECK(data.inputs.dtype() == u8);
    CHECK(data.inputs.to_vector<int64_t>()[784 * 3 + 5] == (784 * 3 + 5) * 7 % 251);
    CHECK(data.labels.to_vector<int64_t>() == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1});
    CHECK(contains(data.description, "mnist, training set: 12 images"));
  }
}

TEST_CASE("the test set and Fashion-MNIST have files and names of their own") {
  TemporaryFolder folder;
  folder.write("fashion-mnist/t10k-images-idx3-ubyte", images(3));
  folder.write("fashion-mnist/t10k-labels-idx1-ubyte", labels(3));
  datasets::Dataset data = datasets::fashion_mnist(folder.path(), {.train = false});
  CHECK(data.size() == 3);
  CHECK(data.classes[9] == "Ankle boot");
  CHECK(contains(message_of<IoError>([&] { datasets::fashion_mnist(folder.path()); }), "train-images-idx3-ubyte.gz"));
}

TEST_CASE("the folder may come from KORREL_DATA") {
  TemporaryFolder folder;
  folder.write(image_file, images(2));
  folder.write(label_file, labels(2));
  std::string old = std::getenv("KORREL_DATA") ? std::getenv("KORREL_DATA") : "";
  setenv("KORREL_DATA", folder.path().c_str(), 1);
  CHECK(datasets::mnist("").size() == 2);
  unsetenv("KORREL_DATA");
  CHECK(contains(message_of<IoError>([] { datasets::mnist(""); }),
                 "mnist: no data folder was named; expected train-images"));
  if (!old.empty()) setenv("KORREL_DATA", old.c_str(), 1);
}

TEST_CASE("a missing folder or file is told with what was expected and how to get it") {
  TemporaryFolder folder;
  std::string said = message_of<IoError>([&] { datasets::mnist(folder / "nowhere"); });
  CHECK(contains(said, "there is no folder '" + folder / "nowhere" + "'"));
  CHECK(contains(said, "train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz"));
  CHECK(contains(said, "https://"));
  CHECK(contains(said, "KORREL_DATA"));
  said = message_of<IoError>([&] { datasets::mnist(folder.path()); });
  CHECK(contains(said, "nothing to read in '" + folder.path() + "' or its sub-folders (mnist, MNIST/raw"));
  folder.write(image_file, images(2));
  CHECK(contains(message_of<IoError>([&] { datasets::mnist(folder.path()); }), "train-labels-idx1-ubyte.gz is not"));
}

TEST_CASE("damaged files are refused by name, rule and values") {
  CHECK(contains(refusal("", labels(2), image_file), "magic number"));
  CHECK(contains(refusal(images(2, 0x801), labels(2), image_file), "0x00000801, not 0x00000803"));
  CHECK(contains(refusal(images(2, 0xd03), labels(2), image_file), "0x00000d03"));
  CHECK(contains(refusal(images(2), labels(2, 0x803), label_file), "0x00000803, not 0x00000801"));
  CHECK(contains(refusal(images(2).substr(0, 10), labels(2), image_file), "the sizes"));
  CHECK(contains(refusal(images(2).substr(0, 1000), labels(2), image_file), "[2,28,28] need 1568 bytes"));
  CHECK(contains(refusal(images(2) + "x", labels(2), image_file), "bytes follow"));
  CHECK(contains(refusal(images(0), labels(0), image_file), "no images"));
  CHECK(contains(refusal(images(1, 0x803, 14, 56), labels(1), image_file), "28x28 are expected, got [1,14,56]"));
  CHECK(contains(refusal(images(3), labels(2), label_file), "2 labels for the 3 images"));
  CHECK(contains(refusal(images(2), labels(2).substr(0, 9), label_file), "truncated"));
  std::string bad_label = labels(2);
  bad_label[9] = 10;
  CHECK(contains(refusal(images(2), bad_label, label_file), "label 10 of image 1 is not in 0..9"));
  std::string corrupt = gzip(images(20));
  corrupt[corrupt.size() / 2] ^= 0x55;
  CHECK(contains(refusal(corrupt, labels(20), image_file), "gzip"));
}

TEST_CASE("absurd sizes in the header allocate nothing") {
  memory::reset_peak();
  int64_t before = memory::statistics().peak_bytes_in_use;
  std::string header = word(0x803) + word(0xffffffff) + word(0xffffffff) + word(0xffffffff);
  CHECK(contains(refusal(header, labels(1), image_file), "cannot be"));
  CHECK(contains(refusal(gzip(word(0x803) + word(1'000'000'000) + word(28) + word(28)), labels(1), image_file),
                 "784000000000 bytes"));
  CHECK(memory::statistics().peak_bytes_in_use - before < 100'000'000);
}

TEST_CASE("the real files, where KORREL_DATA has them") {
  const char* folder = std::getenv("KORREL_DATA");
  if (!folder || !std::filesystem::exists(std::filesystem::path(folder) / "mnist")) {
    MESSAGE("not run: KORREL_DATA names no folder with mnist/");
    return;
  }
  datasets::Dataset train = datasets::mnist(folder), test = datasets::mnist(folder, {.train = false});
  CHECK(train.size() == 60'000);
  CHECK(test.size() == 10'000);
  std::vector<int64_t> first = train.labels.to_vector<int64_t>();
  CHECK(std::vector<int64_t>(first.begin(), first.begin() + 8) == std::vector<int64_t>{5, 0, 4, 1, 9, 2, 1, 3});
  // The mean that everybody normalises with.
  const uint8_t* values = train.inputs.data<uint8_t>();
  double mean =
      std::accumulate(values, values + train.inputs.numel(), 0.0) / 255 / static_cast<double>(train.inputs.numel());
  CHECK(mean == doctest::Approx(train.mean[0]).epsilon(1e-3));
}
