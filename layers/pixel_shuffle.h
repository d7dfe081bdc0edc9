// Channels to pixels, pixels to channels, channels among each other, as in torch.nn; shapes:
// framework/ops/pixel_shuffle.h.
#pragma once

#include <korrel/layers/module.h>

namespace korrel::nn {

struct PixelShuffle : Module {
  explicit PixelShuffle(int64_t upscale_factor);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t upscale_factor;
  KORREL_MODULE()
};

struct PixelUnshuffle : Module {
  explicit PixelUnshuffle(int64_t downscale_factor);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t downscale_factor;
  KORREL_MODULE()
};

struct ChannelShuffle : Module {
  explicit ChannelShuffle(int64_t groups);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t groups;
  KORREL_MODULE()
};

}  // namespace korrel::nn
