// Images, sequences and volumes of another size, as torch.nn.functional.interpolate: every mode is a weighted sum of
// neighbours along one axis after the other. Sampling at arbitrary places is ops/grid_sample.h.
#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// linear takes [N,C,L], bilinear and bicubic [N,C,H,W], trilinear [N,C,D,H,W], the others any of these.
// nearest: the element below the place (as OpenCV); nearest_exact: the nearest one (as Pillow); bicubic: Keys' kernel
// with a = -0.75; area: the mean over a window, as adaptive_avg_pool.
enum class Interpolation { nearest, nearest_exact, linear, bilinear, bicubic, trilinear, area };

// One factor for all axes, or one for each.
class ScaleFactor {
 public:
  ScaleFactor() = default;  // not given
  ScaleFactor(double all) : values_{all} {}
  ScaleFactor(int all) : values_{static_cast<double>(all)} {}
  ScaleFactor(std::initializer_list<double> each) : values_(each) {}
  ScaleFactor(const std::vector<double>& each) : values_(each) {}

  bool given() const { return !values_.empty(); }
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

// Either size or scale_factor.
struct InterpolateOptions {
  PerAxis size = {};              // of the result's spatial axes
  ScaleFactor scale_factor = {};  // size in * factor, rounded down
  Interpolation mode = Interpolation::nearest;
  // linear, bilinear, bicubic, trilinear only: true keeps the centres of the corner elements in place, false (the
  // default) the outer edges.
  std::optional<bool> align_corners = {};
  bool recompute_scale_factor = false;  // place by the ratio of the sizes, not by the factor that was given
  bool antialias = false;               // bilinear, bicubic: making smaller averages over all that falls together
};
// x [N,C,...] -> [N,C,size...], f32 or f64. ShapeError for a mode that does not fit the number of axes, ValueError for
// options that contradict each other.
Tensor interpolate(const Tensor& x, const InterpolateOptions& options);

}  // namespace korrel
