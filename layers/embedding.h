// Embedding and EmbeddingBag, as in torch.nn: a table of rows that are looked up by number and trained. The rows start
// standard normal, the padding row zero.
#pragma once

#include <korrel/framework/ops/embedding.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

// x [...] i64 -> [...,embedding_dim]. With .max_norm, forward changes the rows it reads.
struct Embedding : Module {
  Embedding(int64_t num_embeddings, int64_t embedding_dim, const EmbeddingOptions& options = {});
  // With a copy of the rows of `weight` [num_embeddings,embedding_dim]; freeze: they are not trained.
  static Embedding from_pretrained(const Tensor& weight, bool freeze = true, const EmbeddingOptions& options = {});
  Parameter weight;  // [num_embeddings, embedding_dim]

  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  void reset_parameters(Generator& generator = default_generator());

  int64_t num_embeddings, embedding_dim;
  EmbeddingOptions options;
  KORREL_MODULE(weight)
};

// x [bags,n] i64, or x [n] with offsets [bags] -> [bags,embedding_dim]: see korrel::embedding_bag.
struct EmbeddingBag : ModuleOf<Tensor(const Tensor&, const Tensor&, const Tensor&)> {
  EmbeddingBag(int64_t num_embeddings, int64_t embedding_dim, const EmbeddingBagOptions& options = {});
  static EmbeddingBag from_pretrained(const Tensor& weight, bool freeze = true,
                                      const EmbeddingBagOptions& options = {});
  Parameter weight;  // [num_embeddings, embedding_dim]

  using ModuleOf::operator();
  Tensor operator()(const Tensor& x, const Tensor& offsets = {}) { return (*this)(x, offsets, {}); }
  Tensor forward(const Tensor& x, const Tensor& offsets, const Tensor& per_sample_weights) override;
  Tensor forward(const Tensor& x) override { return forward(x, {}, {}); }
  std::string extra_repr() const override;
  void reset_parameters(Generator& generator = default_generator());

  int64_t num_embeddings, embedding_dim;
  EmbeddingBagOptions options;
  KORREL_MODULE(weight)
};

}  // namespace korrel::nn
