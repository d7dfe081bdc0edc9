// Rows of a table by number, as torch.nn.functional: embedding, and embedding_bag, which reduces them bag by bag. x
// holds i64 numbers below weight.size(0); anything else throws ValueError (negative numbers too: they do not count from
// the end here). The layers with a table of their own are in layers/embedding.h.
#pragma once

#include <optional>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct EmbeddingOptions {
  std::optional<int64_t> padding_idx = {};  // this row gets no gradient; negative counts from the end
  // Rows that x names and that are longer than this are scaled down to it, in `weight` itself, before they are read.
  std::optional<double> max_norm = {};
  double norm_type = 2;             // which norm: (sum |w|^p)^(1/p), > 0
  bool scale_grad_by_freq = false;  // a row's gradient is divided by how often x names it
};
// x [...] i64, weight [num_embeddings,embedding_dim] -> [...,embedding_dim].
Tensor embedding(const Tensor& x, Tensor weight, const EmbeddingOptions& options = {});

enum class EmbeddingBagMode { sum, mean, max };
struct EmbeddingBagOptions {
  EmbeddingBagMode mode = EmbeddingBagMode::mean;
  Tensor per_sample_weights = {};           // shaped like x: factors of the rows, for mode sum only
  bool include_last_offset = false;         // offsets has one number more, the end of the last bag
  std::optional<int64_t> padding_idx = {};  // entries with this number are left out
  std::optional<double> max_norm = {};      // as for embedding
  double norm_type = 2;
  bool scale_grad_by_freq = false;  // not for mode max
};
// The rows of each bag, reduced: [bags,embedding_dim]. x [bags,n] are bags of n each (no offsets); of x [n], bag i are
// the entries from offsets[i] to before offsets[i + 1]. An empty bag gives zeros. A tie in mode max goes to the first.
Tensor embedding_bag(const Tensor& x, Tensor weight, const Tensor& offsets = {},
                     const EmbeddingBagOptions& options = {});

}  // namespace korrel
