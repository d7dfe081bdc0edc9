// Convolutions at stride 1 with 16 multiplications where 3x3 taps take 36: minimal filtering F(2x2, 3x3) (Winograd
// 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016), as 16 matrix products between
// transformed tiles. Other kernels, flat or deep, are sums of such (winograd_pieces.h). f32 only. convolution.cpp asks
// winograd_pays() and calls one of the passes; nobody else.
//
// Rounding differs from the direct sum's: the error is about 1.5 times as large (tests hold it below 4 times).
#pragma once

#include <korrel/framework/kernels/convolution.h>

namespace korrel::kernels {

// Whether it is allowed, here and in phase_tiles.h: set_winograd(), else KORREL_WINOGRAD=0 in the environment, else
// yes.
bool winograd_enabled();
void set_winograd(bool enabled);

// Whether the passes below can do this convolution, are allowed to and faster; from the geometry alone.
bool winograd_pays(const ConvGeometry& geometry);
bool winograd_input_pays(const ConvGeometry& geometry);
bool winograd_weights_pay(const ConvGeometry& geometry);

// The three passes of convolution.h.
void winograd_output(const ConvGeometry& geometry, const float* x, const float* w, const float* bias, float* y);
void winograd_input_gradient(const ConvGeometry& geometry, const float* gy, const float* w, const float* bias,
                             float* gx);
void winograd_weight_gradient(const ConvGeometry& geometry, const float* x, const float* gy, float* gw);

}  // namespace korrel::kernels
