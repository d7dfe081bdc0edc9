// Which way a convolution pass goes, by an estimate of its cycles from the geometry alone: never from the number of
// threads, so that the bits do not depend on it.
#pragma once

#include <cstdint>

#include <korrel/framework/kernels/convolution_plan.h>

namespace korrel::kernels {

enum class ConvolutionWay {
  kPanels,    // a matrix product of panels packed from the source: many channels
  kRows,      // directly, a vector is positions of one row
  kChannels,  // directly, a vector is channels of the result: strides, rows that do not fill vectors
  kImages,    // directly, a vector is the same position of several images: rows shorter than vectors
};

// For `rows` results per position, summed over `channels` of the source and the taps. `lanes` of the target's vectors.
// `step` is the stride of positions in the source as it lies in memory.
ConvolutionWay product_way(const Gather& gather, const Dims3& step, int64_t images, int64_t rows, int64_t channels,
                           int64_t lanes);

// The same way's cycles, per vector of positions and step of depth.
double product_cycles(const Gather& gather, const Dims3& step, int64_t images, int64_t rows, int64_t channels,
                      int64_t lanes);

// Cycles with channels as lanes, `results` of them per position; the same unit.
double multiplying_channels(int64_t results, int64_t lanes);

// For the weight gradient; `gather` is gather_x()'s.
ConvolutionWay weights_way(const ConvGeometry& geometry, const Gather& gather, int64_t lanes);

// So many of the weight gradient's rows, which are pairs of channel and tap, read x at places that follow each other:
// those of a kernel row of 3 or 5 taps. 1 for others.
int64_t weight_run(const ConvGeometry& geometry);

}  // namespace korrel::kernels
