// Resizing as a layer, as in torch.nn: Upsample and its two older names. Modes and options:
// framework/ops/interpolate.h.
#pragma once

#include <korrel/framework/ops/interpolate.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

// Either of the two.
struct UpsampleSize {
  PerAxis size = {};
  ScaleFactor scale_factor = {};
};

// x [N,C,...] -> [N,C,...] of another size, up or down.
struct Upsample : Module {
  explicit Upsample(const InterpolateOptions& options);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  InterpolateOptions options;
  KORREL_MODULE()
};

// [N,C,H,W] by the nearest neighbour.
struct UpsamplingNearest2d : Upsample {
  explicit UpsamplingNearest2d(const UpsampleSize& to);
  KORREL_MODULE()
};
// [N,C,H,W], bilinear with align_corners.
struct UpsamplingBilinear2d : Upsample {
  explicit UpsamplingBilinear2d(const UpsampleSize& to);
  KORREL_MODULE()
};

}  // namespace korrel::nn
