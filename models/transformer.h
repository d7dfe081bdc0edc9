// A small vision transformer (Dosovitskiy et al. 2021): an image is cut into patches, each patch is a token, and the
// mean of what an encoder makes of them is classified.
#pragma once

#include <korrel/layers/convolution.h>
#include <korrel/layers/transformer.h>

namespace korrel::models {

struct PatchTransformerOptions {
  int64_t patch = 7;  // side of a patch, divides the image's
  int64_t d_model = 64, nhead = 4, num_layers = 2, dim_feedforward = 128;
  double dropout = 0;
};

struct PatchTransformer : nn::Module {
  // image [C,H,W]; throws ValueError unless patches of the given size tile it.
  PatchTransformer(const Shape& image, int64_t classes, const PatchTransformerOptions& options = {});
  nn::Conv2d patches;       // a patch to its token
  nn::Parameter positions;  // [patches, d_model], added to the tokens
  nn::TransformerEncoder encoder;
  nn::Linear fc;

  Tensor forward(const Tensor& x) override;  // [N,C,H,W] -> [N,classes]

  Shape image;
  KORREL_MODULE(patches, positions, encoder, fc)
};

}  // namespace korrel::models
