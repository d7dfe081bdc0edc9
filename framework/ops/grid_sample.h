// Images read at arbitrary places, with gradients to the image and to the places: spatial transformers, warping, flow.
// Resizing on a regular grid is ops/interpolate.h, and faster.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

enum class SampleMode { bilinear, nearest, bicubic };    // bilinear is trilinear for volumes; bicubic: images only
enum class SamplePadding { zeros, border, reflection };  // what lies outside the image

struct GridSampleOptions {
  SampleMode mode = SampleMode::bilinear;
  SamplePadding padding_mode = SamplePadding::zeros;
  bool align_corners = false;  // -1 and 1 are the centres of the corner elements, or else their outer edges
};
// x [N,C,H,W], grid [N,h,w,2] -> [N,C,h,w]; x [N,C,D,H,W], grid [N,d,h,w,3] -> [N,C,d,h,w]. The grid's last dimension
// is (x, y) or (x, y, z), from -1 (left, top, front) to 1 (Jaderberg et al. 2015). f32 or f64, both the same. A NaN in
// the grid reads zero. Gradients of every order; nearest has none to the grid (zeros).
Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options = {});

struct AffineGridOptions {
  bool align_corners = false;
};
// The grid that grid_sample needs to apply an affine map: theta [N,2,3] and size [N,C,H,W] -> [N,H,W,2], theta [N,3,4]
// and size [N,C,D,H,W] -> [N,D,H,W,3].
Tensor affine_grid(const Tensor& theta, const Shape& size, const AffineGridOptions& options = {});

}  // namespace korrel
