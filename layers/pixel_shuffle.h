// Channels to pixels, pixels to channels, channels among each other, as in torch.nn; shapes:
// framework/ops/pixel_shuffle.h.
#pragma once

#include <korrel/layers/module.h>

namespace korrel::nn {

struct PixelShuffle : Module {  // x [...,C r r,H,W] -> [...,C,H r,W r], r = upscale_factor
  explicit PixelShuffle(int64_t upscale_factor);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t upscale_factor;
  KORREL_MODULE()
};

struct PixelUnshuffle : Module {  // x [...,C,H r,W r] -> [...,C r r,H,W], r = downscale_factor
  explicit PixelUnshuffle(int64_t downscale_factor);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t downscale_factor;
  KORREL_MODULE()
};

struct ChannelShuffle : Module {  // x [N,groups k,...]: channel i of group j becomes channel i groups + j
  explicit ChannelShuffle(int64_t groups);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t groups;
  KORREL_MODULE()
};

}  // namespace korrel::nn
