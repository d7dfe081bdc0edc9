// PyTorch's numbers for convolution, its transpose, and (NumPy's) true convolution.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <korrel/framework/ops/convolution.h>

using namespace korrel;
using golden::Case;

namespace {

PaddingMode padding_mode(const std::string& name) {
  return name == "reflect"     ? PaddingMode::reflect
         : name == "replicate" ? PaddingMode::replicate
         : name == "circular"  ? PaddingMode::circular
                               : PaddingMode::zeros;
}

ConvOptions options_of(const Case& c) {
  Padding padding =
      c.args.is_text("padding") ? Padding(c.args.text("padding").c_str()) : Padding(c.args.ints("padding"));
  return {c.args.ints("stride"), padding, c.args.ints("dilation"), c.args.integer("groups"),
          padding_mode(c.args.text("padding_mode"))};
}

ConvTransposeOptions transpose_options_of(const Case& c) {
  return {c.args.ints("stride"), c.args.ints("padding"), c.args.ints("output_padding"), c.args.integer("groups"),
          c.args.ints("dilation")};
}

Tensor convolved(const Case& c) {
  std::string mode = c.args.text("mode");
  return convolve(c["x"], c["kernel"],
                  mode == "same"    ? ConvolveMode::same
                  : mode == "valid" ? ConvolveMode::valid
                                    : ConvolveMode::full);
}

const golden::Ops ops = {
    {"conv1d", [](const Case& c) { return conv1d(c["x"], c["weight"], c["bias"], options_of(c)); }},
    {"conv2d", [](const Case& c) { return conv2d(c["x"], c["weight"], c["bias"], options_of(c)); }},
    {"conv3d", [](const Case& c) { return conv3d(c["x"], c["weight"], c["bias"], options_of(c)); }},
    {"conv_transpose1d",
     [](const Case& c) { return conv_transpose1d(c["x"], c["weight"], c["bias"], transpose_options_of(c)); }},
    {"conv_transpose2d",
     [](const Case& c) { return conv_transpose2d(c["x"], c["weight"], c["bias"], transpose_options_of(c)); }},
    {"conv_transpose3d",
     [](const Case& c) { return conv_transpose3d(c["x"], c["weight"], c["bias"], transpose_options_of(c)); }},
    {"convolve1d", convolved},
    {"convolve2d", convolved},
};

}  // namespace

TEST_CASE("conv1d") { golden::run("conv1d"); }
TEST_CASE("conv2d") { golden::run("conv2d"); }
TEST_CASE("conv3d") { golden::run("conv3d"); }
TEST_CASE("conv_sweep") { golden::run("conv_sweep"); }
TEST_CASE("conv_transpose1d") { golden::run("conv_transpose1d"); }
TEST_CASE("conv_transpose2d") { golden::run("conv_transpose2d"); }
TEST_CASE("conv_transpose3d") { golden::run("conv_transpose3d"); }
TEST_CASE("convolve") { golden::run("convolve"); }
