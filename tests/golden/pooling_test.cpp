// PyTorch's numbers for max, average and adaptive pooling.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <korrel/framework/ops/pooling.h>

using namespace korrel;
using golden::Case;

namespace {

MaxPoolOptions max_options(const Case& c) {
  return {c.args.ints("stride"), c.args.ints("padding"), c.args.ints("dilation"), c.args.flag("ceil_mode")};
}

AvgPoolOptions avg_options(const Case& c) {
  AvgPoolOptions options{c.args.ints("stride"), c.args.ints("padding"), c.args.flag("ceil_mode"),
                         c.args.flag("count_include_pad")};
  if (c.args.has("divisor_override")) options.divisor_override = c.args.integer("divisor_override");
  return options;
}

Dims output_size(const Case& c) {
  Dims sizes;
  for (const golden::Args& size : c.args.items("output_size"))
    sizes.push_back(size.has("item") ? size.integer("item") : -1);
  return sizes;
}

golden::Outputs both(const WithIndices& result) { return {{"y", result.values}, {"indices", result.indices}}; }

const golden::Ops ops = {
    {"max_pool1d",
     [](const Case& c) { return both(max_pool1d_with_indices(c["x"], c.args.ints("kernel_size"), max_options(c))); }},
    {"max_pool2d",
     [](const Case& c) { return both(max_pool2d_with_indices(c["x"], c.args.ints("kernel_size"), max_options(c))); }},
    {"max_pool3d",
     [](const Case& c) { return both(max_pool3d_with_indices(c["x"], c.args.ints("kernel_size"), max_options(c))); }},
    {"avg_pool1d", [](const Case& c) { return avg_pool1d(c["x"], c.args.ints("kernel_size"), avg_options(c)); }},
    {"avg_pool2d", [](const Case& c) { return avg_pool2d(c["x"], c.args.ints("kernel_size"), avg_options(c)); }},
    {"avg_pool3d", [](const Case& c) { return avg_pool3d(c["x"], c.args.ints("kernel_size"), avg_options(c)); }},
    {"adaptive_max_pool1d",
     [](const Case& c) { return both(adaptive_max_pool1d_with_indices(c["x"], output_size(c))); }},
    {"adaptive_max_pool2d",
     [](const Case& c) { return both(adaptive_max_pool2d_with_indices(c["x"], output_size(c))); }},
    {"adaptive_max_pool3d",
     [](const Case& c) { return both(adaptive_max_pool3d_with_indices(c["x"], output_size(c))); }},
    {"adaptive_avg_pool1d", [](const Case& c) { return adaptive_avg_pool1d(c["x"], output_size(c)); }},
    {"adaptive_avg_pool2d", [](const Case& c) { return adaptive_avg_pool2d(c["x"], output_size(c)); }},
    {"adaptive_avg_pool3d", [](const Case& c) { return adaptive_avg_pool3d(c["x"], output_size(c)); }},
};

}  // namespace

TEST_CASE("max_pool") { golden::run("max_pool"); }
TEST_CASE("avg_pool") { golden::run("avg_pool"); }
TEST_CASE("adaptive_pool") { golden::run("adaptive_pool"); }
TEST_CASE("pool_sweep") { golden::run("pool_sweep"); }
