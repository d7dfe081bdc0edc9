// Batches: each sample once an epoch, the same bits for any number of workers and threads, exceptions and early ends.
#include <doctest/doctest.h>
#include <korrel/datasets/digits.h>
#include <korrel/datasets/loader.h>
#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/tensor/create.h>
#include <tests/temporary_folder.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <thread>

using namespace korrel;
using namespace korrel::datasets;

namespace {

Dataset numbered(int64_t count) {  // sample i is [i, 10 i], label i
  Dataset data{.inputs = make_tensor({count, 2}, f32), .labels = arange(static_cast<double>(count))};
  for (int64_t i = 0; i < count; ++i) {
    data.inputs.data<float>()[2 * i] = static_cast<float>(i);
    data.inputs.data<float>()[2 * i + 1] = static_cast<float>(10 * i);
  }
  return data;
}

std::vector<int64_t> labels_of_an_epoch(DataLoader& loader) {
  std::vector<int64_t> all;
  for (auto& [x, y] : loader) {
    std::vector<int64_t> labels = y.to_vector<int64_t>();
    CHECK(x.size(0) == static_cast<int64_t>(labels.size()));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      CHECK(x.data<float>()[2 * i] == static_cast<float>(labels[i]));
      CHECK(x.data<float>()[2 * i + 1] == static_cast<float>(10 * labels[i]));
    }
    all.insert(all.end(), labels.begin(), labels.end());
  }
  return all;
}

struct ThrowAtLabel {  // a transform that fails at the sample whose first element is `value`
  float value;
  Shape shape(const Shape& in) const { return in; }
  void apply(const float* in, float* out, const Shape& in_shape, SampleRandom&) const {
    if (in[0] == value) throw ValueError("sample " + std::to_string(static_cast<int>(value)));
    std::copy(in, in + in_shape.numel(), out);
  }
};

}  // namespace

TEST_CASE("without shuffling, samples come in order; the last batch may be smaller or left out") {
  DataLoader loader(numbered(10), {.batch_size = 4});
  CHECK(loader.size() == 3);
  CHECK(loader.samples() == 10);
  std::vector<int64_t> expected{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(labels_of_an_epoch(loader) == expected);
  CHECK(labels_of_an_epoch(loader) == expected);
  DataLoader full(numbered(10), {.batch_size = 4, .drop_last = true});
  CHECK(full.size() == 2);
  CHECK(full.samples() == 8);
  CHECK(labels_of_an_epoch(full).size() == 8);
  DataLoader nothing(numbered(3), {.batch_size = 4, .drop_last = true, .workers = 2});
  CHECK(labels_of_an_epoch(nothing).empty());
}

TEST_CASE("shuffling takes each sample once, in an order of (seed, epoch)") {
  DataLoader loader(numbered(100), {.batch_size = 7, .shuffle = true, .seed = 5});
  std::vector<int64_t> first = labels_of_an_epoch(loader), second = labels_of_an_epoch(loader);
  CHECK(std::set<int64_t>(first.begin(), first.end()).size() == 100);
  CHECK(std::set<int64_t>(second.begin(), second.end()).size() == 100);
  CHECK(first != second);
  CHECK_FALSE(std::is_sorted(first.begin(), first.end()));
  CHECK(loader.epoch() == 2);
  loader.set_epoch(0);
  CHECK(labels_of_an_epoch(loader) == first);
  DataLoader same(numbered(100), {.batch_size = 50, .shuffle = true, .seed = 5});
  CHECK(labels_of_an_epoch(same) == first);
  DataLoader other(numbered(100), {.batch_size = 7, .shuffle = true, .seed = 6});
  CHECK(labels_of_an_epoch(other) != first);
}

TEST_CASE("seek starts an epoch in its middle, for any number of workers; the next one is whole") {
  for (int workers : {0, 1, 3}) {
    CAPTURE(workers);
    DataLoader loader(numbered(50), {.batch_size = 4, .shuffle = true, .workers = workers, .seed = 5});
    labels_of_an_epoch(loader);
    std::vector<int64_t> second = labels_of_an_epoch(loader), third = labels_of_an_epoch(loader);
    loader.seek(1, 5);
    CHECK(loader.epoch() == 1);
    CHECK(labels_of_an_epoch(loader) == std::vector<int64_t>(second.begin() + 20, second.end()));
    CHECK(labels_of_an_epoch(loader) == third);
    loader.seek(2, 13);
    CHECK(labels_of_an_epoch(loader).empty());
  }
  DataLoader loader(numbered(50), {.batch_size = 4});
  CHECK(contains(message_of<ValueError>([&] { loader.seek(0, 14); }), "no batch 14 of epoch 0; epochs of 13 batches"));
  CHECK(contains(message_of<ValueError>([&] { loader.seek(-1, 0); }), "epoch -1"));
}

TEST_CASE("u8 is scaled to [0,1]; a leading Normalize is the same as one applied after") {
  Dataset data = digits({.count = 64});
  DataLoader plain(data, {.batch_size = 64}),
      normal(data, {.batch_size = 64, .transforms = {Normalize{{0.25f}, {0.5f}}}});
  DataLoader late(data, {.batch_size = 64, .transforms = {RandomHorizontalFlip{0}, Normalize{{0.25f}, {0.5f}}}});
  Tensor x = plain.begin()->x, n = normal.begin()->x, l = late.begin()->x;
  CHECK(x.shape() == Shape{64, 1, 28, 28});
  for (int64_t i = 0; i < x.numel(); ++i) {
    float pixel = static_cast<float>(data.inputs.data<uint8_t>()[i]) / 255;
    CHECK(x.data<float>()[i] == doctest::Approx(pixel).epsilon(1e-6));
    CHECK(n.data<float>()[i] == doctest::Approx((pixel - 0.25f) / 0.5f).epsilon(1e-5));
    CHECK(l.data<float>()[i] == doctest::Approx((pixel - 0.25f) / 0.5f).epsilon(1e-5));
  }
}

TEST_CASE("any number of workers and threads gives the same bits, augmentation included") {
  Dataset data = digits({.count = 500});
  auto epochs = [&](int workers, int threads) {
    set_num_threads(threads);
    DataLoader loader(data,
                      {.batch_size = 33,
                       .shuffle = true,
                       .workers = workers,
                       .seed = 9,
                       .transforms = {RandomCrop{.padding = 3}, RandomHorizontalFlip{}, Normalize{{0.1f}, {0.3f}}}});
    std::vector<std::vector<float>> all;
    for (int epoch = 0; epoch < 2; ++epoch) {
      for (auto& [x, y] : loader) all.push_back(x.to_vector<float>());
    }
    return all;
  };
  int threads = num_threads();
  auto expected = epochs(0, 1);
  CHECK(expected.size() == 32);
  for (int workers : {0, 1, 2, 3, 8}) CHECK(epochs(workers, 2) == expected);
  set_num_threads(threads);
}

TEST_CASE("large samples are made by several threads, with the same bits") {
  int threads = num_threads();
  Dataset data{.inputs = make_tensor({8, 3, 200, 200}, u8), .labels = zeros({8}, {.dtype = i64})};
  for (int64_t i = 0; i < data.inputs.numel(); ++i)
    data.inputs.data<uint8_t>()[i] = static_cast<uint8_t>(i * 7919 >> 3);
  std::vector<std::vector<float>> results;
  for (int n : {1, 4}) {
    set_num_threads(n);
    DataLoader loader(
        data, {.batch_size = 8, .shuffle = true, .transforms = {RandomCrop{.padding = 20}, RandomHorizontalFlip{}}});
    results.push_back(loader.begin()->x.to_vector<float>());
  }
  CHECK(results[0] == results[1]);
  set_num_threads(threads);
}

TEST_CASE("an exception while a batch is made reaches the loop, in its place") {
  for (int workers : {0, 1, 3}) {
    CAPTURE(workers);
    DataLoader loader(numbered(40), {.batch_size = 4, .workers = workers, .transforms = {ThrowAtLabel{22}}});
    int64_t seen = 0;
    std::string said = message_of<ValueError>([&] {
      for (auto& [x, y] : loader) seen += y.size(0);
    });
    CHECK(said == "sample 22");
    CHECK(seen == 20);  // the five whole batches before
  }
}

TEST_CASE("leaving the loop early ends the workers, and the next epoch is whole") {
  for (int workers : {0, 1, 4}) {
    CAPTURE(workers);
    DataLoader loader(numbered(1000), {.batch_size = 2, .shuffle = true, .workers = workers});
    for (int epoch = 0; epoch < 20; ++epoch) {
      int steps = 0;
      for (auto& batch : loader) {
        CHECK(batch.size() == 2);
        if (++steps == epoch % 5 + 1) break;
      }
    }
    CHECK(labels_of_an_epoch(loader).size() == 1000);
    { DataLoader::Iterator never_used = loader.begin(); }
  }
}

TEST_CASE("workers do not run ahead without bound, and a slow loop still gets all in order") {
  DataLoader loader(numbered(64), {.batch_size = 4, .workers = 3});
  int64_t next = 0;
  for (auto& [x, y] : loader) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(y.data<int64_t>()[0] == next);
    next += 4;
  }
  CHECK(next == 64);
}

