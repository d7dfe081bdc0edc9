#include <korrel/datasets/waves.h>

#include <cmath>
#include <numbers>

#include <korrel/datasets/sample_random.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>

namespace korrel::datasets {
namespace {

constexpr int64_t first_test_index = int64_t{1} << 40;

// Height of wave `kind` at `phase` in [0, 1), between -1 and 1.
double wave(int64_t kind, double phase) {
  switch (kind) {
    case 0:
      return std::sin(2 * std::numbers::pi * phase);
    case 1:
      return phase < 0.5 ? 1 : -1;
    case 2:
      return 2 * phase - 1;
    default:
      return phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase;
  }
}

}  // namespace

Dataset waves(WavesOptions options) {
  int64_t count = options.count != 0 ? options.count : options.train ? 4'000 : 1'000, length = options.length;
  check<ValueError>(count > 0 && length >= 8, "waves: needs a positive count and a length of at least 8, got {} and {}",
                    count, length);
  Dataset result{.inputs = make_tensor({count, 1, length}, f32),
                 .labels = make_tensor({count}, i64),
                 .classes = {"sine", "square", "sawtooth", "triangle"},
                 .name = "waves",
                 .description = fmt::format("waves: {} generated sequences, seed {}", count, options.seed)};
  auto* values = result.inputs.data<float>();
  auto* labels = result.labels.data<int64_t>();
  parallel_for(count, 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      SampleRandom random(options.seed, 0, i + (options.train ? 0 : first_test_index));
      int64_t kind = labels[i] = random.below(4);
      double step = 1 / (12 + 28 * random.uniform()), phase = random.uniform(), height = 0.6 + 0.8 * random.uniform();
      double noise = 0.5 * random.uniform();
      for (int64_t j = 0; j < length; ++j, phase += step) {
        double value = height * wave(kind, phase - std::floor(phase)) + noise * (2 * random.uniform() - 1);
        values[i * length + j] = static_cast<float>(value);
      }
    }
  });
  return result;
}

}  // namespace korrel::datasets
