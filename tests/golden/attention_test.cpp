// PyTorch's numbers for attention.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <korrel/framework/ops/attention.h>

using namespace korrel;
using golden::Case;

namespace {

golden::Result multi_head(const Case& c) {
  Tensor query = c["query"];
  Tensor key = c.has("key") ? c["key"] : query, value = c.has("value") ? c["value"] : query;
  CHECK(c.args.integer("embed_dim") == query.size(-1));
  CHECK(c.args.flag("bias") == c.has("in_proj_bias"));
  CHECK(c.args.flag("add_bias_kv") == c.has("bias_k"));
  if (c.args.has("kdim")) CHECK(c.args.integer("kdim") == key.size(-1));
  if (c.args.has("vdim")) CHECK(c.args.integer("vdim") == value.size(-1));
  MultiHeadResult result = multi_head_attention_forward(query, key, value,
                                                        {.in_proj_weight = c["in_proj_weight"],
                                                         .q_proj_weight = c["q_proj_weight"],
                                                         .k_proj_weight = c["k_proj_weight"],
                                                         .v_proj_weight = c["v_proj_weight"],
                                                         .in_proj_bias = c["in_proj_bias"],
                                                         .bias_k = c["bias_k"],
                                                         .bias_v = c["bias_v"],
                                                         .out_proj_weight = c["out_proj.weight"],
                                                         .out_proj_bias = c["out_proj.bias"]},
                                                        {.num_heads = c.args.integer("num_heads"),
                                                         .add_zero_attn = c.args.flag("add_zero_attn"),
                                                         .key_padding_mask = c["key_padding_mask"],
                                                         .attn_mask = c["attn_mask"],
                                                         .need_weights = c.args.flag("need_weights"),
                                                         .average_attn_weights = c.args.flag("average_attn_weights"),
                                                         .batch_first = c.args.flag("batch_first")});
  golden::Outputs outputs{{"y", result.y}};
  if (result.weights.defined()) outputs["attn_weights"] = result.weights;
  return outputs;
}

const golden::Ops ops = {
    {"scaled_dot_product_attention",
     [](const Case& c) {
       return scaled_dot_product_attention(c["query"], c["key"], c["value"],
                                           {.attn_mask = c["attn_mask"], .is_causal = c.args.flag("is_causal")});
     }},
    {"multi_head_attention", multi_head},
};

}  // namespace

TEST_CASE("attention") { golden::run("attention"); }
