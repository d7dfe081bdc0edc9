#include <korrel/datasets/cifar.h>

#include <cstring>
#include <filesystem>
#include <map>

#include <korrel/datasets/data_folder.h>
#include <korrel/datasets/tar.h>
#include <korrel/framework/base/check.h>

namespace korrel::datasets {
namespace {

constexpr int64_t image_bytes = 3 * 32 * 32;
constexpr int64_t record_bytes = 1 + image_bytes;  // the label comes first
constexpr const char* archive_name = "cifar-10-binary.tar.gz";
constexpr const char* test_batch = "test_batch.bin";

std::string batch_name(int number) { return fmt::format("data_batch_{}.bin", number); }

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

using Batches = std::map<std::string, Tensor>;  // u8 [n, 3073] by file name

Shape records_in(const std::string& path, int64_t bytes) {
  check<IoError>(bytes > 0 && bytes % record_bytes == 0,
                 "{}: {} bytes are not a whole number of CIFAR-10 records of {} bytes", path, bytes, record_bytes);
  return {bytes / record_bytes, record_bytes};
}

// The members of the archive that `wanted` names, whatever folder they are in.
Batches read_archive(const std::string& path, const std::vector<std::string>& wanted) {
  Batches batches;
  TarReader tar(path);
  while (tar.next()) {
    std::string name = tar.name().substr(tar.name().find_last_of('/') + 1);
    for (const std::string& one : wanted) {
      if (name == one) batches[name] = tar.read_u8(records_in(path + ": " + tar.name(), tar.size()));
    }
  }
  check<IoError>(!batches.empty(), "{}: holds none of {}", path, listed(wanted));
  return batches;
}

Tensor read_batch(const std::string& path) {
  ByteStream stream(path);
  return stream.read_u8(records_in(path, stream.most_left()), "the records");
}

// Where the batches are: an archive, or a folder.
struct Source {
  std::string path;
  bool archive = false;
};

Source find_source(const std::string& folder) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(folder, ignored)) return {folder, true};
  std::vector<std::string> files{test_batch};
  for (int number = 1; number <= 5; ++number) files.push_back(batch_name(number));
  files.emplace_back(archive_name);
  std::string found = find_folder(
      folder, {.dataset = "cifar10",
               .sub_folders = {"cifar-10-batches-bin", "cifar10", "cifar-10"},
               .files = files,
               .expected = fmt::format("data_batch_1.bin to data_batch_5.bin and test_batch.bin, or {}", archive_name),
               .how_to_get = "download it from https://www.cs.toronto.edu/~kriz/cifar.html"});
  files.pop_back();
  if (!find_file(found, files).empty()) return {found, false};
  return {(std::filesystem::path(found) / archive_name).string(), true};
}

}  // namespace

Dataset cifar10(const std::string& folder, Split split) {
  // Read what this split may need; whether test_batch.bin is there decides about batch 5.
  std::vector<std::string> wanted{test_batch, batch_name(5)};
  if (split.train) {
    for (int number = 1; number <= 4; ++number) wanted.push_back(batch_name(number));
  }
  Source source = find_source(folder);
  Batches batches;
  if (source.archive) {
    batches = read_archive(source.path, wanted);
  } else {
    for (const std::string& name : wanted) {
      if (std::string path = find_file(source.path, {name}); !path.empty()) batches[name] = read_batch(path);
    }
  }
  bool official = batches.contains(test_batch);
  std::vector<std::string> names, missing;
  if (split.train) {
    for (int number = 1; number <= (official ? 5 : 4); ++number) {
      (batches.contains(batch_name(number)) ? names : missing).push_back(batch_name(number));
    }
  } else {
    std::string name = official ? test_batch : batch_name(5);
    (batches.contains(name) ? names : missing).push_back(name);
  }
  check<IoError>(!names.empty(), "cifar10: {} has none of {}", source.path, listed(missing));

  Dataset result{.classes = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
                 .name = "cifar10",
                 .mean = {0.4914f, 0.4822f, 0.4465f},
                 .std = {0.2470f, 0.2435f, 0.2616f}};
  int64_t count = 0;
  for (const std::string& name : names) count += batches[name].size(0);
  result.inputs = make_tensor({count, 3, 32, 32}, u8);
  result.labels = make_tensor({count}, i64);
  uint8_t* image = result.inputs.data<uint8_t>();
  int64_t* label = result.labels.data<int64_t>();
  for (const std::string& name : names) {
    const Tensor& batch = batches[name];
    const uint8_t* record = batch.data<uint8_t>();
    for (int64_t i = 0; i < batch.size(0); ++i, record += record_bytes, image += image_bytes) {
      check<IoError>(record[0] < 10, "{}: {}: label {} of image {} is not in 0..9", source.path, name, int{record[0]},
                     i);
      *label++ = record[0];
      std::memcpy(image, record + 1, image_bytes);
    }
  }
  result.description = fmt::format("cifar10, {} set: {} images from {} in {}", split.train ? "training" : "test", count,
                                   listed(names), source.path);
  if (!missing.empty()) result.description += fmt::format(" ({} missing)", listed(missing));
  if (!official) result.description += "; test_batch.bin is missing: data_batch_5.bin is held out as the test set";
  return result;
}

}  // namespace korrel::datasets
