// What each convolution pass gathers, worked out once per call: every pass sees its source as planes at stride 1, in
// which each tap of the kernel is an offset. Stride is absorbed by phases: x at stride s is s*s*s planes of every s-th
// element. Plain C++, no SIMD; convolution.cpp's packing policies read it.
#pragma once

#include <array>
#include <cstdint>

#include <korrel/framework/kernels/convolution.h>

namespace korrel::kernels {

using Dims3 = std::array<int64_t, 3>;

inline int64_t volume(const Dims3& dims) { return dims[0] * dims[1] * dims[2]; }

// At position g, a tap reads its plane at g + offset; outside of the plane it reads zero.
struct Tap {
  Dims3 offset;
  int64_t plane;   // where its plane begins within a channel of the source
  int64_t weight;  // where its weight is within a channel's kernel
};

struct Gather {
  Dims3 grid;                            // the positions, row-major
  Dims3 plane;                           // size of the planes that taps read
  int64_t image_stride, channel_stride;  // of the source, in elements
  const Tap* taps;
  int64_t tap_count;
};

// Which residues modulo the stride the taps of one dimension fall on.
struct Phases {
  Dims3 stride;
  Dims3 plane;         // ceil(size / stride): every phase's plane, padded with zeros where the size is no multiple
  int64_t count;       // planes
  const Dims3* phase;  // [count], where in each dimension the plane's first element lies
};

// The output pass and the weight gradient: positions are y's, the source is x or, if some stride is not 1, x's phases.
// `taps` and `phases` have room for volume(kernel) and min(volume(kernel), volume(stride)) entries.
Gather gather_x(const ConvGeometry& geometry, Tap* taps, Dims3* phase_room, Phases* phases);

// The same from x as it lies in memory: position g reads its taps at g * stride + offset. For convolutions that need no
// unit stride.
Gather gather_whole_x(const ConvGeometry& geometry, Tap* taps);

// The input gradient at the positions of x with x mod stride = phase: the source is gy.
Gather gather_gy(const ConvGeometry& geometry, const Dims3& phase, Tap* taps);

}  // namespace korrel::kernels