TEST_CASE("buffers are reused: after the first batches nothing more is asked of the system") {
  DataLoader loader(digits({.count = 2000}),
                    {.batch_size = 50, .shuffle = true, .transforms = {RandomCrop{.padding = 2}}});
  for (auto& batch : loader) CHECK(batch.size() == 50);
  int64_t before = memory::statistics().system_allocations;
  for (auto& batch : loader) CHECK(batch.size() == 50);
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(memory::statistics().system_allocations == before);
#endif
}

TEST_CASE("the loader outlives its dataset variable, and an iterator its loader") {
  auto loader = std::make_unique<DataLoader>(numbered(6), LoaderOptions{.batch_size = 4, .workers = 1});
  DataLoader::Iterator batches = loader->begin();
  loader.reset();
  CHECK(batches->size() == 4);
  ++batches;
  CHECK(batches->size() == 2);
  ++batches;
  CHECK(batches == DataLoader::End{});
}

TEST_CASE("wrong options and datasets are refused when the loader is made") {
  auto said = [](Dataset data, LoaderOptions options) { return message_of<Error>([&] { DataLoader(data, options); }); };
  CHECK(contains(said(numbered(3), {.batch_size = 0}), "batch_size must be at least 1, got 0"));
  CHECK(contains(said(numbered(3), {.workers = -1}), "workers must be in 0..256, got -1"));
  CHECK(contains(said({}, {}), "inputs and labels must both be given"));
  CHECK(contains(said(numbered(3), {.transforms = {RandomCrop{}}}), "needs images"));
  CHECK(contains(said(digits({.count = 3}), {.transforms = {Normalize{{1, 2}, {1, 2}}}}), "2 means"));
  CHECK(
      contains(said(digits({.count = 3}), {.transforms = {RandomCrop{.size = 5}, RandomCrop{.size = 6}}}), "[1,5,5]"));
}
