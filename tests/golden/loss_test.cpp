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
};

}  // namespace

TEST_CASE("cross_entropy") { golden::run("cross_entropy"); }
TEST_CASE("nll_loss") { golden::run("nll_loss"); }
