#include <korrel/framework/ops/pixel_shuffle.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/shape.h>

namespace korrel {

// Batch dimensions are taken as one, so that any number of them fits.
Tensor pixel_shuffle(const Tensor& x, int64_t upscale_factor) {
  check_defined("pixel_shuffle", x);
  int64_t r = upscale_factor;
  check<ValueError>(r > 0 && r <= INT32_MAX, "pixel_shuffle: upscale_factor must be positive, is {}", r);
  check<ShapeError>(x.dim() >= 3, "pixel_shuffle: x needs at least 3 dimensions [...,C,H,W], is {}", x.shape());
  int64_t channels = x.size(-3), height = x.size(-2), width = x.size(-1);
  check<ShapeError>(channels % (r * r) == 0, "pixel_shuffle: {} channels are no multiple of {} squared (x {})",
                    channels, r, x.shape());
  Shape shape = x.shape().slice(0, x.dim() - 3);
  int64_t batch = shape.numel(), left = channels / (r * r);
  for (int64_t size : {left, height * r, width * r}) shape.push_back(size);
  Tensor parts = reshape(x, {batch, left, r, r, height, width});
  return reshape(permute(parts, {0, 1, 4, 2, 5, 3}), shape);
}

Tensor pixel_unshuffle(const Tensor& x, int64_t downscale_factor) {
  check_defined("pixel_unshuffle", x);
  int64_t r = downscale_factor;
  check<ValueError>(r > 0 && r <= INT32_MAX, "pixel_unshuffle: downscale_factor must be positive, is {}", r);
  check<ShapeError>(x.dim() >= 3, "pixel_unshuffle: x needs at least 3 dimensions [...,C,H,W], is {}", x.shape());
  int64_t channels = x.size(-3), height = x.size(-2), width = x.size(-1);
  check<ShapeError>(height % r == 0 && width % r == 0, "pixel_unshuffle: {} does not divide the image (x {})", r,
                    x.shape());
  Shape shape = x.shape().slice(0, x.dim() - 3);
  int64_t batch = shape.numel();
  for (int64_t size : {channels * r * r, height / r, width / r}) shape.push_back(size);
  Tensor parts = reshape(x, {batch, channels, height / r, r, width / r, r});
  return reshape(permute(parts, {0, 1, 3, 5, 2, 4}), shape);
}

Tensor channel_shuffle(const Tensor& x, int64_t groups) {
  check_defined("channel_shuffle", x);
  check<ValueError>(groups > 0, "channel_shuffle: groups must be positive, is {}", groups);
  check<ShapeError>(x.dim() >= 3, "channel_shuffle: x needs at least 3 dimensions [N,C,...], is {}", x.shape());
  int64_t channels = x.size(1);
  check<ShapeError>(channels % groups == 0, "channel_shuffle: {} groups do not divide {} channels (x {})", groups,
                    channels, x.shape());
  int64_t rest = x.shape().slice(2, x.dim()).numel();
  return reshape(transpose(reshape(x, {x.size(0), groups, channels / groups, rest}), 1, 2), x.shape());
}

}  // namespace korrel
