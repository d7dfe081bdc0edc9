// How near vectors are to each other: distances and cosines along one dimension, and vectors of length one.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct NormalizeOptions {
  double p = 2;
  int64_t dim = 1;
  double eps = 1e-12;
};
Tensor normalize(const Tensor& x, const NormalizeOptions& options = {});  // x / max(|x|_p, eps)

struct CosineSimilarityOptions {
  int64_t dim = 1;
  double eps = 1e-8;  // the least length that is divided by
};
// sum(x other) / (|x| |other|); the two broadcast.
Tensor cosine_similarity(const Tensor& x, const Tensor& other, const CosineSimilarityOptions& options = {});

struct PairwiseDistanceOptions {
  double p = 2;
  double eps = 1e-6;
  bool keepdim = false;
};
// x, other [N,D] or [D], broadcasting: |x - other + eps|_p, [N] or [].
Tensor pairwise_distance(const Tensor& x, const Tensor& other, const PairwiseDistanceOptions& options = {});

struct CdistOptions {
  double p = 2;
};
// x [...,M,D], other [...,N,D] -> [...,M,N], every row to every row. Needs M N D of memory. PyTorch: torch.cdist
Tensor cdist(const Tensor& x, const Tensor& other, const CdistOptions& options = {});

// x [N,D] -> the distances of all pairs of rows i < j, in that order: [N (N - 1) / 2].
Tensor pdist(const Tensor& x, const CdistOptions& options = {});

}  // namespace korrel
