#include <korrel/models/transformer.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/init.h>

namespace korrel::models {
namespace {

const Shape& checked(const Shape& image, int64_t patch) {
  check<ValueError>(
      image.rank() == 3 && image.numel() > 0 && patch > 0 && image[1] % patch == 0 && image[2] % patch == 0,
      "PatchTransformer: patches of {}x{} do not tile images of shape {}", patch, patch, image);
  return image;
}

nn::TransformerEncoder encoder_of(const PatchTransformerOptions& o) {
  nn::TransformerEncoderLayer layer(o.d_model, o.nhead,
                                    {.dim_feedforward = o.dim_feedforward,
                                     .dropout = o.dropout,
                                     .activation = "gelu",
                                     .batch_first = true,
                                     .norm_first = true});
  return nn::TransformerEncoder(layer, o.num_layers, nn::LayerNorm(o.d_model));
}

}  // namespace

PatchTransformer::PatchTransformer(const Shape& shape, int64_t classes, const PatchTransformerOptions& o)
    : patches(checked(shape, o.patch)[0], o.d_model, o.patch, {.stride = o.patch}),
      positions(empty({shape[1] / o.patch * (shape[2] / o.patch), o.d_model})),
      encoder(encoder_of(o)),
      fc(o.d_model, classes),
      image(shape) {
  nn::init::normal_(positions, 0, 0.02);
  for (nn::TransformerEncoderLayer& layer : encoder.layers) {  // copies of one layer, which are to differ
    layer.self_attn.reset_parameters();
    layer.linear1.reset_parameters();
    layer.linear2.reset_parameters();
  }
}

Tensor PatchTransformer::forward(const Tensor& x) {
  check<ShapeError>(x.dim() == 4 && x.shape().slice(1, 4) == image, "expects images {}, x is {}", image, x.shape());
  Tensor tokens = patches(x).flatten(2).transpose(1, 2) + positions;  // [N,T,d_model]
  return fc(mean(encoder(tokens), 1));
}

}  // namespace korrel::models
