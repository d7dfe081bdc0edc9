// Each transform against its definition, and the randomness that it draws from.
#include <doctest/doctest.h>
#include <korrel/datasets/transforms.h>
#include <korrel/framework/base/error.h>
#include <tests/temporary_folder.h>

#include <map>
#include <numeric>

using namespace korrel;
using namespace korrel::datasets;

namespace {

std::vector<float> applied(const Transform& transform, const std::vector<float>& in, const Shape& shape,
                           SampleRandom random) {
  std::vector<float> out(static_cast<std::size_t>(transform.shape(shape).numel()), -1);
  transform.apply(in.data(), out.data(), shape, random);
  return out;
}

std::vector<float> counting(int64_t n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.f);
  return values;
}

}  // namespace

TEST_CASE("Normalize subtracts the mean and divides by the deviation of the channel") {
  SampleRandom random(0, 0, 0);
  CHECK(applied(Normalize{{1, 3}, {2, 4}}, {1, 3, 5, 3, 7, 11}, {2, 1, 3}, random) ==
        std::vector<float>{0, 1, 2, 0, 1, 2});
  CHECK(applied(Normalize{{1}, {2}}, {1, 3, 5, 3}, {2, 1, 2}, random) == std::vector<float>{0, 1, 2, 1});
  CHECK(applied(Normalize{{1}, {2}}, {1, 3}, {2}, random) == std::vector<float>{0, 1});
}

TEST_CASE("RandomCrop gives every window of the padded image, with zeros around it, and no other") {
  const int64_t height = 2, width = 3, padding = 1;
  std::vector<float> image = counting(2 * height * width);
  RandomCrop crop{.size = 2, .padding = padding};
  std::map<std::vector<float>, int> windows;  // all that there are, by a loop over the padded image
  for (int64_t top = -padding; top <= height + padding - 2; ++top) {
    for (int64_t left = -padding; left <= width + padding - 2; ++left) {
      std::vector<float> window;
      for (int64_t c = 0; c < 2; ++c) {
        for (int64_t y = top; y < top + 2; ++y) {
          for (int64_t x = left; x < left + 2; ++x) {
            bool inside = y >= 0 && y < height && x >= 0 && x < width;
            window.push_back(inside ? image[static_cast<std::size_t>((c * height + y) * width + x)] : 0);
          }
        }
      }
      windows[window] = 0;
    }
  }
  for (int64_t i = 0; i < 2000; ++i) {
    auto found = windows.find(applied(crop, image, {2, height, width}, SampleRandom(1, 0, i)));
    REQUIRE(found != windows.end());
    ++found->second;
  }
  for (const auto& [window, count] : windows) CHECK(count > 2000 / static_cast<int>(windows.size()) / 2);
}

TEST_CASE("RandomCrop of size 0 keeps the size; padding may exceed the image") {
  std::vector<float> image = counting(4);
  CHECK(RandomCrop{.padding = 5}.shape({1, 2, 2}) == Shape{1, 2, 2});
  for (int64_t i = 0; i < 200; ++i)
    CHECK(applied(RandomCrop{.padding = 5}, image, {1, 2, 2}, SampleRandom(0, 0, i)).size() == 4);
}

TEST_CASE("RandomHorizontalFlip exchanges left and right as often as asked") {
  std::vector<float> image = counting(12), flipped = {3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10};
  auto flips = [&](double p) {
    int count = 0;
    for (int64_t i = 0; i < 1000; ++i) {
      std::vector<float> out = applied(RandomHorizontalFlip{p}, image, {2, 2, 3}, SampleRandom(0, 0, i));
      CHECK((out == image || out == flipped));
      count += out == flipped;
    }
    return count;
  };
  CHECK(flips(0) == 0);
  CHECK(flips(1) == 1000);
  CHECK(std::abs(flips(0.5) - 500) < 80);  // five standard deviations
  CHECK(std::abs(flips(0.1) - 100) < 48);
}

