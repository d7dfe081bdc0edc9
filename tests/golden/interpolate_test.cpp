// PyTorch's numbers for resizing.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/interpolate.h>

using namespace korrel;
using golden::Case;

namespace {

Interpolation mode_of(const std::string& name) {
  static const std::map<std::string, Interpolation> modes = {
      {"nearest", Interpolation::nearest}, {"nearest-exact", Interpolation::nearest_exact},
      {"linear", Interpolation::linear},   {"bilinear", Interpolation::bilinear},
      {"bicubic", Interpolation::bicubic}, {"trilinear", Interpolation::trilinear},
      {"area", Interpolation::area},
  };
  return modes.at(name);
}

const golden::Ops ops = {
    {"interpolate",
     [](const Case& c) {
       InterpolateOptions options{.mode = mode_of(c.args.text("mode")), .antialias = c.args.flag("antialias")};
       if (c.args.has("size")) options.size = c.args.ints("size");
       if (c.args.has("scale_factor")) options.scale_factor = c.args.numbers("scale_factor");
       if (c.args.has("align_corners")) options.align_corners = c.args.flag("align_corners");
       if (c.args.has("recompute_scale_factor")) options.recompute_scale_factor = c.args.flag("recompute_scale_factor");
       return interpolate(c["x"], options);
     }},
};

}  // namespace

TEST_CASE("interpolate") { golden::run("interpolate"); }
