#include <korrel/framework/ops/similarity.h>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {

namespace {

// |x_i - y_j| by way of a matrix product, as PyTorch does for more than 25 rows: digits are lost where points are much
// closer to each other than to the origin. Its gradient is made of matrix products, too, and 0 between equal points.
Tensor euclidean(const Tensor& x, const Tensor& other) {
  Tensor y = no_grad([&] {
    Tensor squares = sum(square(x), -1, {.keepdim = true}) + sum(square(other), -1).unsqueeze(-2);
    return sqrt(clamp(squares - matmul(x, transpose(other, -1, -2)) * 2, {.min = 0}));
  });
  return record("cdist", y, {x, other}, [x, other, y = y.detach()](const Backward& b) -> Gradients {
    Tensor equal = y == 0, share = where(equal, 0, b.grad / where(equal, 1, b.output(y))), gx, gother;
    if (b.needs(0)) gx = x * sum(share, -1, {.keepdim = true}) - matmul(share, other);
    if (b.needs(1)) gother = other * sum(share, -2).unsqueeze(-1) - matmul(transpose(share, -1, -2), x);
    return {gx, gother};
  });
}

}  // namespace

Tensor normalize(const Tensor& x, const NormalizeOptions& options) {
  check_defined("normalize", x);
  return x / clamp(norm(x, options.p, options.dim, {.keepdim = true}), {.min = options.eps});
}

Tensor cosine_similarity(const Tensor& x, const Tensor& other, const CosineSimilarityOptions& options) {
  check_defined("cosine_similarity", {{x, "x"}, {other, "other"}});
  Shape shape = broadcast_shapes("cosine_similarity", x.shape(), other.shape());
  int64_t dim = wrap_dim("cosine_similarity", options.dim, shape.rank());
  // As in PyTorch the gradient does not see the least length.
  auto unit = [&](const Tensor& v) {
    Tensor wide = v.expand(shape), square = sum(wide * wide, dim, {.keepdim = true}), plain = square.detach();
    return wide / sqrt(square + (clamp(plain, {.min = options.eps * options.eps}) - plain));
  };
  return sum(unit(x) * unit(other), dim);
}

Tensor pairwise_distance(const Tensor& x, const Tensor& other, const PairwiseDistanceOptions& options) {
  check_defined("pairwise_distance", {{x, "x"}, {other, "other"}});
  check<ShapeError>(x.dim() >= 1 && other.dim() >= 1, "pairwise_distance: expects [N,D] or [D], got {} and {}",
                    x.shape(), other.shape());
  broadcast_shapes("pairwise_distance", x.shape(), other.shape());
  return norm(x - other + options.eps, options.p, -1, {.keepdim = options.keepdim});
}

Tensor cdist(const Tensor& x, const Tensor& other, const CdistOptions& options) {
  check_defined("cdist", {{x, "x"}, {other, "other"}});
  check<ShapeError>(x.dim() >= 2 && other.dim() >= 2 && x.size(-1) == other.size(-1),
                    "cdist: expects x [...,M,D] and other [...,N,D], got {} and {}", x.shape(), other.shape());
  check<ValueError>(options.p >= 0, "cdist: p expects a number >= 0, got {}", options.p);
  const bool many = x.size(-2) > 25 || other.size(-2) > 25;
  if (options.p == 2 && many && is_floating(x.dtype()) && x.dtype() == other.dtype()) return euclidean(x, other);
  return norm(x.unsqueeze(-2) - other.unsqueeze(-3), options.p, -1);
}

Tensor pdist(const Tensor& x, const CdistOptions& options) {
  check_defined("pdist", x);
  check<ShapeError>(x.dim() == 2, "pdist: expects x [N,D], got {}", x.shape());
  check<ValueError>(options.p >= 0, "pdist: p expects a number >= 0, got {}", options.p);
  std::vector<int64_t> first, second;
  for (int64_t i = 0; i < x.size(0); ++i)
    for (int64_t j = i + 1; j < x.size(0); ++j) first.push_back(i), second.push_back(j);
  return norm(index_select(x, 0, from_vector(first)) - index_select(x, 0, from_vector(second)), options.p, -1);
}

}  // namespace korrel
