// For tests of minimal filtering: random numbers, and how far results in f32 are from the same sums in f64.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

// `count` of them, uniform in [-1, 1).
inline std::vector<float> numbers(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = uniform(random);
  return values;
}

// The root of the mean square.
inline double error(const std::vector<float>& values, const std::vector<double>& exact) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += std::pow(static_cast<double>(values[i]) - exact[i], 2);
  return std::sqrt(sum / static_cast<double>(values.size()));
}
