// CIFAR-10's binary batches from a folder and from the archive, which batch is held out, and damaged files.
#include <doctest/doctest.h>
#include <korrel/datasets/cifar.h>
#include <korrel/datasets/tar.h>
#include <korrel/framework/base/error.h>
#include <tests/gzip.h>
#include <tests/temporary_folder.h>

#include <cstring>

using namespace korrel;

namespace {

// `count` records with labels label, label + 1, ... and planes filled with 3 values that tell them apart.
std::string batch(int count, int label) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.push_back(static_cast<char>((label + i) % 10));
    for (int plane = 0; plane < 3; ++plane) bytes.append(1024, static_cast<char>(100 * plane + i));
  }
  return bytes;
}

void set_checksum(std::string& header) {
  std::memset(header.data() + 148, ' ', 8);
  int sum = 0;
  for (unsigned char c : header) sum += c;
  std::snprintf(header.data() + 148, 8, "%06o", sum);
}

std::string member(const std::string& name, const std::string& bytes, char type = '0') {
  std::string header(512, '\0');
  std::memcpy(header.data(), name.data(), name.size());
  std::snprintf(header.data() + 100, 8, "%07o", 0644);
  std::snprintf(header.data() + 124, 12, "%011o", static_cast<unsigned>(bytes.size()));
  header[156] = type;
  std::memcpy(header.data() + 257, "ustar\00000", 8);
  set_checksum(header);
  std::string padded = bytes;
  padded.resize((bytes.size() + 511) / 512 * 512);
  return header + padded;
}

const std::string closing(1024, '\0');

std::string refusal(const std::string& archive) {
  TemporaryFolder folder;
  std::string path = folder.write("cifar-10-binary.tar.gz", archive);
  std::string said = message_of<IoError>([&] { datasets::cifar10(folder.path()); });
  CHECK(contains(said, path));
  return said;
}

}  // namespace

TEST_CASE("with test_batch.bin, all five batches train and it tests") {
  TemporaryFolder folder;
  for (int i = 1; i <= 5; ++i) folder.write("data_batch_" + std::to_string(i) + ".bin", batch(2, i));
  folder.write("test_batch.bin", batch(3, 7));
  datasets::Dataset train = datasets::cifar10(folder.path()), test = datasets::cifar10(folder.path(), {.train = false});
  train.validate();
  CHECK(train.inputs.shape() == Shape{10, 3, 32, 32});
  CHECK(train.labels.to_vector<int64_t>() == std::vector<int64_t>{1, 2, 2, 3, 3, 4, 4, 5, 5, 6});
  CHECK(test.labels.to_vector<int64_t>() == std::vector<int64_t>{7, 8, 9});
  std::vector<int64_t> values = train.inputs.to_vector<int64_t>();
  CHECK(values[3072] == 1);            // second image: red
  CHECK(values[3072 + 1024] == 101);   // green
  CHECK(values[2 * 3072 - 1] == 201);  // blue, the last
  CHECK_FALSE(contains(train.description, "missing"));
}

TEST_CASE("without test_batch.bin, batch 5 is held out and the description says so") {
  TemporaryFolder folder;
  for (int i : {1, 2, 5}) folder.write("cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin", batch(2, i));
  datasets::Dataset train = datasets::cifar10(folder.path()), test = datasets::cifar10(folder.path(), {.train = false});
  CHECK(train.labels.to_vector<int64_t>() == std::vector<int64_t>{1, 2, 2, 3});
  CHECK(test.labels.to_vector<int64_t>() == std::vector<int64_t>{5, 6});
  CHECK(contains(train.description, "data_batch_1.bin, data_batch_2.bin"));
  CHECK(contains(train.description, "data_batch_3.bin, data_batch_4.bin missing"));
  CHECK(contains(test.description, "data_batch_5.bin is held out"));
}

