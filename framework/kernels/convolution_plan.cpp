#include <korrel/framework/kernels/convolution_plan.h>

#include <algorithm>
#include <numeric>

namespace korrel::kernels {
namespace {

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// Calls body(r, flat index) for every tap of the kernel.
template <class Body>
void for_each_tap(const Dims3& kernel, const Body& body) {
  int64_t index = 0;
  for (int64_t r0 = 0; r0 < kernel[0]; ++r0) {
    for (int64_t r1 = 0; r1 < kernel[1]; ++r1) {
      for (int64_t r2 = 0; r2 < kernel[2]; ++r2) body(Dims3{r0, r1, r2}, index++);
    }
  }
}

}  // namespace

Gather gather_x(const ConvGeometry& geometry, Tap* taps, Dims3* phase_room, Phases* phases) {
  phases->stride = geometry.stride;
  phases->phase = phase_room;
  phases->count = 0;
  for (int i = 0; i < 3; ++i) phases->plane[i] = (geometry.in[i] + geometry.stride[i] - 1) / geometry.stride[i];
  const int64_t plane = volume(phases->plane);
  // Along each dimension residues come back after `period` taps, so phases are met in the order of these remainders.
  Dims3 period, met;
  for (int i = 0; i < 3; ++i) {
    period[i] = geometry.stride[i] / std::gcd(geometry.stride[i], geometry.dilation[i]);
    met[i] = std::min(geometry.kernel[i], period[i]);
  }
  Gather gather{geometry.out, phases->plane, 0, 0, taps, 0};
  for_each_tap(geometry.kernel, [&](const Dims3& r, int64_t index) {
    Tap& tap = taps[gather.tap_count++];
    Dims3 phase;
    for (int i = 0; i < 3; ++i) {
      const int64_t at = r[i] * geometry.dilation[i] - geometry.padding[i];  // what position 0 reads
      tap.offset[i] = floor_div(at, geometry.stride[i]);
      phase[i] = at - tap.offset[i] * geometry.stride[i];
    }
    const int64_t known = ((r[0] % period[0]) * met[1] + r[1] % period[1]) * met[2] + r[2] % period[2];
    if (known == phases->count) phase_room[phases->count++] = phase;
    tap.plane = known * plane;
    tap.weight = index;
  });
  gather.channel_stride = phases->count * plane;
  gather.image_stride = geometry.c * gather.channel_stride;
  return gather;
}

Gather gather_whole_x(const ConvGeometry& geometry, Tap* taps) {
  const int64_t plane = volume(geometry.in);
  Gather gather{geometry.out, geometry.in, geometry.c * plane, plane, taps, 0};
  for_each_tap(geometry.kernel, [&](const Dims3& r, int64_t index) {
    Tap tap{{}, 0, index};
    for (int i = 0; i < 3; ++i) tap.offset[i] = r[i] * geometry.dilation[i] - geometry.padding[i];
    taps[gather.tap_count++] = tap;
  });
  return gather;
}

Gather gather_gy(const ConvGeometry& geometry, const Dims3& phase, Tap* taps) {
  const int64_t plane = volume(geometry.out);
  Gather gather{{}, geometry.out, geometry.k * plane, plane, taps, 0};
  for (int i = 0; i < 3; ++i) {
    gather.grid[i] = std::max<int64_t>(geometry.in[i] - phase[i] + geometry.stride[i] - 1, 0) / geometry.stride[i];
  }
  for_each_tap(geometry.kernel, [&](const Dims3& r, int64_t index) {
    Tap tap{{}, 0, index};
    for (int i = 0; i < 3; ++i) {
      const int64_t at = phase[i] + geometry.padding[i] - r[i] * geometry.dilation[i];
      tap.offset[i] = floor_div(at, geometry.stride[i]);
      if (at != tap.offset[i] * geometry.stride[i]) return;
    }
    taps[gather.tap_count++] = tap;
  });
  return gather;
}

}  // namespace korrel::kernels
