#include <benchmarks/machine.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/machine.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <benchmarks/timing.h>
#include <korrel/framework/kernels/targets.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::benchmarks::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// 12 sums: more than latency (4) times units (2), and few enough for 16 registers. Returns the number of multiply-adds.
double multiply_add(int rounds, float* result) {
  const hn::ScalableTag<float> d;
  const auto scale = hn::Set(d, result[0]), shift = hn::Set(d, result[1]);
  // Each starts from another value, else the compiler makes one of them.
  const auto start = [&](int i) HWY_ATTR { return hn::Set(d, result[1] * static_cast<float>(i)); };
  auto s0 = start(0), s1 = start(1), s2 = start(2), s3 = start(3), s4 = start(4), s5 = start(5), s6 = start(6),
       s7 = start(7), s8 = start(8), s9 = start(9), s10 = start(10), s11 = start(11);
  for (int i = 0; i < rounds; ++i) {
    s0 = hn::MulAdd(s0, scale, shift);
    s1 = hn::MulAdd(s1, scale, shift);
    s2 = hn::MulAdd(s2, scale, shift);
    s3 = hn::MulAdd(s3, scale, shift);
    s4 = hn::MulAdd(s4, scale, shift);
    s5 = hn::MulAdd(s5, scale, shift);
    s6 = hn::MulAdd(s6, scale, shift);
    s7 = hn::MulAdd(s7, scale, shift);
    s8 = hn::MulAdd(s8, scale, shift);
    s9 = hn::MulAdd(s9, scale, shift);
    s10 = hn::MulAdd(s10, scale, shift);
    s11 = hn::MulAdd(s11, scale, shift);
  }
  const auto sum =
      hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)),
              hn::Add(hn::Add(hn::Add(s4, s5), hn::Add(s6, s7)), hn::Add(hn::Add(s8, s9), hn::Add(s10, s11))));
  result[2] = hn::GetLane(sum);
  return 12.0 * static_cast<double>(hn::Lanes(d)) * rounds;
}

}  // namespace
}  // namespace korrel::benchmarks::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace korrel::benchmarks {
namespace {

HWY_EXPORT(multiply_add);

// Seconds until each of `threads` threads has done work(its index), from when all were ready.
template <class Work>
double seconds_together(int threads, const Work& work) {
  std::atomic<int> ready{0};
  std::vector<double> begin(threads), end(threads);
  const auto run = [&](int i) {
    for (++ready; ready < threads;) {
    }
    begin[i] = wall_seconds();
    work(i);
    end[i] = wall_seconds();
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(run, i);
  run(0);
  for (std::thread& other : others) other.join();
  return *std::max_element(end.begin(), end.end()) - *std::min_element(begin.begin(), begin.end());
}

// The median of 21 comparisons of one thread with all.
template <class Work>
double scaling_of(int threads, const Work& work) {
  std::vector<double> quotients;
  for (int i = 0; i < 21; ++i) {
    quotients.push_back(threads * seconds_together(1, work) / seconds_together(threads, work));
  }
  std::nth_element(quotients.begin(), quotients.begin() + 10, quotients.end());
  return quotients[10];
}

}  // namespace

double run_multiply_adds() {
  kernels::ensure_target();
  float values[3] = {0.999F, 0.001F, 0};
  return HWY_DYNAMIC_DISPATCH(multiply_add)(10000, values);
}

double fma_peak() {
  const Timing timing = time_repeatedly(
      0.1, cpu_seconds, [] { run_multiply_adds(); }, [] {});
  return 2e-9 * run_multiply_adds() / timing.best;
}

double copy_bandwidth() {
  std::vector<char> from(size_t{128} << 20, 1), to(from.size());
  const Timing timing = time_repeatedly(
      0.3, cpu_seconds, [&] { std::memcpy(to.data(), from.data(), from.size()); }, [] {});
  return 2e-9 * static_cast<double>(from.size()) / timing.best;
}

Scaling scaling(int threads) {
  std::vector<std::vector<char>> from(threads, std::vector<char>(size_t{32} << 20, 1)), to(from);
  return {scaling_of(threads,
                     [](int) {
                       for (int i = 0; i < 500; ++i) run_multiply_adds();
                     }),
          scaling_of(threads, [&](int i) { std::memcpy(to[i].data(), from[i].data(), from[i].size()); })};
}

}  // namespace korrel::benchmarks
#endif  // HWY_ONCE
