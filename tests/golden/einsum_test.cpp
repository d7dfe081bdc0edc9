// PyTorch's numbers for einsum and tensordot.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <korrel/framework/ops/einsum.h>

using namespace korrel;
using golden::Case;

namespace {

Dims numbers(const golden::Args& list) { return list.ints("item"); }

const golden::Ops ops = {
    {"einsum", [](const Case& c) { return einsum(c.args.text("equation"), c.numbered("x")); }},
    {"tensordot",
     [](const Case& c) {
       auto dims = c.args.items("dims");
       return tensordot(c["x"], c["other"], numbers(dims.at(0)), numbers(dims.at(1)));
     }},
};

}  // namespace

TEST_CASE("einsum") { golden::run("einsum"); }
