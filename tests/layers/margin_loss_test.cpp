// Losses with margins, likelihoods and similarities as layers: each does what its op does with its options.
#include <doctest/doctest.h>

#include <tests/wrong_calls.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace {

Tensor manhattan(const Tensor& a, const Tensor& b) { return sum(abs(a - b), -1); }

}  // namespace

TEST_CASE("losses with margins") {
  Tensor x = randn({5, 3}), other = randn({5, 3}), third = randn({5, 3}), labels = randint(0, 3, {5});
  Tensor signs = randint(0, 2, {5, 3}).to(f32) * 2 - 1, sign = signs.select(1, 0), weight = tensor({1, 2, 3});
  Tensor lists = tensor({{2, -1, 0}, {0, 1, -1}, {-1, 0, 0}, {1, 2, 0}, {0, -1, 1}}, {i64});
  Tensor yes = randint(0, 2, {5, 3}).to(f32), variance = rand({5, 3}) + 0.5;
  LossOptions total{Reduction::sum};
  CHECK(nn::SoftMarginLoss(total)(x, signs).item() == soft_margin_loss(x, signs, total).item());
  CHECK(nn::HingeEmbeddingLoss({.margin = 0.5})(x, signs).item() ==
        hinge_embedding_loss(x, signs, {.margin = 0.5}).item());
  CHECK(nn::MultiLabelMarginLoss()(x, lists).item() == multilabel_margin_loss(x, lists).item());
  MultiMarginLossOptions classes{.p = 2, .margin = 0.5, .weight = weight};
  CHECK(nn::MultiMarginLoss(classes)(x, labels).item() == multi_margin_loss(x, labels, classes).item());
  CHECK(nn::MultiLabelSoftMarginLoss({.weight = weight})(x, yes).item() ==
        multilabel_soft_margin_loss(x, yes, {.weight = weight}).item());
  CHECK(nn::MultiMarginLoss(classes).state_dict()[0].first == "weight");
  CHECK(nn::MarginRankingLoss({.margin = 0.2})(x, other, signs).item() ==
        margin_ranking_loss(x, other, signs, {.margin = 0.2}).item());
  CHECK(nn::CosineEmbeddingLoss({.margin = 0.2})(x, other, sign).item() ==
        cosine_embedding_loss(x, other, sign, {.margin = 0.2}).item());
  TripletLossOptions triplet{.margin = 2, .p = 1, .swap = true};
  CHECK(nn::TripletMarginLoss(triplet)(x, other, third).item() == triplet_margin_loss(x, other, third, triplet).item());
  TripletDistanceLossOptions by_distance{.distance_function = manhattan, .margin = 2, .swap = true};
  CHECK(nn::TripletMarginWithDistanceLoss(by_distance)(x, other, third).item() ==
        triplet_margin_with_distance_loss(x, other, third, by_distance).item());
  CHECK(triplet_margin_with_distance_loss(x, other, third).item() ==
        doctest::Approx(triplet_margin_loss(x, other, third).item()));
  CHECK(nn::PoissonNLLLoss({.full = true})(x, yes).item() == poisson_nll_loss(x, yes, {.full = true}).item());
  CHECK(nn::GaussianNLLLoss({.full = true})(x, other, variance).item() ==
        gaussian_nll_loss(x, other, variance, {.full = true}).item());
  wrong_calls::check({
      {"value", [] { nn::MultiMarginLoss l({.p = 3}); }, {"MultiMarginLoss: p must be 1 or 2, got 3"}},
      {"shape",
       [&] { triplet_margin_with_distance_loss(x, other, third.t()); },
       {"triplet_margin_with_distance_loss", "negative"}},
      {"shape", [&] { nn::HingeEmbeddingLoss()(x, sign); }, {"HingeEmbeddingLoss: hinge_embedding_loss"}},
      {"shape", [&] { nn::MarginRankingLoss()(x, x, sign); }, {"MarginRankingLoss: margin_ranking_loss"}},
  });
}

TEST_CASE("similarities") {
  Tensor x = randn({4, 3}), other = randn({4, 3});
  CHECK(nn::CosineSimilarity({.dim = 0})(x, other).to_vector() == cosine_similarity(x, other, {.dim = 0}).to_vector());
  CHECK(nn::PairwiseDistance({.p = 1, .keepdim = true})(x, other).to_vector() ==
        pairwise_distance(x, other, {.p = 1, .keepdim = true}).to_vector());
  CHECK(to_string(nn::CosineSimilarity()) == "CosineSimilarity()");
  // Below the least length that is divided by, the slope is that of x other / eps^2, as in PyTorch 1.13.
  Tensor small = tensor({0.3, 0}, {f64, true}), unit = tensor({1, 0}, {f64});
  cosine_similarity(small, unit, {.dim = 0, .eps = 0.5}).backward();
  CHECK(small.grad()[0].item() == doctest::Approx(2 - 0.3 * 0.3 / (0.5 * 0.5 * 0.5)));
  // All pairs of rows are the upper half of the table of distances.
  std::vector<double> pairs = pdist(x, {.p = 3}).to_vector(), table = cdist(x, x, {.p = 3}).to_vector();
  REQUIRE(pairs.size() == 6);
  for (int i = 0, k = 0; i < 4; ++i)
    for (int j = i + 1; j < 4; ++j) CHECK(pairs[k++] == table[4 * i + j]);
  CHECK(pdist(zeros({1, 3})).shape() == Shape{0});
  wrong_calls::check({
      {"value", [] { nn::CosineSimilarity s({.eps = -1}); }, {"CosineSimilarity: eps must not be negative, got -1"}},
      {"shape",
       [&] {
         nn::CosineSimilarity()(x, zeros({5, 3}));
       },
       {"CosineSimilarity: cosine_similarity"}},
      {"shape", [] { pdist(zeros({3})); }, {"pdist: expects x [N,D], got [3]"}},
      {"value", [&] { pdist(x, {.p = -1}); }, {"pdist: p expects a number >= 0, got -1"}},
  });
}
