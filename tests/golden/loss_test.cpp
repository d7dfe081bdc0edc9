// PyTorch's numbers for the losses.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/loss.h>

using namespace korrel;
using golden::Case;

namespace {

Reduction reduction(const Case& c) {
  std::string name = c.args.text("reduction");
  return name == "mean" ? Reduction::mean : name == "sum" ? Reduction::sum : Reduction::none;
}

ClassLossOptions classes(const Case& c) {
  return {.reduction = reduction(c),
          .ignore_index = c.args.integer("ignore_index"),
          .weight = c["weight"],
          .label_smoothing = c.op == "cross_entropy" ? c.args.number("label_smoothing") : 0};
}

const golden::Ops ops = {
    {"cross_entropy", [](const Case& c) { return cross_entropy(c["x"], c["target"], classes(c)); }},
    {"nll_loss", [](const Case& c) { return nll_loss(c["x"], c["target"], classes(c)); }},

    {"mse_loss", [](const Case& c) { return mse_loss(c["x"], c["target"], {reduction(c)}); }},
    {"l1_loss", [](const Case& c) { return l1_loss(c["x"], c["target"], {reduction(c)}); }},
    {"smooth_l1_loss",
     [](const Case& c) {
       return smooth_l1_loss(c["x"], c["target"], {reduction(c), c.args.number("beta")});
     }},
    {"huber_loss",
     [](const Case& c) {
       return huber_loss(c["x"], c["target"], {reduction(c), c.args.number("delta")});
     }},
    {"kl_div",
     [](const Case& c) {
       std::string name = c.args.text("reduction");
       KlDivReduction how = name == "mean"        ? KlDivReduction::mean
                            : name == "sum"       ? KlDivReduction::sum
                            : name == "batchmean" ? KlDivReduction::batchmean
                                                  : KlDivReduction::none;
       return kl_div(c["x"], c["target"], {how, c.args.flag("log_target")});
     }},
    {"poisson_nll_loss",
     [](const Case& c) {
       return poisson_nll_loss(c["x"], c["target"],
                               {c.args.flag("log_input"), c.args.flag("full"), c.args.number("eps"), reduction(c)});
     }},
    {"gaussian_nll_loss",
     [](const Case& c) {
       return gaussian_nll_loss(c["x"], c["target"], c["var"],
                                {c.args.flag("full"), c.args.number("eps"), reduction(c)});
     }},

    {"binary_cross_entropy",
     [](const Case& c) {
       return binary_cross_entropy(c["x"], c["target"], {.reduction = reduction(c), .weight = c["weight"]});
     }},
    {"binary_cross_entropy_with_logits",
     [](const Case& c) {
       return binary_cross_entropy_with_logits(c["x"], c["target"], {reduction(c), c["weight"], c["pos_weight"]});
     }},
    {"multilabel_soft_margin_loss",
     [](const Case& c) {
       return multilabel_soft_margin_loss(c["x"], c["target"], {reduction(c), c["weight"]});
     }},
    {"soft_margin_loss", [](const Case& c) { return soft_margin_loss(c["x"], c["target"], {reduction(c)}); }},

    {"hinge_embedding_loss",
     [](const Case& c) {
       return hinge_embedding_loss(c["x"], c["target"], {reduction(c), c.args.number("margin")});
     }},
    {"margin_ranking_loss",
     [](const Case& c) {
       return margin_ranking_loss(c["x1"], c["x2"], c["target"], {reduction(c), c.args.number("margin")});
     }},
    {"cosine_embedding_loss",
     [](const Case& c) {
       return cosine_embedding_loss(c["x1"], c["x2"], c["target"], {reduction(c), c.args.number("margin")});
     }},
    {"triplet_margin_loss",
     [](const Case& c) {
       return triplet_margin_loss(
           c["anchor"], c["positive"], c["negative"],
           {reduction(c), c.args.number("margin"), c.args.number("p"), c.args.number("eps"), c.args.flag("swap")});
     }},
    {"multi_margin_loss",
     [](const Case& c) {
       return multi_margin_loss(c["x"], c["target"],
                                {c.args.integer("p"), c.args.number("margin"), c["weight"], reduction(c)});
     }},
    {"multilabel_margin_loss",
     [](const Case& c) { return multilabel_margin_loss(c["x"], c["target"], {reduction(c)}); }},
};

}  // namespace

TEST_CASE("cross_entropy") { golden::run("cross_entropy"); }
TEST_CASE("nll_loss") { golden::run("nll_loss"); }
TEST_CASE("regression_losses") { golden::run("regression_losses"); }
TEST_CASE("binary_losses") { golden::run("binary_losses"); }
TEST_CASE("margin_losses") { golden::run("margin_losses"); }
