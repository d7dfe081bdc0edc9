#include <korrel/framework/tensor/random.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>

#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>

using namespace korrel;

namespace {

bool is(const PhiloxBlock& block, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return block.words[0] == a && block.words[1] == b && block.words[2] == c && block.words[3] == d;
}

struct Moments {
  double mean, variance, skewness, kurtosis;
};
Moments moments(const Tensor& x) {
  std::vector<double> values = x.to_vector();
  auto n = static_cast<double>(values.size());
  double mean = 0, m2 = 0, m3 = 0, m4 = 0;
  for (double v : values) mean += v / n;
  for (double v : values) {
    double d = v - mean;
    m2 += d * d / n;
    m3 += d * d * d / n;
    m4 += d * d * d * d / n;
  }
  return {mean, m2, m3 / std::pow(m2, 1.5), m4 / (m2 * m2)};
}

}  // namespace

// kat_vectors of Random123 (Salmon et al. 2011), philox4x32 with 10 rounds: counter words, key words, result.
TEST_CASE("Philox gives the published numbers") {
  CHECK(is(philox(0, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  CHECK(is(philox(~0ull, ~0ull, ~0ull), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  // counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0: the digits of pi
  CHECK(is(philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88), 0xd16cfe09, 0x94fdcceb, 0x5001e420,
           0x24126ea1));
}

TEST_CASE("the same seed gives the same numbers, draws differ") {
  Generator a(7), b(7), c(8);
  Tensor x = rand({100}, {}, a), y = rand({100}, {}, b), z = rand({100}, {}, c), next = rand({100}, {}, a);
  CHECK(x.to_vector() == y.to_vector());
  CHECK(x.to_vector() != z.to_vector());
  CHECK(x.to_vector() != next.to_vector());
  b.seed(7);
  CHECK(rand({100}, {}, b).to_vector() == x.to_vector());
  CHECK(b.draws() == 1);
  Generator restored(7);
  restored.set_draws(1);
  CHECK(rand({100}, {}, restored).to_vector() == next.to_vector());
}

TEST_CASE("a longer draw begins with the shorter one") {
  for (DType dtype : {f32, f64}) {
    Generator a(1), b(1);
    std::vector<double> shorter = randn({7}, {dtype}, a).to_vector(), longer = randn({8}, {dtype}, b).to_vector();
    CHECK(std::equal(shorter.begin(), shorter.end(), longer.begin()));
    shorter = rand({7}, {dtype}, a).to_vector();
    longer = rand({8}, {dtype}, b).to_vector();
    CHECK(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  }
}

TEST_CASE("any number of threads gives the same bits") {
  int before = num_threads();
  auto all = [] {
    Generator generator(3);
    std::vector<std::vector<double>> results;
    for (DType dtype : {f32, f64}) {
      results.push_back(rand({100'003}, {dtype}, generator).to_vector());
      results.push_back(randn({100'003}, {dtype}, generator).to_vector());
    }
    results.push_back(randint(-5, 1000, {100'003}, {i64}, generator).to_vector());
    return results;
  };
  set_num_threads(1);
  auto one = all();
  set_num_threads(4);
  CHECK(all() == one);
  set_num_threads(before);
}

TEST_CASE("uniform numbers") {
  Generator generator(5);
  for (DType dtype : {f32, f64}) {
    Tensor x = rand({200'000}, {dtype}, generator);
    std::vector<double> values = x.to_vector();
    CHECK(*std::min_element(values.begin(), values.end()) >= 0);
    CHECK(*std::max_element(values.begin(), values.end()) < 1);
    Moments m = moments(x);
    CHECK(m.mean == doctest::Approx(0.5).epsilon(0.005));
    CHECK(m.variance == doctest::Approx(1.0 / 12).epsilon(0.01));
    CHECK(m.kurtosis == doctest::Approx(1.8).epsilon(0.01));
  }
  Tensor x = rand({10'000}, {}, generator);
  fill_uniform(x, -3, -1, generator);
  CHECK(moments(x).mean == doctest::Approx(-2).epsilon(0.02));
}

TEST_CASE("normal numbers") {
  Generator generator(6);
  for (DType dtype : {f32, f64}) {
    Moments m = moments(randn({400'000}, {dtype}, generator));
    CHECK(std::abs(m.mean) < 0.005);
    CHECK(m.variance == doctest::Approx(1).epsilon(0.01));
    CHECK(std::abs(m.skewness) < 0.02);
    CHECK(m.kurtosis == doctest::Approx(3).epsilon(0.02));
  }
  Tensor x = rand({100'000}, {f64}, generator);
  fill_normal(x, 10, 2, generator);
  CHECK(moments(x).mean == doctest::Approx(10).epsilon(0.01));
  CHECK(moments(x).variance == doctest::Approx(4).epsilon(0.03));
  for (double value : x.to_vector()) REQUIRE(std::isfinite(value));
}

TEST_CASE("integers reach both ends and no further") {
  Generator generator(9);
  std::vector<int> counts(7);
  for (int value : randint(-3, 4, {70'000}, {i64}, generator).to_vector<int>()) {
    REQUIRE(value >= -3);
    REQUIRE(value <= 3);
    ++counts[static_cast<std::size_t>(value + 3)];
  }
  for (int count : counts) CHECK(count == doctest::Approx(10'000).epsilon(0.05));
  CHECK(randint(0, 256, {1000}, {u8}, generator).dtype() == u8);
  CHECK_THROWS_WITH_AS(randint(3, 3, {1}), "randint: the range [3, 3) is empty", ValueError);
  CHECK_THROWS_AS(generator.next_below(0), ValueError);
  std::set<int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(generator.next_below(5));
  CHECK(seen == std::set<int64_t>{0, 1, 2, 3, 4});
  for (int i = 0; i < 100; ++i) CHECK(generator.next_uniform() < 1);
}

TEST_CASE("permutations hold every number once, all orders equally often") {
  Generator generator(11);
  std::vector<int64_t> order = randperm(1000, generator).to_vector<int64_t>(), sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (int64_t i = 0; i < 1000; ++i) REQUIRE(sorted[static_cast<std::size_t>(i)] == i);
  CHECK(order != sorted);
  CHECK(randperm(0, generator).numel() == 0);
  std::vector<int> counts(27);
  for (int i = 0; i < 6000; ++i) {
    std::vector<int> p = randperm(3, generator).to_vector<int>();
    ++counts[static_cast<std::size_t>(9 * p[0] + 3 * p[1] + p[2])];
  }
  CHECK(std::count(counts.begin(), counts.end(), 0) == 21);  // six orders occur
  for (int count : counts) CHECK((count == 0 || (count > 850 && count < 1150)));
}

TEST_CASE("each thread has its own default generator, seeded alike") {
  manual_seed(42);
  std::vector<double> here = rand({4}).to_vector(), there;
  std::thread([&] {
    manual_seed(42);
    there = rand({4}).to_vector();
  }).join();
  CHECK(here == there);
  CHECK(default_generator().seed() == 42);
  CHECK(default_generator().draws() == 1);
  manual_seed(Generator::default_seed);
}

TEST_CASE("only floating tensors are filled with fractions") {
  Tensor x = make_tensor({2}, i64);
  CHECK_THROWS_WITH_AS(fill_uniform(x, 0, 1), "fill_uniform: needs a floating tensor, got i64", DtypeError);
  CHECK_THROWS_AS(fill_normal(x, 0, 1), DtypeError);
  CHECK_THROWS_AS(rand({2}, {i64}), DtypeError);
  CHECK(rand({2}, {.requires_grad = true}).requires_grad());
  CHECK(randn({0}).numel() == 0);
}
