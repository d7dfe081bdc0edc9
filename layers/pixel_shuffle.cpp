#include <korrel/layers/pixel_shuffle.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/pixel_shuffle.h>
#include <korrel/layers/argument_check.h>

namespace korrel::nn {

PixelShuffle::PixelShuffle(int64_t factor) : upscale_factor(factor) {
  check_positive("PixelShuffle", "upscale_factor", factor);
}
Tensor PixelShuffle::forward(const Tensor& x) { return pixel_shuffle(x, upscale_factor); }
std::string PixelShuffle::extra_repr() const { return fmt::format("upscale_factor={}", upscale_factor); }

PixelUnshuffle::PixelUnshuffle(int64_t factor) : downscale_factor(factor) {
  check_positive("PixelUnshuffle", "downscale_factor", factor);
}
Tensor PixelUnshuffle::forward(const Tensor& x) { return pixel_unshuffle(x, downscale_factor); }
std::string PixelUnshuffle::extra_repr() const { return fmt::format("downscale_factor={}", downscale_factor); }

ChannelShuffle::ChannelShuffle(int64_t g) : groups(g) { check_positive("ChannelShuffle", "groups", g); }
Tensor ChannelShuffle::forward(const Tensor& x) { return channel_shuffle(x, groups); }
std::string ChannelShuffle::extra_repr() const { return fmt::format("groups={}", groups); }

}  // namespace korrel::nn
