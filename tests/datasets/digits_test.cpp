// Generated digits: the same image for the same (seed, index) however they are generated, and classes that differ.
#include <doctest/doctest.h>
#include <korrel/datasets/digits.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>
#include <tests/temporary_folder.h>

#include <array>
#include <cmath>
#include <set>

using namespace korrel;
using datasets::Digits;

namespace {

std::vector<uint8_t> drawn(uint64_t seed, uint64_t index) {
  std::vector<uint8_t> image(Digits::pixels);
  Digits(seed).draw(index, image.data());
  return image;
}

}  // namespace

TEST_CASE("an image depends on seed and index alone") {
  datasets::Dataset whole = Digits(7).generate(100, 300);
  whole.validate();
  CHECK(whole.inputs.shape() == Shape{300, 1, 28, 28});
  CHECK(whole.inputs.dtype() == u8);
  int threads = num_threads();
  for (int n : {1, 2, 5}) {
    set_num_threads(n);
    datasets::Dataset again = Digits(7).generate(100, 300);
    CHECK(again.inputs.to_vector() == whole.inputs.to_vector());
    CHECK(again.labels.to_vector() == whole.labels.to_vector());
  }
  set_num_threads(threads);
  const uint8_t* images = whole.inputs.data<uint8_t>();
  for (uint64_t i : {0, 17, 299}) {
    CHECK(drawn(7, 100 + i) == std::vector<uint8_t>(images + i * Digits::pixels, images + (i + 1) * Digits::pixels));
    CHECK(Digits(7).label(100 + i) == whole.labels.data<int64_t>()[i]);
  }
  CHECK(drawn(7, 100) != drawn(8, 100));
  CHECK(drawn(7, 100) != drawn(7, 101));
}

TEST_CASE("no two images of training and test sets are the same, and all classes are about as frequent") {
  datasets::Dataset train = datasets::digits({.count = 5000}), test = datasets::digits({.train = false, .count = 1000});
  std::set<std::vector<uint8_t>> seen;
  std::array<int, 10> frequency{};
  for (const datasets::Dataset* data : {&train, &test}) {
    const uint8_t* images = data->inputs.data<uint8_t>();
    for (int64_t i = 0; i < data->size(); ++i) {
      seen.emplace(images + i * Digits::pixels, images + (i + 1) * Digits::pixels);
      ++frequency[static_cast<std::size_t>(data->labels.data<int64_t>()[i])];
    }
  }
  CHECK(seen.size() == 6000);
  for (int count : frequency) CHECK(std::abs(count - 600) < 120);  // five standard deviations
  CHECK(datasets::digits().size() == 20'000);
}

TEST_CASE("images are digits on paper: mostly blank, with ink, and the stated mean and deviation") {
  datasets::Dataset data = datasets::digits({.count = 5000});
  const uint8_t* values = data.inputs.data<uint8_t>();
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < data.inputs.numel(); ++i) {
    double value = values[i] / 255.0;
    sum += value;
    squares += value * value;
  }
  double n = static_cast<double>(data.inputs.numel()), mean = sum / n;
  CHECK(mean == doctest::Approx(data.mean[0]).epsilon(0.02));
  CHECK(std::sqrt(squares / n - mean * mean) == doctest::Approx(data.std[0]).epsilon(0.02));
  for (int64_t i = 0; i < data.size(); ++i) {
    int dark = 0;
    for (int64_t j = 0; j < Digits::pixels; ++j) dark += values[i * Digits::pixels + j] > 70;  // half of the palest ink
    CHECK(dark >= 15);                                                                         // a thin 1 has ink
    CHECK(dark < 400);                                                                         // a thick 8 leaves paper
  }
}

TEST_CASE("the nearest class mean tells most but not all digits: a real task, solvable") {
  datasets::Dataset train = datasets::digits({.count = 5000}), test = datasets::digits({.train = false, .count = 2000});
  std::vector<double> means(10 * Digits::pixels);
  std::array<double, 10> counts{};
  for (int64_t i = 0; i < train.size(); ++i) {
    int64_t label = train.labels.data<int64_t>()[i];
    counts[static_cast<std::size_t>(label)] += 1;
    for (int64_t j = 0; j < Digits::pixels; ++j) {
      means[static_cast<std::size_t>(label * Digits::pixels + j)] +=
          train.inputs.data<uint8_t>()[i * Digits::pixels + j];
    }
  }
  for (std::size_t k = 0; k < means.size(); ++k) means[k] /= counts[k / Digits::pixels];
  int right = 0;
  for (int64_t i = 0; i < test.size(); ++i) {
    double best = 1e30;
    int64_t found = -1;
    for (int64_t label = 0; label < 10; ++label) {
      double distance = 0;
      for (int64_t j = 0; j < Digits::pixels; ++j) {
        double d = means[static_cast<std::size_t>(label * Digits::pixels + j)] -
                   test.inputs.data<uint8_t>()[i * Digits::pixels + j];
        distance += d * d;
      }
      if (distance < best) {
        best = distance;
        found = label;
      }
    }
    right += found == test.labels.data<int64_t>()[i];
  }
  double accuracy = right / static_cast<double>(test.size());
  MESSAGE("nearest mean: " << accuracy);
  CHECK(accuracy > 0.5);
  CHECK(accuracy < 0.95);
}

TEST_CASE("wrong counts are refused") {
  CHECK(
      contains(message_of<ValueError>([] { Digits(0).generate(0, 0); }), "digits: the count must be positive, got 0"));
  CHECK(contains(message_of<ValueError>([] { datasets::digits({.count = -3}); }), "-3"));
}
