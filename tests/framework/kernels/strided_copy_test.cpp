#include <korrel/framework/kernels/strided_copy.h>

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>

using namespace korrel;

namespace {

// One index at a time.
template <class T>
void naive(const Shape& shape, T* to, const Strides& to_strides, const T* from, const Strides& from_strides) {
  for (int64_t i = 0, n = shape.numel(); i < n; ++i) {
    int64_t rest = i, out = 0, in = 0;
    for (int d = shape.rank() - 1; d >= 0; --d) {
      out += rest % shape[d] * to_strides[d];
      in += rest % shape[d] * from_strides[d];
      rest /= shape[d];
    }
    to[out] = from[in];
  }
}

struct Copy {
  Shape shape;
  Strides to, from;
};

template <class T>
void compare(const Copy& copy) {
  CAPTURE(to_string(copy.shape));
  CAPTURE(to_string(copy.to));
  CAPTURE(to_string(copy.from));
  auto reach = [&](const Strides& strides, bool up) {  // how far the elements lie from the first one
    int64_t sum = 0;
    for (int d = 0; d < copy.shape.rank(); ++d)
      if ((strides[d] > 0) == up) sum += strides[d] * (copy.shape[d] - 1);
    return copy.shape.numel() == 0 ? 0 : sum;
  };
  int64_t to_first = -reach(copy.to, false), from_first = -reach(copy.from, false);
  std::vector<T> from(static_cast<std::size_t>(from_first + reach(copy.from, true) + 1));
  std::iota(from.begin(), from.end(), T(1));
  constexpr int64_t line = 64 / sizeof(T);  // the first element written begins a cache line, as a tensor's does
  std::vector<T> actual(static_cast<std::size_t>(line + to_first + reach(copy.to, true) + 1)), expected = actual;
  to_first +=
      (line - static_cast<int64_t>(reinterpret_cast<uintptr_t>(actual.data() + to_first) / sizeof(T)) % line) % line;
  naive(copy.shape, expected.data() + to_first, copy.to, from.data() + from_first, copy.from);
  kernels::strided_copy(copy.shape, sizeof(T), actual.data() + to_first, copy.to, from.data() + from_first, copy.from);
  CHECK(actual == expected);
}

}  // namespace

TEST_CASE("narrow rows, and a few parts woven together and taken apart, on every SIMD target") {
  std::string before = kernels::active_target();
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    for (int64_t k = 1; k <= 10; ++k)
      for (int64_t n : {1, 15, 16, 17, 100, 1000}) {
        const std::vector<Copy> copies = {{{n, k}, {k, 1}, {1, n}},                   // woven
                                          {{n, k}, {k, 1}, {1, n + 3}},               // parts that lie apart
                                          {{n, k}, {k + 1, 1}, {1, n}},               // into rows that lie apart
                                          {{k, n}, {n, 1}, {1, k}},                   // taken apart
                                          {{k, n}, {n + 3, 1}, {1, k}},               // into parts that lie apart
                                          {{k, n}, {n, 1}, {1, k + 2}},               // out of wider rows
                                          {{3, n, k}, {n * k, k, 1}, {n * k, 1, n}},  // image by image
                                          {{3, k, n}, {n * k, n, 1}, {n * k, 1, k}},  // and back
                                          {{n, k}, {k, 1}, {k + 2, 1}},               // a part of each row
                                          {{n, k}, {k, 1}, {2 * k, 2}},               // every other element
                                          {{n, k}, {k, 1}, {k, -1}},                  // turned round
                                          {{n, k}, {k, 1}, {1, 0}},                   // repeated
                                          {{2, n, k, 3}, {n * k * 3, k * 3, 3, 1}, {k, 0, 1, 0}},  // both
                                          {{2, k, n, 3}, {n * k * 3, n * 3, 3, 1}, {4, 0, 8, 1}}};
        for (const Copy& copy : copies) {
          compare<uint8_t>(copy);
          compare<float>(copy);
          compare<double>(copy);
        }
      }
  }
  kernels::force_target(before);
}

TEST_CASE("any strides on both sides, as one index at a time would have it") {
  int before = num_threads();
  for (int threads : {1, 3}) {
    set_num_threads(threads);
    for (const Copy& copy : {
             Copy{{}, {}, {}},
             Copy{{0, 3}, {3, 1}, {3, 1}},
             Copy{{7}, {1}, {1}},
             Copy{{7}, {1}, {0}},
             Copy{{7}, {1}, {-1}},
             Copy{{7}, {3}, {2}},
             Copy{{3, 5}, {5, 1}, {5, 1}},
             Copy{{3, 5}, {5, 1}, {1, 3}},               // transposed
             Copy{{3, 5}, {1, 3}, {5, 1}},               // into a transposed one
             Copy{{3, 5}, {8, 1}, {5, 1}},               // into a part
             Copy{{1, 5, 1}, {9, 1, 7}, {2, 1, 3}},      // strides that are never taken
             Copy{{2, 3, 4}, {12, 4, 1}, {0, 1, 0}},     // broadcast
             Copy{{2, 3, 4}, {12, 4, 1}, {-12, 4, -1}},  // turned round
             Copy{{2, 3, 4}, {1, 2, 6}, {12, 4, 1}},     // dimensions reversed
             Copy{{4, 3, 2, 5}, {30, 10, 5, 1}, {5, 40, 20, 1}},
             Copy{{2, 2, 2, 2, 2, 2, 2, 2}, {1, 2, 4, 8, 16, 32, 64, 128}, {128, 64, 32, 16, 8, 4, 2, 1}},
             Copy{{130, 190}, {190, 1}, {1, 130}},  // tiles that do not fit
             Copy{{300, 500}, {500, 1}, {1, 300}},  // several threads, one block
             Copy{{200'000}, {1}, {2}},
             Copy{{40, 70, 60}, {4200, 60, 1}, {60, 2400, 1}},  // several threads, many blocks
             Copy{{30, 50, 90}, {4500, 90, 1}, {1, 30, 1500}},
             Copy{{100'000, 3}, {3, 1}, {1, 100'000}},
             Copy{{1031, 528}, {528, 1}, {1, 1031}},  // large: past the caches
             Copy{{1031, 528}, {544, 1}, {1, 1040}},
             Copy{{1031, 528}, {530, 1}, {1, 1031}},  // no whole lines
             Copy{{4001, 100}, {101, 1}, {1, 4001}},
             Copy{{3, 333, 560}, {333 * 560, 560, 1}, {333 * 560, 1, 333}},
         }) {
      compare<uint8_t>(copy);
      compare<float>(copy);
      compare<double>(copy);
    }
  }
  set_num_threads(before);
}
