// Losses and similarities.
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/similarity.h>
#include <korrel/framework/tensor/create.h>

#include <tests/framework/ops/samples.h>

using namespace korrel;
using samples::index;
using samples::Inputs;
using samples::mask;
using samples::positive;
using samples::real;

namespace {

// A mask as 0 and 1, or as -1 and 1, in the dtype of x.
Tensor zero_one(const Tensor& m, const Tensor& x) { return m.to(x.dtype()); }
Tensor signs(const Tensor& m, const Tensor& x) { return m.to(x.dtype()) * 2 - 1; }

}  // namespace

static const samples::Rows rows = {
    {"cross_entropy",
     {real({5, 4}).batch(), index({5}, 4).batch()},
     [](Inputs x) { return cross_entropy(x[0], x[1]); }},
    {"cross_entropy",
     {real({5, 20}).batch(), index({5}, 20).batch(), positive({20}).constant()},
     [](Inputs x) {
       return cross_entropy(x[0], x[1],
                            {.reduction = Reduction::sum, .ignore_index = 1, .weight = x[2], .label_smoothing = 0.1});
     }},
    {"cross_entropy",
     {real({2, 3, 2, 2}).batch(), index({2, 2, 2}, 3).batch()},
     [](Inputs x) { return cross_entropy(x[0], x[1], {.reduction = Reduction::none}); }},
    {"cross_entropy", {real({4}), index({}, 4)}, [](Inputs x) { return cross_entropy(x[0], x[1]); }},
    {"cross_entropy",
     {real({3, 4}).batch(), positive({3, 4}).batch(), positive({4}).constant()},
     [](Inputs x) { return cross_entropy(x[0], x[1], {.weight = x[2], .label_smoothing = 0.2}); }},
    {"nll_loss",
     {real({3, 4}).batch(), index({3}, 4).batch(), positive({4}).constant()},
     [](Inputs x) { return nll_loss(x[0], x[1], {.weight = x[2]}); }},
    {"nll_loss",
     {real({2, 3, 2}).batch(), index({2, 2}, 3).batch()},
     [](Inputs x) { return nll_loss(x[0], x[1], {.reduction = Reduction::none, .ignore_index = 2}); }},
    {"mse_loss", {real({2, 3}).batch(), real({2, 3}).batch()}, [](Inputs x) { return mse_loss(x[0], x[1]); }},
    {"l1_loss",
     {real({2, 3}).batch(), real({2, 3}).batch()},
     [](Inputs x) { return l1_loss(x[0], x[1], {.reduction = Reduction::sum}); }},
    {"smooth_l1_loss",
     {real({2, 3}).batch(), real({2, 3}).batch()},
     [](Inputs x) { return smooth_l1_loss(x[0], x[1], {.reduction = Reduction::none, .beta = 0.7}); }},
    {"huber_loss",
     {real({2, 3}).batch(), real({2, 3}).batch()},
     [](Inputs x) { return huber_loss(x[0], x[1], {.reduction = Reduction::sum, .delta = 0.7}); }},
    {"kl_div",
     {real({2, 3}).batch(), positive({2, 3}).batch()},
     [](Inputs x) { return kl_div(x[0], x[1], {.reduction = KlDivReduction::sum}); }},
    {"kl_div",
     {real({2, 3}).batch(), real({2, 3}).batch()},
     [](Inputs x) { return kl_div(x[0], x[1], {.reduction = KlDivReduction::none, .log_target = true}); }},
    {"poisson_nll_loss",
     {real({2, 3}).batch(), real({2, 3}, 0, 3).batch()},
     [](Inputs x) { return poisson_nll_loss(x[0], x[1], {.full = true}); }},
    {"poisson_nll_loss",
     {positive({2, 3}).batch(), positive({2, 3}).batch()},
     [](Inputs x) { return poisson_nll_loss(x[0], x[1], {.log_input = false, .reduction = Reduction::sum}); }},
    {"gaussian_nll_loss",
     {real({2, 3}).batch(), real({2, 3}).batch(), positive({2, 1}).batch()},
     [](Inputs x) { return gaussian_nll_loss(x[0], x[1], x[2], {.full = true}); }},
    {"binary_cross_entropy",
     {real({2, 3}, 0.1, 0.9).batch(), real({2, 3}, 0, 1).batch(), positive({3}).constant()},
     [](Inputs x) { return binary_cross_entropy(x[0], x[1], {.reduction = Reduction::sum, .weight = x[2]}); }},
    {"binary_cross_entropy_with_logits",
     {real({2, 3}).batch(), real({2, 3}, 0, 1).batch(), positive({3}).constant()},
     [](Inputs x) { return binary_cross_entropy_with_logits(x[0], x[1], {.pos_weight = x[2]}); }},
    {"multilabel_soft_margin_loss",
     {real({2, 3}).batch(), mask({2, 3}).batch()},
     [](Inputs x) { return multilabel_soft_margin_loss(x[0], zero_one(x[1], x[0])); }},
    {"soft_margin_loss",
     {real({2, 3}).batch(), mask({2, 3}).batch()},
     [](Inputs x) { return soft_margin_loss(x[0], signs(x[1], x[0])); }},
    {"hinge_embedding_loss",
     {real({2, 3}).batch(), mask({2, 3}).batch()},
     [](Inputs x) { return hinge_embedding_loss(x[0], signs(x[1], x[0])); }},
    {"margin_ranking_loss",
     {real({5}).batch(), real({5}).batch(), mask({5}).batch()},
     [](Inputs x) { return margin_ranking_loss(x[0], x[1], signs(x[2], x[0]), {.margin = 0.5}); }},
    {"cosine_embedding_loss",
     {real({4, 3}).batch(), real({4, 3}).batch(), mask({4}).batch()},
     [](Inputs x) { return cosine_embedding_loss(x[0], x[1], signs(x[2], x[0]), {.margin = -0.5}); }},
    {"triplet_margin_loss",
     {real({3, 4}).batch(), real({3, 4}).batch(), real({3, 4}).batch()},
     [](Inputs x) { return triplet_margin_loss(x[0], x[1], x[2], {.margin = 2, .swap = true}); }},
    {"triplet_margin_with_distance_loss",
     {real({3, 4}).batch(), real({3, 4}).batch(), real({3, 4}).batch()},
     [](Inputs x) { return triplet_margin_with_distance_loss(x[0], x[1], x[2], {.margin = 2, .swap = true}); }},
    {"multi_margin_loss",
     {real({3, 4}).batch(), index({3}, 4).batch(), positive({4}).constant()},
     [](Inputs x) { return multi_margin_loss(x[0], x[1], {.p = 2, .weight = x[2]}); }},
    {"multilabel_margin_loss",
     {real({3, 4}).batch(), index({3, 4}, 4).batch()},
     [](Inputs x) { return multilabel_margin_loss(x[0], x[1] - 1); }},
    {"normalize", {real({3, 4}).batch()}, [](Inputs x) { return normalize(x[0]); }},
    {"cosine_similarity", {real({3, 4}).batch(), real({1, 4})}, [](Inputs x) { return cosine_similarity(x[0], x[1]); }},
    {"pairwise_distance",
     {real({3, 4}).batch(), real({3, 4}).batch()},
     [](Inputs x) { return pairwise_distance(x[0], x[1]); }},
    {"cdist", {real({3, 4}).batch(), real({2, 4})}, [](Inputs x) { return cdist(x[0], x[1], {.p = 3}); }},
    {"pdist", {real({4, 3}).batch()}, [](Inputs x) { return pdist(x[0], {.p = 3}); }},
};
