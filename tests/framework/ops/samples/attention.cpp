#include <korrel/framework/ops/attention.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/ops/elementwise.h>

using namespace korrel;
using samples::Inputs;
using samples::mask;
using samples::real;

// Every query sees a key: those hidden by `m` are pushed far down, not out.
static Tensor pushed_down(const Tensor& m, const Tensor& like) { return m.to(like.dtype()) * -3; }

static samples::Outputs both(const MultiHeadResult& result) {
  return samples::Outputs(std::vector<Tensor>{result.y, result.weights});
}

static const samples::Rows rows = {
    {"scaled_dot_product_attention",
     {real({2, 3, 4}).batch(), real({2, 5, 4}).batch(), real({2, 5, 3}).batch()},
     [](Inputs x) { return scaled_dot_product_attention(x[0], x[1], x[2]); }},
    {"scaled_dot_product_attention",
     {real({2, 2, 3, 4}).batch(), real({2, 2, 3, 4}).batch(), real({2, 2, 3, 2}).batch()},
     [](Inputs x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.is_causal = true, .scale = 0.7}); }},
    {"scaled_dot_product_attention",  // leading dimensions broadcast; a mask; dropout
     {real({2, 1, 3, 4}).batch(), real({3, 5, 4}), real({2, 1, 5, 2}).batch(), mask({3, 5})},
     [](Inputs x) {
       Generator generator(3);
       return scaled_dot_product_attention(x[0], x[1], x[2], {.attn_mask = pushed_down(x[3], x[0]), .dropout_p = 0.3},
                                           generator);
     }},
    {"scaled_dot_product_attention",  // a learnt bias of the scores
     {real({2, 3, 4}).batch(), real({2, 5, 4}).batch(), real({2, 5, 3}).batch(), real({1, 5})},
     [](Inputs x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.attn_mask = x[3]}); }},
    {"scaled_dot_product_attention",
     {real({3, 20}), real({17, 20}), real({17, 18})},
     [](Inputs x) { return scaled_dot_product_attention(x[0], x[1], x[2]); }},
    {"multi_head_attention_forward",  // self-attention
     {real({3, 2, 4}).batch(1), real({12, 4}, -1, 1), real({12}), real({4, 4}), real({4})},
     [](Inputs x) {
       return both(multi_head_attention_forward(
           x[0], x[0], x[0],
           {.in_proj_weight = x[1], .in_proj_bias = x[2], .out_proj_weight = x[3], .out_proj_bias = x[4]},
           {.num_heads = 2}));
     }},
    {"multi_head_attention_forward",  // batch first, weights of each head, masks, dropout
     {real({2, 3, 4}).batch(), real({12, 4}, -1, 1), real({4, 4}), mask({3, 3})},
     [](Inputs x) {
       Generator generator(4);
       return both(multi_head_attention_forward(x[0], x[0], x[0], {.in_proj_weight = x[1], .out_proj_weight = x[2]},
                                                {.num_heads = 2,
                                                 .dropout_p = 0.2,
                                                 .attn_mask = pushed_down(x[3], x[0]),
                                                 .average_attn_weights = false,
                                                 .batch_first = true},
                                                generator));
     }},
    {"multi_head_attention_forward",  // another source, sizes of its own, extra keys
     {real({2, 2, 4}).batch(1), real({3, 2, 3}).batch(1), real({3, 2, 2}).batch(1), real({4, 4}, -1, 1),
      real({4, 3}, -1, 1), real({4, 2}, -1, 1), real({1, 1, 4}), real({1, 1, 4}), real({4, 4})},
     [](Inputs x) {
       return both(multi_head_attention_forward(x[0], x[1], x[2],
                                                {.q_proj_weight = x[3],
                                                 .k_proj_weight = x[4],
                                                 .v_proj_weight = x[5],
                                                 .bias_k = x[6],
                                                 .bias_v = x[7],
                                                 .out_proj_weight = x[8]},
                                                {.num_heads = 2, .add_zero_attn = true}));
     }},
    {"multi_head_attention_forward",  // without weights, unbatched
     {real({3, 4}), real({5, 4}), real({12, 4}, -1, 1), real({12}), real({4, 4})},
     [](Inputs x) {
       return multi_head_attention_forward(x[0], x[1], x[1],
                                           {.in_proj_weight = x[2], .in_proj_bias = x[3], .out_proj_weight = x[4]},
                                           {.num_heads = 4, .need_weights = false})
           .y;
     }},
};
