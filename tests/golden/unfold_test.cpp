// PyTorch's numbers for unfold and fold, and for the shuffles of pixels and channels.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/pixel_shuffle.h>
#include <korrel/framework/ops/unfold.h>

using namespace korrel;
using golden::Case;

namespace {

UnfoldOptions options_of(const Case& c) {
  return {c.args.ints("dilation"), c.args.ints("padding"), c.args.ints("stride")};
}

const golden::Ops ops = {
    {"unfold", [](const Case& c) { return unfold(c["x"], c.args.ints("kernel_size"), options_of(c)); }},
    {"fold",
     [](const Case& c) { return fold(c["x"], c.args.ints("output_size"), c.args.ints("kernel_size"), options_of(c)); }},
    {"pixel_shuffle", [](const Case& c) { return pixel_shuffle(c["x"], c.args.integer("upscale_factor")); }},
    {"pixel_unshuffle", [](const Case& c) { return pixel_unshuffle(c["x"], c.args.integer("downscale_factor")); }},
    {"channel_shuffle", [](const Case& c) { return channel_shuffle(c["x"], c.args.integer("groups")); }},
};

}  // namespace

TEST_CASE("fold_unfold") { golden::run("fold_unfold"); }
