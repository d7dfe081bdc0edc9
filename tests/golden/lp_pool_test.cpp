// PyTorch's numbers for power-average pooling and for max pooling undone.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/lp_pool.h>
#include <korrel/framework/ops/max_unpool.h>

using namespace korrel;
using golden::Case;

namespace {

LpPoolOptions lp_options(const Case& c) { return {c.args.ints("stride"), c.args.flag("ceil_mode")}; }

MaxUnpoolOptions unpool_options(const Case& c) {
  MaxUnpoolOptions options{c.args.ints("stride"), c.args.ints("padding")};
  if (c.args.has("output_size")) options.output_size = c.args.ints("output_size");
  return options;
}

const golden::Ops ops = {
    {"lp_pool1d",
     [](const Case& c) {
       return lp_pool1d(c["x"], c.args.number("norm_type"), c.args.ints("kernel_size"), lp_options(c));
     }},
    {"lp_pool2d",
     [](const Case& c) {
       return lp_pool2d(c["x"], c.args.number("norm_type"), c.args.ints("kernel_size"), lp_options(c));
     }},
    {"max_unpool1d",
     [](const Case& c) { return max_unpool1d(c["x"], c["indices"], c.args.ints("kernel_size"), unpool_options(c)); }},
    {"max_unpool2d",
     [](const Case& c) { return max_unpool2d(c["x"], c["indices"], c.args.ints("kernel_size"), unpool_options(c)); }},
    {"max_unpool3d",
     [](const Case& c) { return max_unpool3d(c["x"], c["indices"], c.args.ints("kernel_size"), unpool_options(c)); }},
};

}  // namespace

TEST_CASE("lp_pool") { golden::run("lp_pool"); }
TEST_CASE("max_unpool") { golden::run("max_unpool"); }
