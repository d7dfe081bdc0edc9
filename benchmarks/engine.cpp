// korrel_bench: the convolution engine and matmul against the machine's measured limit.
//   korrel_bench [--filter TEXT] [--threads N] [--seconds S]
// prints a table: case, pass, median and best microseconds, GFLOP/s of the median, per cent of the FMA peak of the
// threads used.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include <benchmarks/machine.h>
#include <benchmarks/timing.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/convolution.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/targets.h>

namespace korrel::benchmarks {
namespace {

using kernels::ConvGeometry;

struct Options {
  std::string filter;
  int threads = 1;
  double seconds = 0.3;
};

struct Table {
  Options options;
  double yardstick;  // multiply-adds of one run of it

  bool wanted(const std::string& name) const { return name.find(options.filter) != std::string::npos; }

  template <class Work>
  void row(const std::string& name, const char* pass, double multiply_adds, const Work& work) const {
    const Timing timing = time_repeatedly(options.seconds, options.threads == 1 ? cpu_seconds : wall_seconds, work,
                                          [] { run_multiply_adds(); });
    std::printf("%-40s %-8s %10.1f %10.1f %9.1f %7.1f %%\n", name.c_str(), pass, timing.median * 1e6, timing.best * 1e6,
                2e-9 * multiply_adds / timing.median,
                100 * multiply_adds / timing.relative / (yardstick * options.threads));
    std::fflush(stdout);
  }
};

std::vector<float> values(int64_t count) {
  std::vector<float> result(count);
  uint32_t state = 12345;
  for (float& value : result) {
    state = state * 1664525 + 1013904223;
    value = static_cast<float>(state >> 8) / (1 << 24) - 0.5F;
  }
  return result;
}

struct Layer {
  std::string name;
  ConvGeometry geometry;
};

// Sizes of the last dimensions; the output follows.
Layer layer(const std::string& name, int64_t n, int64_t c, std::vector<int64_t> in, int64_t k, int64_t kernel,
            int64_t stride, int64_t padding, int64_t groups = 1) {
  ConvGeometry g;
  g.n = n, g.c = c, g.k = k, g.groups = groups;
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t at = 3 - in.size() + i;
    g.in[at] = in[i], g.kernel[at] = kernel, g.stride[at] = stride, g.padding[at] = padding;
    g.out[at] = (in[i] + 2 * padding - kernel) / stride + 1;
  }
  return {name, g};
}

std::vector<Layer> layers() {
  return {
      layer("conv 64x1x28x28 6 k5 p2 (LeNet)", 64, 1, {28, 28}, 6, 5, 1, 2),
      layer("conv 64x1x32x32 6 k5", 64, 1, {32, 32}, 6, 5, 1, 0),
      layer("conv 64x6x14x14 16 k5 (LeNet)", 64, 6, {14, 14}, 16, 5, 1, 0),
      layer("conv 1x1x28x28 6 k5 p2 (one image)", 1, 1, {28, 28}, 6, 5, 1, 2),
      layer("conv 1x6x14x14 16 k5 (one image)", 1, 6, {14, 14}, 16, 5, 1, 0),
      layer("conv 64x16x5x5 120 k5", 64, 16, {5, 5}, 120, 5, 1, 0),
      layer("conv 32x16x32x32 16 k3 p1", 32, 16, {32, 32}, 16, 3, 1, 1),
      layer("conv 16x64x32x32 64 k3 p1", 16, 64, {32, 32}, 64, 3, 1, 1),
      layer("conv 16x64x32x32 128 k3 s2 p1", 16, 64, {32, 32}, 128, 3, 2, 1),
      layer("conv 16x256x8x8 256 k3 p1", 16, 256, {8, 8}, 256, 3, 1, 1),
      layer("conv 16x512x4x4 512 k3 p1", 16, 512, {4, 4}, 512, 3, 1, 1),
      layer("conv 16x256x14x14 64 k1", 16, 256, {14, 14}, 64, 1, 1, 0),
      layer("conv 4x3x224x224 64 k7 s2 p3", 4, 3, {224, 224}, 64, 7, 2, 3),
      layer("conv 2x128x56x56 128 k3 p1", 2, 128, {56, 56}, 128, 3, 1, 1),
      layer("conv 4x3x224x224 64 k11 s4 p2", 4, 3, {224, 224}, 64, 11, 4, 2),
      layer("conv 8x48x23x23 40 k3 p1 (odd)", 8, 48, {23, 23}, 40, 3, 1, 1),
      layer("conv 8x64x28x28 128 k1 s2 (shortcut)", 8, 64, {28, 28}, 128, 1, 2, 0),
      layer("conv 16x128x28x28 k3 p1 depthwise", 16, 128, {28, 28}, 128, 3, 1, 1, 128),
      layer("conv 16x128x28x28 k3 s2 p1 depthwise", 16, 128, {28, 28}, 128, 3, 2, 1, 128),
      layer("conv 16x64x28x28 64 k3 p1 4 groups", 16, 64, {28, 28}, 64, 3, 1, 1, 4),
      layer("conv1d 16x64x1024 64 k5 p2", 16, 64, {1024}, 64, 5, 1, 2),
      layer("conv3d 2x16x16x32x32 32 k3 p1", 2, 16, {16, 32, 32}, 32, 3, 1, 1),
      layer("conv_transpose 8x64x16x16 64 k4 s2 p1", 8, 64, {32, 32}, 64, 4, 2,
            1),  // its forward is the input gradient
  };
}

int64_t elements(const std::array<int64_t, 3>& d) { return d[0] * d[1] * d[2]; }

void run_layers(const Table& table) {
  for (const auto& [name, g] : layers()) {
    if (!table.wanted(name)) continue;
    const std::vector<float> x = values(g.n * g.c * elements(g.in)),
                             w = values(g.k * (g.c / g.groups) * elements(g.kernel)),
                             gy = values(g.n * g.k * elements(g.out)), bias = values(g.k);
    std::vector<float> y(gy.size()), gx(x.size()), gw(w.size());
    const double multiply_adds = static_cast<double>(y.size()) * (g.c / g.groups) * elements(g.kernel);
    table.row(name, "output", multiply_adds,
              [&g = g, &x, &w, &bias, &y] { kernels::conv_output(g, x.data(), w.data(), bias.data(), y.data()); });
    table.row(name, "weights", multiply_adds,
              [&g = g, &x, &gy, &gw] { kernels::conv_weight_gradient(g, x.data(), gy.data(), gw.data()); });
    table.row(name, "input", multiply_adds, [&g = g, &gy, &w, &gx] {
      kernels::conv_input_gradient<float>(g, gy.data(), w.data(), nullptr, gx.data());
    });
  }
}

void run_matmuls(const Table& table) {
  const struct {
    int64_t m, n, k;
  } sizes[] = {{128, 128, 128}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048},
               {64, 120, 400},  {64, 84, 120},   {64, 10, 84},       {1, 120, 400},
               {1, 84, 120},    {1, 4096, 4096}, {8, 1024, 1024},    {333, 777, 555}};
  for (const auto& [m, n, k] : sizes) {
    const std::vector<float> a = values(m * k), b = values(k * n);
    std::vector<float> c(m * n);
    // What a linear layer does: its output a b^T, its input gradient a b, its weight gradient a^T b.
    const struct {
      const char* name;
      kernels::MatrixStrides a, b;
    } orders[] = {{"a b^T", {0, k, 1}, {0, 1, k}}, {"a b", {0, k, 1}, {0, n, 1}}, {"a^T b", {0, 1, m}, {0, n, 1}}};
    const std::string name = "matmul " + std::to_string(m) + "x" + std::to_string(n) + " over " + std::to_string(k);
    if (!table.wanted(name)) continue;
    for (const auto& order : orders) {
      table.row(name, order.name, static_cast<double>(m) * n * k, [m = m, n = n, k = k, &a, &b, &c, &order] {
        kernels::matmul(1, m, n, k, a.data(), order.a, b.data(), order.b, c.data());
      });
    }
  }
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (i + 1 == count || (name != "--filter" && name != "--threads" && name != "--seconds")) {
      std::fprintf(stderr, "usage: korrel_bench [--filter TEXT] [--threads N] [--seconds S]\n");
      std::exit(2);
    }
    const char* value = arguments[++i];
    if (name == "--filter") options.filter = value;
    if (name == "--threads") options.threads = std::atoi(value);
    if (name == "--seconds") options.seconds = std::atof(value);
  }
  return options;
}

void run(const Options& options) {
  set_num_threads(options.threads);
  const Table table{options, run_multiply_adds()};
  std::printf("target %s, %d thread(s), FMA peak of one core %.1f GFLOP/s, copy %.1f GB/s\n",
              kernels::active_target().c_str(), options.threads, fma_peak(), copy_bandwidth());
  std::printf("%-40s %-8s %10s %10s %9s %9s\n", "case", "pass", "median us", "best us", "GFLOP/s", "of peak");
  run_layers(table);
  run_matmuls(table);
}

}  // namespace
}  // namespace korrel::benchmarks

int main(int count, char** arguments) {
  try {
    korrel::benchmarks::run(korrel::benchmarks::parse(count, arguments));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "korrel_bench: %s\n", error.what());
    return 1;
  }
}
