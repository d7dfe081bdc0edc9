// The plan of a strided convolution's input gradient whose lanes are channels. The positions with one residue modulo
// the stride are a phase: they see the same taps, and gy at stride 1. All phases read the same padded copy of gy, each
// at its own distances. Plain C++, no SIMD.
#pragma once

#include <cstdint>

#include <korrel/framework/kernels/convolution_plan.h>
#include <korrel/framework/kernels/padded_images.h>

namespace korrel::kernels {

struct Phase {
  Dims3 at;                     // the residues
  Gather gather;                // its positions and taps
  int64_t depth, depth_before;  // its pairs of channel and tap; those of the phases before it
  const int32_t *position, *distance;
};

// Where a tap of the kernel belongs: to one phase, as one of its taps.
struct TapPlace {
  int64_t phase, tap;
};

struct PhasePlan {
  PaddedImages images;    // without its lists
  const Phase* phase;     // [count], the last dimension's residues change first
  const TapPlace* place;  // [volume(kernel)]
  int64_t count, depth;   // depth: of all phases
};

// Whether this is faster than phase after phase, by an estimate of cycles from the geometry alone.
bool phases_pay(const ConvGeometry& geometry, int64_t lanes);

PhasePlan plan_phases(const ConvGeometry& geometry, int64_t element_bytes);

}  // namespace korrel::kernels
