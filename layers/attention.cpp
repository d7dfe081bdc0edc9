#include <korrel/layers/attention.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/init.h>

namespace korrel::nn {
namespace {

// Before any member is made from it.
int64_t checked_embedding(int64_t embed_dim, int64_t num_heads) {
  check_positive("MultiheadAttention", "embed_dim", embed_dim);
  check_positive("MultiheadAttention", "num_heads", num_heads);
  check<ValueError>(embed_dim % num_heads == 0, "MultiheadAttention: num_heads={} does not divide embed_dim={}",
                    num_heads, embed_dim);
  return embed_dim;
}

}  // namespace

MultiheadAttention::MultiheadAttention(int64_t size, int64_t heads, const MultiheadAttentionOptions& o)
    : out_proj(checked_embedding(size, heads), size, {.bias = o.bias}), embed_dim(size), num_heads(heads), options(o) {
  check<ValueError>(o.dropout >= 0 && o.dropout <= 1, "MultiheadAttention: dropout must lie in [0, 1], got {}",
                    o.dropout);
  int64_t kdim = o.kdim.value_or(size), vdim = o.vdim.value_or(size);
  check_positive("MultiheadAttention", "kdim", kdim);
  check_positive("MultiheadAttention", "vdim", vdim);
  if (kdim == size && vdim == size) {
    in_proj_weight = Parameter(empty({3 * size, size}));
  } else {
    q_proj_weight = Parameter(empty({size, size}));
    k_proj_weight = Parameter(empty({size, kdim}));
    v_proj_weight = Parameter(empty({size, vdim}));
  }
  if (o.bias) in_proj_bias = Parameter(empty({3 * size}));
  if (o.add_bias_kv) {
    bias_k = Parameter(empty({1, 1, size}));
    bias_v = Parameter(empty({1, 1, size}));
  }
  reset_parameters();
}

void MultiheadAttention::reset_parameters(Generator& generator) {
  for (Parameter* weight : {&in_proj_weight, &q_proj_weight, &k_proj_weight, &v_proj_weight})
    if (weight->defined()) init::xavier_uniform_(*weight, 1, generator);
  out_proj.reset_parameters(generator);
  if (in_proj_bias.defined()) {
    init::zeros_(in_proj_bias);
    init::zeros_(out_proj.bias);
  }
  for (Parameter* bias : {&bias_k, &bias_v})
    if (bias->defined()) init::xavier_normal_(*bias, 1, generator);
}

MultiHeadResult MultiheadAttention::operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                               const AttentionCall& options_of_call) {
  ModuleCall call(*this);
  return call.run([&] {
    MultiHeadResult result = forward(query, key, value, options_of_call);
    result.y = call.finish(query, result.y);
    return result;
  });
}

LayerCost MultiheadAttention::cost(const Tensor&, const Tensor& y) const {
  const int64_t rows = y.numel() / embed_dim, length = y.size(options.batch_first && y.dim() == 3 ? 1 : 0);
  int64_t of_a_row = out_proj.weight.numel() + 2 * length * embed_dim;
  for (const Parameter* weight : {&in_proj_weight, &q_proj_weight, &k_proj_weight, &v_proj_weight})
    if (weight->defined()) of_a_row += weight->numel();
  return {.multiply_adds = rows * of_a_row, .global = true};
}

MultiHeadResult MultiheadAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                            const AttentionCall& call) {
  return multi_head_attention_forward(query, key, value,
                                      {.in_proj_weight = in_proj_weight,
                                       .q_proj_weight = q_proj_weight,
                                       .k_proj_weight = k_proj_weight,
                                       .v_proj_weight = v_proj_weight,
                                       .in_proj_bias = in_proj_bias,
                                       .bias_k = bias_k,
                                       .bias_v = bias_v,
                                       .out_proj_weight = out_proj.weight,
                                       .out_proj_bias = out_proj.bias},
                                      {.num_heads = num_heads,
                                       .add_zero_attn = options.add_zero_attn,
                                       .dropout_p = options.dropout,
                                       .training = training(),
                                       .key_padding_mask = call.key_padding_mask,
                                       .attn_mask = call.attn_mask,
                                       .need_weights = call.need_weights,
                                       .average_attn_weights = call.average_attn_weights,
                                       .batch_first = options.batch_first});
}

}  // namespace korrel::nn
