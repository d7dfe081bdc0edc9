// Losses that vanish beyond a margin.
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/reduced_loss.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/ops/similarity.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

Tensor at_least_zero(const Tensor& x) { return clamp(x, {.min = 0}); }  // slope 1 at 0, as in PyTorch's

// Class indices as [N, k]: x [N,C] has target [N] (k = 1) or [N,k]; an unbatched x [C] counts as one row.
Tensor checked_labels(const char* op, const Tensor& x, const Tensor& target, const Shape& expected, int64_t lowest) {
  check_defined(op, target, "target");
  check<DtypeError>(target.dtype() == i64, "{}: target expects class indices (i64), got {}", op, target.dtype());
  check<ShapeError>(target.shape() == expected, "{}: target expects shape {} for x {}, got {}", op, expected, x.shape(),
                    target.shape());
  int64_t classes = x.size(-1);
  for (int64_t label : target.to_vector<int64_t>())
    check<ValueError>(label >= lowest && label < classes, "{}: label {} is not one of the {} classes 0..{} of x {}", op,
                      label, classes, classes - 1, x.shape());
  return target.detach();
}

}  // namespace

Tensor hinge_embedding_loss(const Tensor& x, const Tensor& target, const HingeLossOptions& options) {
  check_same("hinge_embedding_loss", x, target);
  Tensor far = where(target.detach() != 1, at_least_zero(options.margin - x), 0);
  return reduced(where(target.detach() != -1, x, 0) + far, options.reduction);
}

Tensor margin_ranking_loss(const Tensor& x1, const Tensor& x2, const Tensor& target,
                           const RankingLossOptions& options) {
  check_defined("margin_ranking_loss", {{x1, "x1"}, {x2, "x2"}, {target, "target"}});
  check_same("margin_ranking_loss", x1, x2, "x2");
  check_same("margin_ranking_loss", x1, target);
  return reduced(at_least_zero(options.margin - target * (x1 - x2)), options.reduction);
}

Tensor cosine_embedding_loss(const Tensor& x1, const Tensor& x2, const Tensor& target,
                             const RankingLossOptions& options) {
  check_defined("cosine_embedding_loss", {{x1, "x1"}, {x2, "x2"}, {target, "target"}});
  check_same("cosine_embedding_loss", x1, x2, "x2");
  check<ShapeError>((x1.dim() == 1 || x1.dim() == 2) && target.shape() == x1.shape().slice(0, x1.dim() - 1),
                    "cosine_embedding_loss: expects x1 [N,D] with target [N], or [D] with []; got x1 {}, target {}",
                    x1.shape(), target.shape());
  constexpr double eps = 1e-12;
  Tensor cosine = sum(x1 * x2, -1) * rsqrt((sum(x1 * x1, -1) + eps) * (sum(x2 * x2, -1) + eps));
  Tensor near = where(target.detach() == 1, 1 - cosine, 0);
  return reduced(near + where(target.detach() == -1, at_least_zero(cosine - options.margin), 0), options.reduction);
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletLossOptions& options) {
  check_defined("triplet_margin_loss", {{anchor, "anchor"}, {positive, "positive"}, {negative, "negative"}});
  check_same("triplet_margin_loss", anchor, positive, "positive");
  check_same("triplet_margin_loss", anchor, negative, "negative");
  check<ShapeError>(anchor.dim() >= 1, "triplet_margin_loss: expects [N,D] or [D], got {}", anchor.shape());
  auto distance = [&](const Tensor& a, const Tensor& b) { return norm(a - b + options.eps, options.p, -1); };
  Tensor far = distance(anchor, negative);
  if (options.swap) far = minimum(far, distance(positive, negative));
  return reduced(at_least_zero(distance(anchor, positive) - far + options.margin), options.reduction);
}

Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         const TripletDistanceLossOptions& options) {
  check_defined("triplet_margin_with_distance_loss",
                {{anchor, "anchor"}, {positive, "positive"}, {negative, "negative"}});
  check_same("triplet_margin_with_distance_loss", anchor, positive, "positive");
  check_same("triplet_margin_with_distance_loss", anchor, negative, "negative");
  auto distance = [&](const Tensor& a, const Tensor& b) {
    return options.distance_function ? options.distance_function(a, b) : pairwise_distance(a, b);
  };
  Tensor far = distance(anchor, negative);
  if (options.swap) far = minimum(far, distance(positive, negative));
  return reduced(at_least_zero(distance(anchor, positive) - far + options.margin), options.reduction);
}

Tensor multi_margin_loss(const Tensor& x, const Tensor& target, const MultiMarginLossOptions& options) {
  check_floating_loss("multi_margin_loss", x);
  check<ShapeError>(x.dim() == 1 || x.dim() == 2, "multi_margin_loss: expects x [N,C] or [C], got {}", x.shape());
  check<ValueError>(options.p == 1 || options.p == 2, "multi_margin_loss: p expects 1 or 2, got {}", options.p);
  Tensor labels = checked_labels("multi_margin_loss", x, target, x.shape().slice(0, x.dim() - 1), 0).unsqueeze(-1);
  int64_t classes = x.size(-1);
  Tensor excess = relu(x - gather(x, -1, labels) + options.margin);
  if (options.p == 2) excess = square(excess);
  if (options.weight.defined()) {
    check<ShapeError>(options.weight.shape() == Shape{classes}, "multi_margin_loss: weight expects shape [{}], got {}",
                      classes, options.weight.shape());
    excess = excess * index_select(options.weight, 0, labels.reshape({-1})).reshape(labels.shape());
  }
  Tensor others = arange(static_cast<double>(classes)) != labels;
  return reduced(sum(where(others, excess, 0), -1) / static_cast<double>(classes), options.reduction);
}

Tensor multilabel_margin_loss(const Tensor& x, const Tensor& target, const LossOptions& options) {
  check_floating_loss("multilabel_margin_loss", x);
  check<ShapeError>(x.dim() == 1 || x.dim() == 2, "multilabel_margin_loss: expects x [N,C] or [C], got {}", x.shape());
  Tensor labels = checked_labels("multilabel_margin_loss", x, target, x.shape(), -1).contiguous();
  int64_t classes = x.size(-1);
  // Which list entries count (those before the first -1), and which classes none of them names.
  Tensor listed = zeros(labels.shape(), {boolean}), other = ones(labels.shape(), {boolean}),
         index = zeros(labels.shape(), {i64});
  const int64_t* label = labels.data<int64_t>();
  for (int64_t row = 0; row < labels.numel(); row += classes) {
    for (int64_t i = row; i < row + classes && label[i] >= 0; ++i) {
      listed.data<bool>()[i] = true;
      index.data<int64_t>()[i] = label[i];
      other.data<bool>()[row + label[i]] = false;
    }
  }
  Tensor excess = relu(1 - gather(x, -1, index).unsqueeze(-1) + x.unsqueeze(-2));  // [N, entry, class]
  Tensor counted = logical_and(listed.unsqueeze(-1), other.unsqueeze(-2));
  return reduced(sum(where(counted, excess, 0), {-2, -1}) / static_cast<double>(classes), options.reduction);
}

}  // namespace korrel
