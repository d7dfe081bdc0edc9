// Channels that become pixels and pixels that become channels; nothing is computed.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// x [...,C r r,H,W] -> [...,C,H r,W r] (Shi et al. 2016), r = upscale_factor; unshuffle: and back. ShapeError where r
// does not divide.
Tensor pixel_shuffle(const Tensor& x, int64_t upscale_factor);
Tensor pixel_unshuffle(const Tensor& x, int64_t downscale_factor);

// x [N,C,...], C = groups k: channel i of group j becomes channel i groups + j (Zhang et al. 2017).
Tensor channel_shuffle(const Tensor& x, int64_t groups);

}  // namespace korrel
