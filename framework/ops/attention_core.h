// attend: scaled dot-product attention as one op with its gradients, on operands that are already split into heads. For
// ops/attention.cpp, which checks arguments and makes the masks; users call that.
#pragma once

#include <korrel/framework/tensor/random.h>

namespace korrel {

struct AttentionForm {
  enum class Weights { none, mean, each };  // not returned, averaged over the heads, or per head

  double scale = 1;
  bool causal = false;  // query i sees keys 0..i
  double dropout_p = 0;
  Weights weights = Weights::none;
};
struct Attended {
  Tensor y;        // [B,H,L,Ev], in memory in the order of q's dimensions
  Tensor weights;  // [B,L,S] or [B,H,L,S], after dropout; or undefined
};

// q [B,H,L,E], k [B,H,S,E], v [B,H,S,Ev], of one floating dtype; mask: added to the scores, broadcasts to [B,H,L,S], or
// undefined.
Attended attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, const AttentionForm& form,
                Generator& generator);

// The same for x [L,N,3E] (or [N,L,3E] with batch_first): queries, keys and values side by side, each of `heads` heads.
// One gradient of x's shape instead of three to be joined.
Attended attend_packed(const Tensor& x, int64_t heads, bool batch_first, const Tensor& mask, const AttentionForm& form,
                       Generator& generator);

// x [L,N,F] (or [N,L,F]) seen as [N,heads,L,F/heads], and back.
Tensor split_heads(const Tensor& x, int64_t heads, bool batch_first);
Tensor join_heads(const Tensor& x, bool batch_first);

}  // namespace korrel
