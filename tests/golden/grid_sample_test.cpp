// PyTorch's numbers for reading images at arbitrary places.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/grid_sample.h>

using namespace korrel;
using golden::Case;

namespace {

GridSampleOptions options_of(const Case& c) {
  std::string mode = c.args.text("mode"), padding = c.args.text("padding_mode");
  return {mode == "nearest"   ? SampleMode::nearest
          : mode == "bicubic" ? SampleMode::bicubic
                              : SampleMode::bilinear,
          padding == "border"       ? SamplePadding::border
          : padding == "reflection" ? SamplePadding::reflection
                                    : SamplePadding::zeros,
          c.args.flag("align_corners")};
}

const golden::Ops ops = {
    {"grid_sample", [](const Case& c) { return grid_sample(c["x"], c["grid"], options_of(c)); }},
    {"affine_grid",
     [](const Case& c) { return affine_grid(c["x"], c.args.ints("size"), {c.args.flag("align_corners")}); }},
};

}  // namespace

TEST_CASE("grid_sample") { golden::run("grid_sample"); }
