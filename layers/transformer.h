// Transformer layers (Vaswani et al. 2017), as in torch.nn: encoder and decoder layers, stacks of them, and the whole.
// Sequences are [L,N,d_model], [N,L,d_model] with batch_first, or [L,d_model] without a batch.
#pragma once

#include <optional>
#include <string>

#include <korrel/layers/attention.h>
#include <korrel/layers/dropout.h>
#include <korrel/layers/layer_norm.h>

namespace korrel::nn {

struct TransformerLayerOptions {
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;  // of attention weights, of what is added to the input, and inside the feedforward part
  std::string activation = "relu";  // or "gelu"
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;  // normalise what goes into each part, not what comes out (Xiong et al. 2020)
};

// Masks of attention, each absent or as in MultiheadAttention: *_mask [L,S], or [N nhead,L,S], and *_key_padding_mask
// [N,S], are true where something is hidden, or are added to the scores.
struct EncoderMasks {
  Tensor src_mask = {}, src_key_padding_mask = {};
};
struct DecoderMasks {
  Tensor tgt_mask = {}, memory_mask = {}, tgt_key_padding_mask = {}, memory_key_padding_mask = {};
};
struct TransformerMasks {
  Tensor src_mask = {}, tgt_mask = {}, memory_mask = {};
  Tensor src_key_padding_mask = {}, tgt_key_padding_mask = {}, memory_key_padding_mask = {};
};

// Self-attention, then two linear layers; each added to its input, and normalised. src -> the same shape.
struct TransformerEncoderLayer : ModuleOf<Tensor(const Tensor&, const EncoderMasks&)> {
  TransformerEncoderLayer(int64_t d_model, int64_t nhead, const TransformerLayerOptions& options = {});
  MultiheadAttention self_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2;
  Dropout dropout1, dropout2;

  Tensor forward(const Tensor& src, const EncoderMasks& masks) override;
  Tensor forward(const Tensor& src) override { return forward(src, EncoderMasks()); }
  using ModuleOf::operator();
  Tensor operator()(const Tensor& src) { return Module::operator()(src); }

  TransformerLayerOptions options;
  KORREL_MODULE(self_attn, linear1, dropout, linear2, norm1, norm2, dropout1, dropout2)
};

// Self-attention, attention to the encoder's output (memory [S,N,d_model]), two linear layers. tgt -> the same shape.
struct TransformerDecoderLayer : ModuleOf<Tensor(const Tensor&, const Tensor&, const DecoderMasks&)> {
  TransformerDecoderLayer(int64_t d_model, int64_t nhead, const TransformerLayerOptions& options = {});
  MultiheadAttention self_attn, multihead_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2, norm3;
  Dropout dropout1, dropout2, dropout3;

  Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks) override;
  using ModuleOf::operator();
  Tensor operator()(const Tensor& tgt, const Tensor& memory) { return (*this)(tgt, memory, DecoderMasks()); }

  TransformerLayerOptions options;
  KORREL_MODULE(self_attn, multihead_attn, linear1, dropout, linear2, norm1, norm2, norm3, dropout1, dropout2, dropout3)
};

// num_layers copies of a layer, one after the other, then the norm if there is one. As in PyTorch, the copies start
// from the same weights.
struct TransformerEncoder : ModuleOf<Tensor(const Tensor&, const EncoderMasks&)> {
  TransformerEncoder(const TransformerEncoderLayer& layer, int64_t num_layers,
                     const std::optional<LayerNorm>& norm = std::nullopt);
  std::vector<TransformerEncoderLayer> layers;
  std::optional<LayerNorm> norm;

  Tensor forward(const Tensor& src, const EncoderMasks& masks) override;
  Tensor forward(const Tensor& src) override { return forward(src, EncoderMasks()); }
  using ModuleOf::operator();
  Tensor operator()(const Tensor& src) { return Module::operator()(src); }
  KORREL_MODULE(layers, norm)
};
struct TransformerDecoder : ModuleOf<Tensor(const Tensor&, const Tensor&, const DecoderMasks&)> {
  TransformerDecoder(const TransformerDecoderLayer& layer, int64_t num_layers,
                     const std::optional<LayerNorm>& norm = std::nullopt);
  std::vector<TransformerDecoderLayer> layers;
  std::optional<LayerNorm> norm;

  Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks) override;
  using ModuleOf::operator();
  Tensor operator()(const Tensor& tgt, const Tensor& memory) { return (*this)(tgt, memory, DecoderMasks()); }
  KORREL_MODULE(layers, norm)
};

struct TransformerOptions {
  int64_t d_model = 512, nhead = 8;
  int64_t num_encoder_layers = 6, num_decoder_layers = 6;
  TransformerLayerOptions layer = {};
};

// src [S,N,d_model], tgt [T,N,d_model] -> [T,N,d_model]. Matrices start Xavier-uniform.
struct Transformer : ModuleOf<Tensor(const Tensor&, const Tensor&, const TransformerMasks&)> {
  explicit Transformer(const TransformerOptions& options = {});
  TransformerEncoder encoder;
  TransformerDecoder decoder;

  Tensor forward(const Tensor& src, const Tensor& tgt, const TransformerMasks& masks) override;
  using ModuleOf::operator();
  Tensor operator()(const Tensor& src, const Tensor& tgt) { return (*this)(src, tgt, TransformerMasks()); }
  void reset_parameters(Generator& generator = default_generator());

  // [size,size]: 0 up to the diagonal and -inf above, so that no place sees a later one.
  static Tensor generate_square_subsequent_mask(int64_t size, DType dtype = f32);

  TransformerOptions options;
  KORREL_MODULE(encoder, decoder)
};

}  // namespace korrel::nn
