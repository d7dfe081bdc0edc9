// Attention (Vaswani et al. 2017) as functions: scaled dot products of any heads, and the whole of multi-head attention
// with its projections, masks and extra keys, as in torch.nn.functional. The layers are in layers/attention.h. Fused:
// scores are never in memory as a whole, and are computed again for the gradient.
#pragma once

#include <optional>

#include <korrel/framework/tensor/random.h>

namespace korrel {

struct AttentionOptions {
  Tensor attn_mask = {};   // broadcasts to [...,L,S]: boolean, true where a key may be seen; or added to the scores
  double dropout_p = 0;    // of the weights; 0 in evaluation
  bool is_causal = false;  // query i sees keys 0..i only
  std::optional<double> scale = {};  // of q k^T; 1 / sqrt(E) if not given
};
// softmax(scale query key^T + mask) value: query [...,L,E], key [...,S,E], value [...,S,Ev] -> [...,L,Ev]; leading
// dimensions broadcast. A query that may see no key gives NaN, as in PyTorch.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options = {}, Generator& generator = default_generator());

// The weights of multi-head attention, under PyTorch's names; E is the embedding's size.
struct MultiHeadWeights {
  Tensor in_proj_weight = {};                                         // [3E,E], or undefined and these:
  Tensor q_proj_weight = {}, k_proj_weight = {}, v_proj_weight = {};  // [E,E], [E,kdim], [E,vdim]
  Tensor in_proj_bias = {};                                           // [3E] or undefined
  Tensor bias_k = {}, bias_v = {};                                    // [1,1,E]: one more key and value; or undefined
  Tensor out_proj_weight = {}, out_proj_bias = {};                    // [E,E]; [E] or undefined
};
struct MultiHeadOptions {
  int64_t num_heads = 1;       // divides E
  bool add_zero_attn = false;  // one more key and value, zero
  double dropout_p = 0;
  bool training = true;          // false: no dropout
  Tensor key_padding_mask = {};  // [N,S], or [S] unbatched: true where a key is to be ignored, or added to the scores
  Tensor attn_mask = {};         // [L,S] or [N num_heads,L,S], likewise: true hides
  bool need_weights = true;
  bool average_attn_weights = true;
  bool batch_first = false;  // [N,L,E] instead of [L,N,E]
};
struct MultiHeadResult {
  Tensor y;        // shaped like query
  Tensor weights;  // [N,L,S], or [N,num_heads,L,S] if not averaged (no N if unbatched); undefined unless needed
};
// query [L,N,E], key [S,N,kdim], value [S,N,vdim], or all three without N. Fastest where all three are one tensor and
// in_proj_weight is used.
MultiHeadResult multi_head_attention_forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                             const MultiHeadWeights& weights, const MultiHeadOptions& options,
                                             Generator& generator = default_generator());

}  // namespace korrel
