// Runs the cases of both sides interleaved, one after the other in short turns, so that a machine whose speed drifts
// slows both alike. Prints a table and writes CSV: case,threads,korrel_us,libtorch_us,ratio.
//   korrel_peers [--filter TEXT] [--threads 1,2] [--seconds 0.5] [--csv FILE] [--clock wall|cpu]
//                [--conv2d N,C,SIZE,K,KERNEL,STRIDE,PADDING]...
// With one or more --conv1d, --conv2d, --conv3d, --conv_transpose1d, ...2d or ...3d, exactly these convolutions are
// measured, three rows each: output, +dw, +dw+dx. N images of C channels, K filters; SIZE is one number or one per
// dimension (16x112x112).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

#include <benchmarks/machine.h>
#include <benchmarks/peers/peers.h>

using namespace peers;

namespace {

bool processor_time = false;  // --clock cpu: what a busy machine takes away does not count; for one thread

double now() {
  timespec time{};
  clock_gettime(processor_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds_of(const std::function<void()>& step, int64_t repeats) {
  const double start = now();
  for (int64_t i = 0; i < repeats; ++i) step();
  return now() - start;
}

// OpenBLAS's workers spin for 140 ms after their work, libgomp's for 20 ms: one side's idle threads would take
// half of the cores from the other side's turn. Waits until the process uses no processor any more.
void let_threads_sleep() {
  for (int i = 0; i < 50; ++i) {
    timespec before{}, after{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    if (1e3 * static_cast<double>(after.tv_sec - before.tv_sec) +
            1e-6 * static_cast<double>(after.tv_nsec - before.tv_nsec) <
        1)
      return;
  }
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// How many steps fill about 20 ms.
int64_t repeats_for(const std::function<void()>& step) {
  double once = std::min(seconds_of(step, 1), seconds_of(step, 1));
  return std::clamp<int64_t>(static_cast<int64_t>(0.02 / std::max(once, 1e-7)), 1, 100000);
}

double max_relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double scale = 1e-30, difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    scale = std::max(scale, std::abs(static_cast<double>(b[i])));
    difference = std::max(difference, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return difference / scale;
}

// `flag` is conv1d ... conv_transpose3d, without dashes; `text` 4,3,224,64,7,2,3.
Conv parse_convolution(const std::string& flag, const std::string& text) {
  const std::size_t dims = static_cast<std::size_t>(flag[flag.size() - 2] - '0');
  std::vector<std::vector<int64_t>> fields;
  std::stringstream list(text);
  for (std::string field; std::getline(list, field, ',');) {
    std::stringstream extents(field);
    fields.emplace_back();
    for (std::string extent; std::getline(extents, extent, 'x');) fields.back().push_back(std::stoll(extent));
  }
  if (fields.size() == 7 && fields[2].size() == 1) fields[2].resize(dims, fields[2][0]);
  bool fits = fields.size() == 7 && fields[2].size() == dims && dims >= 1 && dims <= 3;
  for (std::size_t i = 0; fits && i < fields.size(); ++i) fits = i == 2 || fields[i].size() == 1;
  if (!fits) {
    fmt::print(stderr, "--{} {}: expected N,C,SIZE,K,KERNEL,STRIDE,PADDING\n", flag, text);
    std::exit(2);
  }
  return {fields[0][0], fields[1][0], fields[2],    fields[3][0],
          fields[4][0], fields[5][0], fields[6][0], flag.starts_with("conv_transpose")};
}

}  // namespace

int main(int argc, char** argv) {
  std::string filter, csv;
  std::vector<int> threads = {1, 2};
  std::vector<Conv> wanted;
  double seconds = 0.5;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string flag = argv[i], value = argv[i + 1];
    if (flag.starts_with("--conv")) wanted.push_back(parse_convolution(flag.substr(2), value));
    if (flag == "--filter") filter = value;
    if (flag == "--csv") csv = value;
    if (flag == "--clock") processor_time = value == "cpu";
    if (flag == "--seconds") seconds = std::stod(value);
    if (flag == "--threads") {
      threads.clear();
      std::stringstream list(value);
      for (std::string item; std::getline(list, item, ',');) threads.push_back(std::stoi(item));
    }
  }
  fmt::print("one core: FMA peak {:.1f} GFLOP/s, copy {:.1f} GB/s\n", korrel::benchmarks::fma_peak(),
             korrel::benchmarks::copy_bandwidth());
  for (int count : threads) {
    if (count == 1) continue;
    const auto [fma, copy] = korrel::benchmarks::scaling(count);
    fmt::print("{} threads at once: {:.2f} times one thread's multiply-adds, {:.2f} times its copying\n", count, fma,
               copy);
  }
  Table ours = wanted.empty() ? korrel_cases() : korrel_convolutions(wanted);
  Table theirs = wanted.empty() ? torch_cases() : torch_convolutions(wanted);
  std::ofstream out;
  if (!csv.empty()) {
    out.open(csv);
    out << "case,threads,korrel_us,libtorch_us,ratio\n";
  }
  fmt::print("{:<44} {:>3} {:>12} {:>12} {:>7}  {}\n", "case", "thr", "korrel us", "libtorch us", "ratio",
             "max rel. difference");
  for (const auto& [name, make_ours] : ours) {
    if (name.find(filter) == std::string::npos) continue;
    auto match =
        std::find_if(theirs.begin(), theirs.end(), [&, n = name](const auto& entry) { return entry.first == n; });
    if (match == theirs.end()) {
      fmt::print("{:<44} libtorch has no such case\n", name);
      continue;
    }
    for (int count : threads) {
      set_korrel_threads(count);
      set_torch_threads(count);
      Case a = make_ours(), b = match->second();
      a.step();
      b.step();
      double difference = max_relative_difference(a.result(), b.result());
      let_threads_sleep();
      int64_t repeats_a = repeats_for(a.step), repeats_b = repeats_for(b.step);
      std::vector<double> times_a, times_b;
      // The first step of a turn, which finds the caches full of the other side's data, is not counted.
      const auto turn = [&](const Case& side, int64_t repeats) {
        if (count > 1) let_threads_sleep();
        side.step();
        return seconds_of(side.step, repeats);
      };
      for (double spent = 0; spent < 2 * seconds || times_a.size() < 5;) {
        double ta = turn(a, repeats_a);
        double tb = turn(b, repeats_b);
        times_a.push_back(ta / static_cast<double>(repeats_a));
        times_b.push_back(tb / static_cast<double>(repeats_b));
        spent += ta + tb;
      }
      // The ratio is that of turns beside each other: a machine that changes its speed between them spoils one, not
      // all.
      std::vector<double> ratios;
      for (std::size_t i = 0; i < times_a.size(); ++i) ratios.push_back(times_a[i] / times_b[i]);
      double ta = 1e6 * median(times_a), tb = 1e6 * median(times_b), ratio = median(ratios);
      fmt::print("{:<44} {:>3} {:>12.2f} {:>12.2f} {:>7.3f}  {:.1e}\n", name, count, ta, tb, ratio, difference);
      std::fflush(stdout);
      if (out.is_open()) out << name << ',' << count << ',' << ta << ',' << tb << ',' << ratio << std::endl;
    }
  }
}