TEST_CASE("the archive is read as it is, gzip'd or not, from its folder or by its path") {
  TemporaryFolder folder;
  std::string archive = member("cifar-10-batches-bin/", "", '5') + member("./PaxHeader/x", "30 mtime=1\n", 'x') +
                        member("cifar-10-batches-bin/batches.meta.txt", "airplane\n");
  for (int i : {2, 1, 5, 3})
    archive += member("cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin", batch(2, i));
  archive += closing;
  for (const std::string& path :
       {folder.write("a/cifar-10-binary.tar.gz", gzip(archive)), folder.write("b/cifar-10-binary.tar.gz", archive)}) {
    for (const std::string& place : {path, path.substr(0, path.rfind('/'))}) {
      CAPTURE(place);
      CHECK(datasets::cifar10(place).labels.to_vector<int64_t>() == std::vector<int64_t>{1, 2, 2, 3, 3, 4});
      CHECK(datasets::cifar10(place, {.train = false}).labels.to_vector<int64_t>() == std::vector<int64_t>{5, 6});
    }
  }
}

TEST_CASE("damaged batches are refused") {
  TemporaryFolder folder;
  auto said = [&] { return message_of<IoError>([&] { datasets::cifar10(folder.path()); }); };
  CHECK(contains(said(), "data_batch_1.bin to data_batch_5.bin and test_batch.bin, or cifar-10-binary.tar.gz"));
  CHECK(contains(said(), "https://"));
  std::string path = folder.write("data_batch_1.bin", batch(2, 1) + "x");
  CHECK(contains(said(), path + ": 6147 bytes are not a whole number"));
  folder.write("data_batch_1.bin", "");
  CHECK(contains(said(), "0 bytes"));
  std::string bad = batch(2, 1);
  bad[3073] = 10;
  folder.write("data_batch_1.bin", bad);
  CHECK(contains(said(), "data_batch_1.bin: label 10 of image 1"));
  std::filesystem::remove(path);
  folder.write("data_batch_5.bin", batch(2, 1));
  CHECK(contains(said(), "has none of data_batch_1.bin"));
}

TEST_CASE("hostile archives are refused") {
  std::string good = member("data_batch_1.bin", batch(1, 1));
  std::string wrong_sum = good;
  wrong_sum[0] = 'e';
  CHECK(contains(refusal(wrong_sum), "checksum"));
  CHECK(contains(refusal(std::string(2000, 'x')), "not a tar archive"));
  CHECK(contains(refusal(gzip(good).substr(0, 40)), "cut off"));
  CHECK(contains(refusal(good.substr(0, 700)), "truncated: member 'data_batch_1.bin' has 3073 bytes"));
  CHECK(contains(refusal(good + "header"), "has 6 of 512 bytes"));
  CHECK(contains(refusal(closing), "holds none of test_batch.bin"));
  CHECK(contains(refusal(""), "holds none"));
  CHECK(contains(refusal(member("../data_batch_1.bin", batch(1, 1)) + closing), "leads out"));
  CHECK(contains(refusal(member("a/../../data_batch_1.bin", batch(1, 1)) + closing), "leads out"));
  CHECK(contains(refusal(member("/data_batch_1.bin", batch(1, 1)) + closing), "leads out"));
  CHECK(contains(refusal(member("data_batch_1.bin", "12345") + closing), "5 bytes are not a whole number"));
  for (const char* size : {"77777777777", "\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff", "not a size", "-1", ""}) {
    std::string header = good;
    std::memset(header.data() + 124, 0, 12);
    std::memcpy(header.data() + 124, size, std::strlen(size));
    header.resize(512);
    set_checksum(header);
    std::string said = refusal(header + batch(1, 1));
    CHECK((contains(said, "no readable size") ||
           contains(said, "truncated: member 'data_batch_1.bin' has 8589934591 bytes")));
    refusal(gzip(header + batch(1, 1)));
  }
}

TEST_CASE("the real batches, where KORREL_DATA has them") {
  const char* folder = std::getenv("KORREL_DATA");
  if (!folder || !std::filesystem::exists(std::filesystem::path(folder) / "cifar-10-batches-bin")) {
    MESSAGE("not run: KORREL_DATA names no folder with cifar-10-batches-bin/");
    return;
  }
  datasets::Dataset train = datasets::cifar10(folder);
  CHECK(train.size() >= 20'000);
  CHECK(train.size() % 10'000 == 0);
  std::vector<int64_t> labels = train.labels.to_vector<int64_t>();
  CHECK(std::vector<int64_t>(labels.begin(), labels.begin() + 5) == std::vector<int64_t>{6, 9, 9, 4, 1});
}
