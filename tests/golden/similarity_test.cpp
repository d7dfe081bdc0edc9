// PyTorch's numbers for distances and similarities.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/similarity.h>

using namespace korrel;
using golden::Case;

namespace {

const golden::Ops ops = {
    {"normalize",
     [](const Case& c) {
       return normalize(c["x"], {c.args.number("p"), c.args.integer("dim"), c.args.number("eps")});
     }},
    {"cosine_similarity",
     [](const Case& c) {
       return cosine_similarity(c["x"], c["other"], {c.args.integer("dim"), c.args.number("eps")});
     }},
    {"pairwise_distance",
     [](const Case& c) {
       return pairwise_distance(c["x"], c["other"], {c.args.number("p"), c.args.number("eps"), c.args.flag("keepdim")});
     }},
    {"cdist", [](const Case& c) { return cdist(c["x"], c["other"], {c.args.number("p")}); }},
};

}  // namespace

TEST_CASE("similarity") { golden::run("similarity"); }
