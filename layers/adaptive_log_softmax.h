// A classifier of very many classes of very different frequency, as torch.nn.AdaptiveLogSoftmaxWithLoss (Grave et al.
// 2017): the frequent classes come first and are scored at once, the rare ones in clusters, through ever narrower
// layers, and only where they occur.
#pragma once

#include <vector>

#include <korrel/layers/containers.h>
#include <korrel/layers/linear.h>

namespace korrel::nn {

struct AdaptiveLogSoftmaxOptions {
  double div_value = 4;    // each cluster's hidden layer is narrower by this factor
  bool head_bias = false;  // of the layer that scores the frequent classes and the clusters
};

struct AdaptiveLogSoftmaxResult {
  Tensor output;  // the log probability of each target, [N] or []
  Tensor loss;    // minus their mean
};

// x [N,in_features] or [in_features], target class indices [N] or [] -> log probabilities and loss. cutoffs ascend and
// lie below n_classes: class c belongs to the head below cutoffs[0], to cluster i from cutoffs[i] on.
struct AdaptiveLogSoftmaxWithLoss : ModuleOf<AdaptiveLogSoftmaxResult(const Tensor&, const Tensor&)> {
  AdaptiveLogSoftmaxWithLoss(int64_t in_features, int64_t n_classes, const std::vector<int64_t>& cutoffs,
                             const AdaptiveLogSoftmaxOptions& options = {});
  Linear head;
  std::vector<Sequential> tail;  // of each cluster: to its hidden width, to its classes

  AdaptiveLogSoftmaxResult forward(const Tensor& x, const Tensor& target) override;
  Tensor log_prob(const Tensor& x);  // [N,in_features] -> [N,n_classes], all clusters computed
  Tensor predict(const Tensor& x);   // [N,in_features] -> the likeliest class, i64 [N]
  KORREL_MODULE(head, tail)

 private:
  std::vector<int64_t> cutoffs_;  // with n_classes at the end
};

}  // namespace korrel::nn
