#include <korrel/datasets/solids.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <korrel/datasets/sample_random.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>

namespace korrel::datasets {
namespace {

constexpr int64_t first_test_index = int64_t{1} << 40;

struct Vector {
  double x, y, z;
};
double dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vector cross(const Vector& a, const Vector& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
Vector unit(const Vector& v) {
  double length = std::sqrt(dot(v, v));
  return {v.x / length, v.y / length, v.z / length};
}

Vector random_direction(SampleRandom& random) {
  double z = 2 * random.uniform() - 1, angle = 2 * std::numbers::pi * random.uniform(), r = std::sqrt(1 - z * z);
  return {r * std::cos(angle), r * std::sin(angle), z};
}

// How far the point p is inside solid `kind` of radius 1 (negative: outside), about; the axes are its own.
double depth(int64_t kind, const Vector& p, const Vector axes[3]) {
  double a = dot(p, axes[0]), b = dot(p, axes[1]), c = dot(p, axes[2]), across = std::sqrt(a * a + b * b);
  switch (kind) {
    case 0:
      return 1 - std::sqrt(dot(p, p));
    case 1:
      return 0.8 - std::max({std::abs(a), std::abs(b), std::abs(c)});
    case 2:
      return std::min(0.35 - across, 1.3 - std::abs(c));
    default:
      return 0.35 - std::hypot(across - 0.85, c);
  }
}

}  // namespace

Dataset solids(SolidsOptions options) {
  int64_t count = options.count != 0 ? options.count : options.train ? 2'000 : 500, n = options.size;
  check<ValueError>(count > 0 && n >= 8, "solids: needs a positive count and a size of at least 8, got {} and {}",
                    count, n);
  Dataset result{.inputs = make_tensor({count, 1, n, n, n}, f32),
                 .labels = make_tensor({count}, i64),
                 .classes = {"ball", "cube", "rod", "ring"},
                 .name = "solids",
                 .description = fmt::format("solids: {} generated volumes, seed {}", count, options.seed)};
  auto* values = result.inputs.data<float>();
  auto* labels = result.labels.data<int64_t>();
  parallel_for(count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      SampleRandom random(options.seed, 0, i + (options.train ? 0 : first_test_index));
      int64_t kind = labels[i] = random.below(4);
      auto size = static_cast<double>(n), radius = size * (0.22 + 0.12 * random.uniform());
      auto middle = [&] { return size * (0.42 + 0.16 * random.uniform()); };
      Vector centre{middle(), middle(), middle()};
      Vector axes[3] = {random_direction(random)};
      axes[1] = unit(cross(axes[0], random_direction(random)));
      axes[2] = cross(axes[0], axes[1]);
      double noise = 0.6 * random.uniform();
      float* out = values + i * n * n * n;
      for (int64_t z = 0; z < n; ++z) {
        for (int64_t y = 0; y < n; ++y) {
          for (int64_t x = 0; x < n; ++x) {
            auto along = [&](int64_t at, double from) { return (static_cast<double>(at) + 0.5 - from) / radius; };
            Vector p{along(x, centre.x), along(y, centre.y), along(z, centre.z)};
            double fill = std::clamp(depth(kind, p, axes) * radius + 0.5, 0.0, 1.0);  // half a voxel at the surface
            *out++ = static_cast<float>(fill + noise * (random.uniform() - 0.5));
          }
        }
      }
    }
  });
  return result;
}

}  // namespace korrel::datasets