TEST_CASE("Cutout clears a square around any pixel, cut off at the borders, in all channels alike") {
  const int64_t height = 4, width = 5;
  std::vector<float> image = counting(2 * height * width);
  for (int64_t size : {1, 2, 3, 20}) {
    CAPTURE(size);
    std::map<std::vector<float>, int> results;  // all that there are, by a loop over the middles
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        std::vector<float> cleared = image;
        for (int64_t i = 0; i < 2 * height * width; ++i) {
          int64_t row = i / width % height - (y - size / 2), column = i % width - (x - size / 2);
          if (row >= 0 && row < size && column >= 0 && column < size) cleared[static_cast<std::size_t>(i)] = 0;
        }
        results[cleared] = 0;
      }
    }
    for (int64_t i = 0; i < 1000; ++i) {
      auto found = results.find(applied(Cutout{size}, image, {2, height, width}, SampleRandom(1, 0, i)));
      REQUIRE(found != results.end());
      ++found->second;
    }
    for (const auto& [result, count] : results) CHECK(count > 20);
  }
}

TEST_CASE("what does not apply is refused with the values") {
  auto said = [](const Transform& transform, const Shape& shape) {
    return message_of<Error>([&] { transform.shape(shape); });
  };
  CHECK(contains(said(Normalize{{0, 0}, {1, 1}}, {3, 2, 2}),
                 "2 means and 2 deviations for samples of 3 channels [3,2,2]"));
  CHECK(contains(said(Normalize{{0}, {0}}, {1, 2, 2}), "std must be positive, got 0"));
  CHECK(contains(said(RandomCrop{.size = 5, .padding = 1}, {1, 2, 4}),
                 "size 5 is larger than the image with its padding of 1 ([1,2,4])"));
  CHECK(contains(said(RandomCrop{.padding = -1}, {1, 2, 4}), "must not be negative"));
  CHECK(contains(said(RandomCrop{}, {4}), "needs images [C,H,W]"));
  CHECK(contains(said(RandomHorizontalFlip{1.5}, {1, 2, 2}), "p must be in [0,1]"));
  CHECK(contains(said(RandomHorizontalFlip{}, {2, 2}), "needs images"));
  CHECK(contains(said(Cutout{}, {2, 2}), "Cutout: needs images"));
  CHECK(contains(said(Cutout{0}, {1, 2, 2}), "size must be positive, got 0"));
}

TEST_CASE("SampleRandom depends on seed, epoch and index, and on each of them") {
  auto numbers = [](uint64_t seed, int64_t epoch, int64_t index) {
    SampleRandom random(seed, epoch, index);
    std::vector<double> drawn;
    for (int i = 0; i < 7; ++i) drawn.push_back(random.uniform());
    return drawn;
  };
  std::vector<double> first = numbers(1, 2, 3);
  CHECK(numbers(1, 2, 3) == first);
  CHECK(numbers(0, 2, 3) != first);
  CHECK(numbers(1, 0, 3) != first);
  CHECK(numbers(1, 2, 0) != first);
  double sum = 0;
  for (int64_t i = 0; i < 10'000; ++i) sum += SampleRandom(5, 1, i).uniform();
  CHECK(sum / 10'000 == doctest::Approx(0.5).epsilon(0.03));
  for (int64_t i = 0; i < 100; ++i) CHECK(SampleRandom(5, 1, i).below(3) < 3);
}

TEST_CASE("a transform of one's own joins in") {
  struct Double {
    Shape shape(const Shape& in) const { return in; }
    void apply(const float* in, float* out, const Shape& in_shape, SampleRandom&) const {
      for (int64_t i = 0; i < in_shape.numel(); ++i) out[i] = 2 * in[i];
    }
  };
  Transform transform = Double{};
  CHECK(applied(transform, {1, 2}, {2}, SampleRandom(0, 0, 0)) == std::vector<float>{2, 4});
  CHECK(transform.as<Double>());
  CHECK_FALSE(transform.as<Normalize>());
}
