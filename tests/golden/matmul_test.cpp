// PyTorch's numbers for matrix products and linear maps.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <korrel/framework/ops/matmul.h>

using namespace korrel;
using golden::Case;

namespace {

AddmmOptions options_of(const Case& c) { return {c.args.number("beta"), c.args.number("alpha")}; }

const golden::Ops ops = {
    {"matmul", [](const Case& c) { return matmul(c["x"], c["other"]); }},
    {"mm", [](const Case& c) { return mm(c["x"], c["other"]); }},
    {"bmm", [](const Case& c) { return bmm(c["x"], c["other"]); }},
    {"mv", [](const Case& c) { return mv(c["x"], c["other"]); }},
    {"dot", [](const Case& c) { return dot(c["x"], c["other"]); }},
    {"outer", [](const Case& c) { return outer(c["x"], c["other"]); }},
    {"kron", [](const Case& c) { return kron(c["x"], c["other"]); }},
    {"addmm", [](const Case& c) { return addmm(c["input"], c["x"], c["other"], options_of(c)); }},
    {"baddbmm", [](const Case& c) { return baddbmm(c["input"], c["x"], c["other"], options_of(c)); }},
    {"linear", [](const Case& c) { return linear(c["x"], c["weight"], c["bias"]); }},
    {"bilinear", [](const Case& c) { return bilinear(c["x"], c["x2"], c["weight"], c["bias"]); }},
};

}  // namespace

TEST_CASE("matmul") { golden::run("matmul"); }
TEST_CASE("linear") { golden::run("linear"); }
