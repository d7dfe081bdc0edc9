// PyTorch's numbers for ctc_loss.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/softmax.h>

using namespace korrel;
using golden::Case;

namespace {

const golden::Ops ops = {
    {"ctc_loss",
     [](const Case& c) {
       std::string reduction = c.args.text("reduction");
       return ctc_loss(log_softmax(c["x"], -1), c["targets"], c["input_lengths"], c["target_lengths"],
                       {.blank = c.args.integer("blank"),
                        .reduction = reduction == "mean"  ? Reduction::mean
                                     : reduction == "sum" ? Reduction::sum
                                                          : Reduction::none,
                        .zero_infinity = c.args.flag("zero_infinity")});
     }},
};

}  // namespace

TEST_CASE("ctc_loss") { golden::run("ctc_loss"); }
