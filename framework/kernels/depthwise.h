// Convolutions whose filters each see one channel (groups = channels, MobileNet's), 2-d and f32, at stride 1 or 2: a
// plane of the result comes from one plane, read where it lies. They are bound by memory, so that no copy is made.
// convolution.cpp asks whether one of the passes pays and calls it; nobody else. What these leave (other strides,
// dilated rows, 3-d, f64) goes the ways of convolution_cost.h.
#pragma once

#include <korrel/framework/kernels/convolution.h>

namespace korrel::kernels {

// Whether the passes below can do this convolution and are faster; from the geometry alone.
bool depthwise_output_pays(const ConvGeometry& geometry);
bool depthwise_input_pays(const ConvGeometry& geometry);
bool depthwise_weights_pay(const ConvGeometry& geometry);

// The three passes of convolution.h.
void depthwise_output(const ConvGeometry& geometry, const float* x, const float* w, const float* bias, float* y);
void depthwise_input_gradient(const ConvGeometry& geometry, const float* gy, const float* w, const float* bias,
                              float* gx);
void depthwise_weight_gradient(const ConvGeometry& geometry, const float* x, const float* gy, float* gw);

}  // namespace korrel::kernels
