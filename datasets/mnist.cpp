#include <korrel/datasets/mnist.h>

#include <korrel/datasets/data_folder.h>
#include <korrel/datasets/idx.h>
#include <korrel/framework/base/check.h>

namespace korrel::datasets {
namespace {

std::vector<std::string> names_of(const std::string& stem, const std::string& kind) {
  std::vector<std::string> names;
  for (const char* separator : {"-", "."}) {
    for (const char* ending : {".gz", ""}) names.push_back(stem + separator + kind + "-ubyte" + ending);
  }
  return names;
}

Dataset load(Dataset result, const std::string& folder, const FolderSearch& place, Split split) {
  std::string prefix = split.train ? "train-" : "t10k-";
  std::vector<std::string> image_names = names_of(prefix + "images", "idx3"),
                           label_names = names_of(prefix + "labels", "idx1");
  FolderSearch search = place;
  search.dataset = result.name;
  search.files = image_names;
  search.expected = fmt::format("{} and {}", image_names[0], label_names[0]);
  std::string found = find_folder(folder, search);
  std::string image_path = find_file(found, image_names), label_path = find_file(found, label_names);
  check<IoError>(!label_path.empty(), "{}: {} is in '{}', but {} is not (with or without .gz)", result.name, image_path,
                 found, label_names[0]);

  Tensor images = load_idx(image_path, 3), labels = load_idx(label_path, 1);
  int64_t count = images.size(0);
  check<IoError>(images.size(1) == 28 && images.size(2) == 28, "{}: images of 28x28 are expected, got {}", image_path,
                 images.shape());
  check<IoError>(count > 0, "{}: there are no images in it", image_path);
  check<IoError>(labels.size(0) == count, "{}: {} labels for the {} images of {}", label_path, labels.size(0), count,
                 image_path);
  result.inputs = make_view(images, Layout::contiguous({count, 1, 28, 28}));
  result.labels = make_tensor({count}, i64);
  const uint8_t* from = labels.data<uint8_t>();
  int64_t* to = result.labels.data<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    check<IoError>(from[i] < 10, "{}: label {} of image {} is not in 0..9", label_path, int{from[i]}, i);
    to[i] = from[i];
  }
  result.description =
      fmt::format("{}, {} set: {} images from {}", result.name, split.train ? "training" : "test", count, found);
  return result;
}

}  // namespace

Dataset mnist(const std::string& folder, Split split) {
  return load({.classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
               .name = "mnist",
               .mean = {0.1307f},
               .std = {0.3081f}},
              folder,
              {.sub_folders = {"mnist", "MNIST/raw", "MNIST"},
               .how_to_get = "download them from https://ossci-datasets.s3.amazonaws.com/mnist/"},
              split);
}

Dataset fashion_mnist(const std::string& folder, Split split) {
  return load({.classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
                           "Ankle boot"},
               .name = "fashion-mnist",
               .mean = {0.2860f},
               .std = {0.3530f}},
              folder,
              {.sub_folders = {"fashion-mnist", "FashionMNIST/raw", "fashion_mnist"},
               .how_to_get = "download them from https://github.com/zalandoresearch/fashion-mnist"},
              split);
}

}  // namespace korrel::datasets
