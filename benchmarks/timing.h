// Times a piece of work over and over: the median tells what to expect, the best what a quiet machine gives.
#pragma once

#include <ctime>

#include <algorithm>
#include <chrono>
#include <vector>

namespace korrel::benchmarks {

// Of this thread: what other programs take from it does not count. For work on one thread only.
inline double cpu_seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Timing {
  double median, best;  // seconds of one run
  double relative;      // median of the quotients of a run's time and that of the yardstick run just before it
};

// Runs `work` once unmeasured, then for `seconds` of wall time and at least 5 samples. A sample is as many runs as take
// 100 us, preceded by one run of `yardstick`: clock rates change from one moment to the next, the quotient does not.
template <class Work, class Yardstick>
Timing time_repeatedly(double seconds, double (*now)(), const Work& work, const Yardstick& yardstick) {
  const auto time = [&](int runs, const auto& what) {
    const double start = now();
    for (int i = 0; i < runs; ++i) what();
    return (now() - start) / runs;
  };
  work();
  const int runs = std::clamp(static_cast<int>(100e-6 / time(1, work)), 1, 1000);
  std::vector<double> times, quotients;
  for (const double begin = wall_seconds(); times.size() < 5 || wall_seconds() - begin < seconds;) {
    const double unit = time(1, yardstick);
    times.push_back(time(runs, work));
    quotients.push_back(times.back() / unit);
  }
  const auto middle = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  const double median = middle(times);
  return {median, times[0], middle(quotients)};
}

}  // namespace korrel::benchmarks
