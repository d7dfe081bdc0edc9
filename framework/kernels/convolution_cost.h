// Which way a convolution pass goes, by an estimate of its cycles from the geometry alone: never from the number of
// threads, so that the bits do not depend on it.
#pragma once

#include <cstdint>

#include <korrel/framework/kernels/convolution_plan.h>

namespace korrel::kernels {

// Whether `rows` results per position are made faster by reading the source's rows directly than by packing its
// positions into panels first. `channels` of the source are summed over; `lanes` of the target's vectors.
bool direct_is_faster(const Gather& gather, int64_t rows, int64_t channels, int64_t lanes);

// The same for the weight gradient of `filters` output channels.
bool direct_weights_are_faster(const Gather& gather, int64_t filters, int64_t channels, int64_t lanes);

}  // namespace korrel::kernels
