#include <korrel/layers/upsample.h>

#include <korrel/framework/base/check.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {
namespace {

const char* python_mode(Interpolation mode) {
  constexpr const char* names[] = {"nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"};
  return names[static_cast<int>(mode)];
}

std::string python_factors(const std::vector<double>& factors) {
  std::string text;
  for (double factor : factors) text += (text.empty() ? "" : ", ") + python_number(factor);
  return factors.size() == 1 ? text : "(" + text + ")";
}

}  // namespace

Upsample::Upsample(const InterpolateOptions& how) : options(how) {
  check<ValueError>(how.size.given() != how.scale_factor.given(), "Upsample: needs either size or scale_factor");
  for (int64_t size : how.size.values())
    check<ValueError>(size > 0, "Upsample: size must be positive, got {}", how.size.values());
  for (double factor : how.scale_factor.values())
    check<ValueError>(factor > 0, "Upsample: scale_factor must be positive, got {}", factor);
}
Tensor Upsample::forward(const Tensor& x) { return interpolate(x, options); }
std::string Upsample::extra_repr() const {
  std::string to = options.scale_factor.given() ? "scale_factor=" + python_factors(options.scale_factor.values())
                                                : "size=" + python_sizes(options.size);
  return fmt::format("{}, mode={}", to, python_mode(options.mode));
}

UpsamplingNearest2d::UpsamplingNearest2d(const UpsampleSize& to)
    : Upsample({.size = to.size, .scale_factor = to.scale_factor}) {}
UpsamplingBilinear2d::UpsamplingBilinear2d(const UpsampleSize& to)
    : Upsample(
          {.size = to.size, .scale_factor = to.scale_factor, .mode = Interpolation::bilinear, .align_corners = true}) {}

}  // namespace korrel::nn
