// MultiheadAttention (Vaswani et al. 2017), as in torch.nn. The computation: framework/ops/attention.h.
#pragma once

#include <optional>

#include <korrel/framework/ops/attention.h>
#include <korrel/layers/linear.h>

namespace korrel::nn {

struct MultiheadAttentionOptions {
  double dropout = 0;                           // of the attention weights, while training
  bool bias = true;                             // of the projections
  bool add_bias_kv = false;                     // one more key and value, learnt
  bool add_zero_attn = false;                   // one more key and value, zero
  std::optional<int64_t> kdim = {}, vdim = {};  // features of key and value; embed_dim if not given
  bool batch_first = false;                     // [N,L,E] instead of [L,N,E]
};

// What a single call may say.
struct AttentionCall {
  Tensor key_padding_mask = {};  // [N,S]: true where a key is to be ignored, or added to the scores
  bool need_weights = true;
  Tensor attn_mask = {};  // [L,S] or [N num_heads,L,S], likewise: true hides
  bool average_attn_weights = true;
};

// query [L,N,embed_dim], key [S,N,kdim], value [S,N,vdim], or all three without N -> y, shaped like query, and (unless
// need_weights is false) weights [N,L,S]: the share that each key had, averaged over the heads. Self-attention is
// fastest where the same tensor is given three times.
struct MultiheadAttention
    : ModuleOf<MultiHeadResult(const Tensor&, const Tensor&, const Tensor&, const AttentionCall&)> {
  MultiheadAttention(int64_t embed_dim, int64_t num_heads, const MultiheadAttentionOptions& options = {});
  Parameter in_proj_weight;  // [3 embed_dim, embed_dim], or absent and these three:
  Parameter q_proj_weight, k_proj_weight,
      v_proj_weight;         // [embed_dim, embed_dim], [embed_dim, kdim], [embed_dim, vdim]
  Parameter in_proj_bias;    // [3 embed_dim]
  Parameter bias_k, bias_v;  // [1, 1, embed_dim] with add_bias_kv
  Linear out_proj;

  MultiHeadResult forward(const Tensor& query, const Tensor& key, const Tensor& value,
                          const AttentionCall& call) override;
  // forward with hooks, which see query and y.
  MultiHeadResult operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                             const AttentionCall& call = AttentionCall());
  LayerCost cost(const Tensor& x, const Tensor& y) const override;  // of self-attention
  void reset_parameters(Generator& generator = default_generator());

  int64_t embed_dim, num_heads;
  MultiheadAttentionOptions options;
  KORREL_MODULE(in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias, bias_k, bias_v, out_proj)
};

}  // namespace korrel::nn
