// Kernels about three strides wide (AlexNet's 11x11 at stride 4) by minimal filtering: every phase of the stride is a
// channel of its own, c * s * s channels in all, and the kernel is 3x3 at stride 1 on those, its rest zeros. 432
// instead of 363 summands for that layer, of which 16 in 36 are multiplied. Output pass, f32 only; plain C++ around
// winograd.h. convolution.cpp asks folding_pays() and calls it; nobody else.
#pragma once

#include <korrel/framework/kernels/convolution.h>

namespace korrel::kernels {

// Whether it can do this convolution, minimal filtering is allowed (winograd_enabled()) and it is faster; from the
// geometry alone.
bool folding_pays(const ConvGeometry& geometry);

// conv_output().
void folded_output(const ConvGeometry& geometry, const float* x, const float* w, const float* bias, float* y);

}  // namespace korrel::kernels
