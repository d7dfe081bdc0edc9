// Similarity of two tensors as layers, as in torch.nn, called with both; formulas: framework/ops/similarity.h.
#pragma once

#include <korrel/framework/ops/similarity.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

// Along dimension `dim`; the two broadcast.
struct CosineSimilarity : ModuleOf<Tensor(const Tensor&, const Tensor&)> {
  explicit CosineSimilarity(const CosineSimilarityOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& other) override;
  CosineSimilarityOptions options;
  KORREL_MODULE()
};

// [N,D], [N,D] -> [N].
struct PairwiseDistance : ModuleOf<Tensor(const Tensor&, const Tensor&)> {
  explicit PairwiseDistance(const PairwiseDistanceOptions& options = {});
  Tensor forward(const Tensor& x, const Tensor& other) override;
  PairwiseDistanceOptions options;
  KORREL_MODULE()
};

}  // namespace korrel::nn
