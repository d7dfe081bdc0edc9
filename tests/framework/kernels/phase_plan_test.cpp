#include <doctest/doctest.h>

#include <vector>

#include <korrel/framework/kernels/convolution_cost.h>
#include <korrel/framework/kernels/phase_plan.h>

using namespace korrel::kernels;

namespace {

ConvGeometry strided(int64_t size, int64_t channels, int64_t filters, int64_t kernel, int64_t stride, int64_t padding) {
  ConvGeometry g;
  g.n = 2, g.c = channels, g.k = filters;
  g.in = {1, size, size};
  g.kernel = {1, kernel, kernel};
  g.stride = {1, stride, stride};
  g.padding = {0, padding, padding};
  for (int i = 1; i < 3; ++i) g.out[i] = (size + 2 * padding - kernel) / stride + 1;
  return g;
}

}  // namespace

TEST_CASE("every tap of the kernel belongs to one phase") {
  for (int64_t kernel = 1; kernel <= 5; ++kernel) {
    for (int64_t stride = 2; stride <= 4; ++stride) {
      const ConvGeometry g = strided(13, 20, 30, kernel, stride, kernel / 2);
      const PhasePlan plan = plan_phases(g, 4);
      CHECK(plan.count == stride * stride);
      CHECK(plan.depth == 30 * kernel * kernel);
      int64_t positions = 0;
      for (int64_t i = 0; i < plan.count; ++i) {
        const Phase& phase = plan.phase[i];
        positions += (13 - phase.at[1] + stride - 1) / stride * ((13 - phase.at[2] + stride - 1) / stride);
        for (int64_t t = 0; t < phase.gather.tap_count; ++t) {
          const TapPlace& place = plan.place[phase.gather.taps[t].weight];
          CHECK(place.phase == i);
          CHECK(place.tap == t);
        }
        for (int64_t j = 0; j < phase.depth; ++j) {
          CHECK(phase.distance[j] >= 0);
          CHECK(phase.distance[j] < plan.images.image_stride);
        }
      }
      CHECK(positions == 13 * 13);
    }
  }
}

TEST_CASE("phases of one plan pay for many channels, and never at stride 1") {
  CHECK(phases_pay(strided(32, 64, 128, 3, 2, 1), 16));
  CHECK(phases_pay(strided(32, 64, 128, 3, 2, 1), 4));
  CHECK(phases_pay(strided(8, 512, 1024, 4, 2, 1), 16));
  CHECK_FALSE(phases_pay(strided(224, 3, 64, 7, 2, 3), 16));
  CHECK_FALSE(phases_pay(strided(32, 64, 128, 3, 1, 1), 16));
  CHECK_FALSE(phases_pay(strided(32, 64, 0, 3, 2, 1), 16));
}

TEST_CASE("what 32 bits cannot count is left to panels") {
  ConvGeometry g = strided(8, 1, 64, 3, 2, 1);
  g.in = {4, 1 << 16, 1 << 16};
  g.out = {4, 1 << 15, 1 << 15};
  CHECK_FALSE(phases_pay(g, 16));
  std::vector<Tap> taps(9);
  std::vector<Dims3> room(9);
  Phases phases;
  const Gather gather = gather_x(g, taps.data(), room.data(), &phases);
  CHECK(product_way(gather, g.stride, g.n, 64, 1, 16) == ConvolutionWay::kPanels);
  CHECK(weights_way(g, gather, 16) == ConvolutionWay::kPanels);
}
