#include <korrel/layers/adaptive_log_softmax.h>

#include <fmt/format.h>

#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>

namespace korrel::nn {
namespace {

constexpr const char* layer = "AdaptiveLogSoftmaxWithLoss";

std::vector<int64_t> checked(std::vector<int64_t> cutoffs, int64_t n_classes) {
  std::string given = fmt::format("[{}]", fmt::join(cutoffs, ","));
  check<ValueError>(!cutoffs.empty(), "{}: cutoffs must not be empty", layer);
  int64_t before = 0;
  for (int64_t cutoff : cutoffs) {
    check<ValueError>(cutoff > before && cutoff < n_classes,
                      "{}: cutoffs must ascend between 0 and n_classes={}, got {}", layer, n_classes, given);
    before = cutoff;
  }
  cutoffs.push_back(n_classes);
  return cutoffs;
}

// The head scores its classes and, behind them, the clusters.
int64_t head_size(const std::vector<int64_t>& cutoffs) { return cutoffs[0] + static_cast<int64_t>(cutoffs.size()) - 1; }

}  // namespace

AdaptiveLogSoftmaxWithLoss::AdaptiveLogSoftmaxWithLoss(int64_t in_features, int64_t n_classes,
                                                       const std::vector<int64_t>& cutoffs,
                                                       const AdaptiveLogSoftmaxOptions& options)
    : head(in_features, head_size(checked(cutoffs, n_classes)), {.bias = options.head_bias}),
      cutoffs_(checked(cutoffs, n_classes)) {
  check<ValueError>(options.div_value > 0, "{}: div_value must be positive, got {}", layer, options.div_value);
  for (std::size_t i = 0; i + 1 < cutoffs_.size(); ++i) {
    double width = static_cast<double>(in_features) / std::pow(options.div_value, static_cast<double>(i + 1));
    auto hidden = static_cast<int64_t>(std::floor(width));
    check<ValueError>(hidden >= 1, "{}: cluster {} would have no hidden features (in_features={}, div_value={})", layer,
                      i, in_features, options.div_value);
    tail.push_back(Sequential(Linear(in_features, hidden, {.bias = false}),
                              Linear(hidden, cutoffs_[i + 1] - cutoffs_[i], {.bias = false})));
  }
}

AdaptiveLogSoftmaxResult AdaptiveLogSoftmaxWithLoss::forward(const Tensor& x, const Tensor& target) {
  check<ShapeError>((x.dim() == 1 || x.dim() == 2) && target.shape() == x.shape().slice(0, x.dim() - 1),
                    "needs x [N,C] with target [N], or [C] with [], got x {}, target {}", x.shape(), target.shape());
  check<DtypeError>(target.dtype() == i64, "target must be i64, is {}", target.dtype());
  if (x.dim() == 1) {
    AdaptiveLogSoftmaxResult one = forward(x.unsqueeze(0), target.unsqueeze(0));
    return {one.output.squeeze(0), one.loss};
  }
  // Which samples lie in which cluster, and what of the head each of them reads.
  std::vector<int64_t> classes = target.to_vector<int64_t>(), read = classes;
  std::vector<std::vector<int64_t>> samples(tail.size()), within(tail.size());
  for (std::size_t n = 0; n < classes.size(); ++n) {
    check<ValueError>(classes[n] >= 0 && classes[n] < cutoffs_.back(), "target {} is not one of the {} classes",
                      classes[n], cutoffs_.back());
    for (std::size_t i = 0; i < tail.size(); ++i) {
      if (classes[n] < cutoffs_[i] || classes[n] >= cutoffs_[i + 1]) continue;
      read[n] = cutoffs_[0] + static_cast<int64_t>(i);
      samples[i].push_back(static_cast<int64_t>(n));
      within[i].push_back(classes[n] - cutoffs_[i]);
    }
  }
  Tensor output = gather(log_softmax(head(x), 1), 1, from_vector(read).unsqueeze(1)).squeeze(1);
  for (std::size_t i = 0; i < tail.size(); ++i) {
    if (samples[i].empty()) continue;
    Tensor rows = from_vector(samples[i]), scores = log_softmax(tail[i](index_select(x, 0, rows)), 1);
    output = index_add(output, 0, rows, gather(scores, 1, from_vector(within[i]).unsqueeze(1)).squeeze(1));
  }
  return {output, -mean(output)};
}

Tensor AdaptiveLogSoftmaxWithLoss::log_prob(const Tensor& x) {
  check<ShapeError>(x.dim() == 2, "{}: log_prob needs x [N,C], is {}", layer, x.shape());
  Tensor scores = log_softmax(head(x), 1);
  std::vector<Tensor> parts = {scores.narrow(1, 0, cutoffs_[0])};
  for (std::size_t i = 0; i < tail.size(); ++i)
    parts.push_back(log_softmax(tail[i](x), 1) + scores.narrow(1, cutoffs_[0] + static_cast<int64_t>(i), 1));
  return cat(parts, 1);
}

Tensor AdaptiveLogSoftmaxWithLoss::predict(const Tensor& x) { return argmax(log_prob(x), 1); }

}  // namespace korrel::nn
