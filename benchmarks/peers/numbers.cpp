#include <fmt/format.h>

#include <algorithm>

#include <benchmarks/peers/peers.h>

namespace peers {

std::string Conv::name() const {
  const bool cube = std::all_of(size.begin(), size.end(), [&](int64_t extent) { return extent == size[0]; });
  return fmt::format("conv{}{}d {}x{}x{} {} k{} s{} p{}", transposed ? "_transpose" : "", size.size(), n, c,
                     cube ? std::to_string(size[0]) : fmt::format("{}", fmt::join(size, "x")), k, kernel, stride,
                     padding);
}

namespace {
uint64_t mix(uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ x >> 27) * 0x94D049BB133111EBull;
  return x ^ x >> 31;
}
}  // namespace

std::vector<float> numbers(const std::string& key, int64_t count, float low, float high) {
  uint64_t seed = 0;
  for (char c : key) seed = mix(seed ^ static_cast<uint64_t>(c));
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = low + (high - low) * static_cast<float>(mix(seed + i) >> 40) * 0x1p-24f;
  return values;
}

std::vector<int64_t> labels(const std::string& key, int64_t count, int64_t classes) {
  std::vector<int64_t> values;
  for (float v : numbers(key, count, 0, static_cast<float>(classes)))
    values.push_back(std::min<int64_t>(static_cast<int64_t>(v), classes - 1));
  return values;
}

}  // namespace peers
