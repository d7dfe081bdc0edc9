#include <korrel/layers/transformer.h>

#include <limits>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/init.h>

namespace korrel::nn {
namespace {

const TransformerLayerOptions& checked(const char* layer, const TransformerLayerOptions& options) {
  check_positive(layer, "dim_feedforward", options.dim_feedforward);
  check<ValueError>(options.activation == "relu" || options.activation == "gelu",
                    "{}: activation must be \"relu\" or \"gelu\", got \"{}\"", layer, options.activation);
  return options;
}

MultiheadAttentionOptions attention_options(const TransformerLayerOptions& options) {
  return {.dropout = options.dropout, .batch_first = options.batch_first};
}

// The second part of both layers, before it is added to its input.
template <class Layer>
Tensor feedforward(Layer& layer, Dropout& last, const Tensor& x) {
  Tensor h = layer.linear1(x);
  return last(layer.linear2(layer.dropout(layer.options.activation == "gelu" ? gelu(h) : relu(h))));
}

// x plus part(x), normalised before or after.
template <class Part>
Tensor residual(const Tensor& x, LayerNorm& norm, bool norm_first, Part part) {
  return norm_first ? x + part(norm(x)) : norm(x + part(x));
}

void check_count(const char* layer, const char* argument, int64_t count) {
  check<ValueError>(count >= 0, "{}: {} must not be negative, got {}", layer, argument, count);
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(int64_t d_model, int64_t nhead, const TransformerLayerOptions& o)
    : self_attn(d_model, nhead, attention_options(checked("TransformerEncoderLayer", o))),
      linear1(d_model, o.dim_feedforward),
      dropout(o.dropout),
      linear2(o.dim_feedforward, d_model),
      norm1(d_model, {.eps = o.layer_norm_eps}),
      norm2(d_model, {.eps = o.layer_norm_eps}),
      dropout1(o.dropout),
      dropout2(o.dropout),
      options(o) {}

Tensor TransformerEncoderLayer::forward(const Tensor& src, const EncoderMasks& masks) {
  Tensor x = residual(src, norm1, options.norm_first, [&](const Tensor& h) {
    return dropout1(
        self_attn(h, h, h,
                  {.key_padding_mask = masks.src_key_padding_mask, .need_weights = false, .attn_mask = masks.src_mask})
            .y);
  });
  return residual(x, norm2, options.norm_first, [&](const Tensor& h) { return feedforward(*this, dropout2, h); });
}

TransformerDecoderLayer::TransformerDecoderLayer(int64_t d_model, int64_t nhead, const TransformerLayerOptions& o)
    : self_attn(d_model, nhead, attention_options(checked("TransformerDecoderLayer", o))),
      multihead_attn(d_model, nhead, attention_options(o)),
      linear1(d_model, o.dim_feedforward),
      dropout(o.dropout),
      linear2(o.dim_feedforward, d_model),
      norm1(d_model, {.eps = o.layer_norm_eps}),
      norm2(d_model, {.eps = o.layer_norm_eps}),
      norm3(d_model, {.eps = o.layer_norm_eps}),
      dropout1(o.dropout),
      dropout2(o.dropout),
      dropout3(o.dropout),
      options(o) {}

Tensor TransformerDecoderLayer::forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks) {
  Tensor x = residual(tgt, norm1, options.norm_first, [&](const Tensor& h) {
    return dropout1(
        self_attn(h, h, h,
                  {.key_padding_mask = masks.tgt_key_padding_mask, .need_weights = false, .attn_mask = masks.tgt_mask})
            .y);
  });
  x = residual(x, norm2, options.norm_first, [&](const Tensor& h) {
    return dropout2(
        multihead_attn(
            h, memory, memory,
            {.key_padding_mask = masks.memory_key_padding_mask, .need_weights = false, .attn_mask = masks.memory_mask})
            .y);
  });
  return residual(x, norm3, options.norm_first, [&](const Tensor& h) { return feedforward(*this, dropout3, h); });
}

TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, int64_t num_layers,
                                       const std::optional<LayerNorm>& last)
    : norm(last) {
  check_count("TransformerEncoder", "num_layers", num_layers);
  layers.assign(static_cast<std::size_t>(num_layers), layer);
}

Tensor TransformerEncoder::forward(const Tensor& src, const EncoderMasks& masks) {
  Tensor x = src;
  for (TransformerEncoderLayer& layer : layers) x = layer(x, masks);
  return norm ? (*norm)(x) : x;
}

TransformerDecoder::TransformerDecoder(const TransformerDecoderLayer& layer, int64_t num_layers,
                                       const std::optional<LayerNorm>& last)
    : norm(last) {
  check_count("TransformerDecoder", "num_layers", num_layers);
  layers.assign(static_cast<std::size_t>(num_layers), layer);
}

Tensor TransformerDecoder::forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks) {
  Tensor x = tgt;
  for (TransformerDecoderLayer& layer : layers) x = layer(x, memory, masks);
  return norm ? (*norm)(x) : x;
}

Transformer::Transformer(const TransformerOptions& o)
    : encoder(TransformerEncoderLayer(o.d_model, o.nhead, o.layer), o.num_encoder_layers,
              LayerNorm(o.d_model, {.eps = o.layer.layer_norm_eps})),
      decoder(TransformerDecoderLayer(o.d_model, o.nhead, o.layer), o.num_decoder_layers,
              LayerNorm(o.d_model, {.eps = o.layer.layer_norm_eps})),
      options(o) {
  reset_parameters();
}

void Transformer::reset_parameters(Generator& generator) {
  for (Tensor& parameter : parameters())
    if (parameter.dim() > 1) init::xavier_uniform_(parameter, 1, generator);
}

Tensor Transformer::forward(const Tensor& src, const Tensor& tgt, const TransformerMasks& masks) {
  check<ValueError>(src.defined() && tgt.defined(), "{} is undefined", src.defined() ? "tgt" : "src");
  check<ShapeError>(
      src.dim() >= 1 && tgt.dim() >= 1 && src.size(-1) == options.d_model && tgt.size(-1) == options.d_model,
      "src and tgt need {} features (src {}, tgt {})", options.d_model, src.shape(), tgt.shape());
  Tensor memory = encoder(src, {.src_mask = masks.src_mask, .src_key_padding_mask = masks.src_key_padding_mask});
  return decoder(tgt, memory,
                 {.tgt_mask = masks.tgt_mask,
                  .memory_mask = masks.memory_mask,
                  .tgt_key_padding_mask = masks.tgt_key_padding_mask,
                  .memory_key_padding_mask = masks.memory_key_padding_mask});
}

Tensor Transformer::generate_square_subsequent_mask(int64_t size, DType dtype) {
  return triu(full({size, size}, -std::numeric_limits<double>::infinity(), {.dtype = dtype}), 1);
}

}  // namespace korrel::nn
