#include <korrel/layers/similarity.h>

#include <korrel/framework/base/check.h>

namespace korrel::nn {

CosineSimilarity::CosineSimilarity(const CosineSimilarityOptions& how) : options(how) {
  check<ValueError>(how.eps >= 0, "CosineSimilarity: eps must not be negative, got {}", how.eps);
}
Tensor CosineSimilarity::forward(const Tensor& x, const Tensor& other) { return cosine_similarity(x, other, options); }

PairwiseDistance::PairwiseDistance(const PairwiseDistanceOptions& how) : options(how) {}
Tensor PairwiseDistance::forward(const Tensor& x, const Tensor& other) { return pairwise_distance(x, other, options); }

}  // namespace korrel::nn
