// The side-by-side benchmark: the same cases, with the same numbers, in Korrel and in libtorch. Each side makes a case
// by name; peers.cpp runs both interleaved, compares the results and prints the table. Knows neither library.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace peers {

// One prepared case: `step` is timed, `result` gives numbers to compare after the very first step.
struct Case {
  std::function<void()> step;
  std::function<std::vector<float>()> result;
};
using Make = std::function<Case()>;
using Table = std::vector<std::pair<std::string, Make>>;

// What the two sides agree on: x [n, c, size...], `k` filters that are `kernel` wide in each dimension.
struct Conv {
  int64_t n, c;
  std::vector<int64_t> size;  // one to three dimensions
  int64_t k, kernel, stride, padding;
  bool transposed = false;
  std::string name() const;
};
inline const std::vector<Conv> convolutions = {{64, 1, {32, 32}, 6, 5, 1, 0},
                                               {64, 6, {14, 14}, 16, 5, 1, 0},
                                               {64, 16, {5, 5}, 120, 5, 1, 0},
                                               {32, 16, {32, 32}, 16, 3, 1, 1},
                                               {16, 64, {32, 32}, 64, 3, 1, 1},
                                               {16, 64, {32, 32}, 128, 3, 2, 1},
                                               {16, 256, {8, 8}, 256, 3, 1, 1},
                                               {16, 512, {4, 4}, 512, 3, 1, 1},
                                               {16, 256, {14, 14}, 64, 1, 1, 0},
                                               {4, 3, {224, 224}, 64, 7, 2, 3},
                                               {2, 128, {56, 56}, 128, 3, 1, 1},
                                               {4, 3, {224, 224}, 64, 11, 4, 2},
                                               // Odd ones, so that nothing is tuned to the list.
                                               {7, 5, {19, 19}, 11, 3, 2, 1},
                                               {3, 37, {23, 23}, 29, 5, 1, 2},
                                               {9, 96, {13, 13}, 50, 3, 1, 1}};

// `count` numbers that depend on `key` and `index` alone, uniform in [low, high).
std::vector<float> numbers(const std::string& key, int64_t count, float low = -1, float high = 1);
std::vector<int64_t> labels(const std::string& key, int64_t count, int64_t classes);

Table korrel_cases();
Table torch_cases();
// Three cases each: the output alone, with the weights' gradient, with x's too.
Table korrel_convolutions(const std::vector<Conv>& wanted);
Table torch_convolutions(const std::vector<Conv>& wanted);
void set_korrel_threads(int threads);
void set_torch_threads(int threads);

}  // namespace peers
