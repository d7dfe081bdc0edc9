#include <korrel/framework/ops/interpolate.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/axis_matrix.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/pooling.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

using kernels::AxisMatrix;

const char* mode_name(Interpolation mode) {
  constexpr const char* names[] = {"nearest", "nearest_exact", "linear", "bilinear", "bicubic", "trilinear", "area"};
  return names[static_cast<int>(mode)];
}

// What one axis of x becomes: `scale` elements of x lie under one of the result.
struct Axis {
  int64_t in, out;
  double scale;
  bool align_corners;

  double centre(int64_t o) const {
    auto place = static_cast<double>(o);
    return align_corners ? scale * place : scale * (place + 0.5) - 0.5;
  }
};

// In the arithmetic of x's dtype, as PyTorch has it: what lies at an edge falls to the same side.
template <class T>
AxisMatrix nearest(const Axis& axis, bool exact) {
  AxisMatrix result(axis.in);
  auto scale = static_cast<T>(axis.scale);
  for (int64_t o = 0; o < axis.out; ++o) {
    T place = exact ? (static_cast<T>(o) + T(0.5)) * scale : static_cast<T>(o) * scale;
    result.add(std::min(static_cast<int64_t>(std::floor(static_cast<float>(place))), axis.in - 1), 1);
    result.end_row();
  }
  return result;
}

AxisMatrix linear_weights(const Axis& axis) {
  AxisMatrix result(axis.in);
  for (int64_t o = 0; o < axis.out; ++o) {
    double place = axis.in == axis.out ? static_cast<double>(o) : std::max(axis.centre(o), 0.0);
    int64_t below = std::min(static_cast<int64_t>(place), axis.in - 1), above = std::min(below + 1, axis.in - 1);
    double share = std::clamp(place - static_cast<double>(below), 0.0, 1.0);
    result.add(below, above == below ? 1 : 1 - share);
    if (above != below) result.add(above, share);
    result.end_row();
  }
  return result;
}

// Keys' cubic kernel (1981): 1 at 0, 0 at all other whole numbers.
double keys(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

AxisMatrix cubic_weights(const Axis& axis) {
  AxisMatrix result(axis.in);
  for (int64_t o = 0; o < axis.out; ++o) {
    double place = axis.centre(o);
    auto below = static_cast<int64_t>(std::floor(place));
    for (int64_t tap = below - 1; tap <= below + 2; ++tap)  // beyond the edge stands the edge
      result.add(std::clamp<int64_t>(tap, 0, axis.in - 1), keys(place - static_cast<double>(tap), -0.75));
    result.end_row();
  }
  return result;
}

// The kernel stretched over all of x that falls on one element of the result, and normalised (as Pillow does it).
AxisMatrix antialiased(const Axis& axis, bool cubic) {
  AxisMatrix result(axis.in);
  double stretch = std::max(axis.scale, 1.0), support = (cubic ? 2 : 1) * stretch;
  std::vector<double> weights;
  for (int64_t o = 0; o < axis.out; ++o) {
    double centre = axis.scale * (static_cast<double>(o) + 0.5), total = 0;
    int64_t first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0),
            last = std::min(static_cast<int64_t>(centre + support + 0.5), axis.in);
    weights.clear();
    for (int64_t i = first; i < last; ++i) {
      double distance = (static_cast<double>(i) - centre + 0.5) / stretch;
      weights.push_back(cubic ? keys(distance, -0.5) : std::max(0.0, 1 - std::abs(distance)));
      total += weights.back();
    }
    for (int64_t i = first; i < last; ++i) {
      double weight = weights[static_cast<std::size_t>(i - first)];
      result.add(i, total != 0 ? weight / total : weight);
    }
    result.end_row();
  }
  return result;
}

AxisMatrix matrix_of(const Axis& axis, const InterpolateOptions& options, DType dtype) {
  Interpolation mode = options.mode;
  if (mode == Interpolation::nearest || mode == Interpolation::nearest_exact) {
    bool exact = mode == Interpolation::nearest_exact;
    return dtype == f32 ? nearest<float>(axis, exact) : nearest<double>(axis, exact);
  }
  bool cubic = mode == Interpolation::bicubic;
  if (options.antialias) return antialiased(axis, cubic);
  return cubic ? cubic_weights(axis) : linear_weights(axis);
}

// The matrix applied along `dim`. Its gradient is the transposed matrix applied, whose gradient is this again.
Tensor resample(const Tensor& x, int dim, const std::shared_ptr<const AxisMatrix>& matrix) {
  Tensor from = x.detach().contiguous();
  Shape shape = x.shape();
  shape[dim] = matrix->rows();
  Tensor y = make_tensor(shape, x.dtype());
  int64_t outer = shape.slice(0, dim).numel(), inner = shape.slice(dim + 1, shape.rank()).numel();
  visit_floating(x.dtype(), [&]<class T>() { matrix->multiply(outer, inner, from.data<T>(), y.data<T>()); });
  return record("interpolate", y, {x}, [dim, matrix](const Backward& b) -> Gradients {
    return {resample(b.grad, dim, std::make_shared<const AxisMatrix>(matrix->transposed()))};
  });
}

int axes_of(Interpolation mode) {  // 0: any
  switch (mode) {
    case Interpolation::linear:
      return 1;
    case Interpolation::bilinear:
    case Interpolation::bicubic:
      return 2;
    case Interpolation::trilinear:
      return 3;
    default:
      return 0;
  }
}

void check_call(const Tensor& x, const InterpolateOptions& options) {
  check_defined("interpolate", x);
  check<DtypeError>(is_floating(x.dtype()), "interpolate: x must be f32 or f64, is {}", x.dtype());
  check<ShapeError>(x.dim() >= 3 && x.dim() <= 5, "interpolate: x needs 3 to 5 dimensions [N,C,...], is {}", x.shape());
  const char* mode = mode_name(options.mode);
  int axes = axes_of(options.mode);
  check<ShapeError>(axes == 0 || x.dim() == axes + 2, "interpolate: mode {} needs an x of {} dimensions, is {}", mode,
                    axes + 2, x.shape());
  for (int dim = 2; dim < x.dim(); ++dim)
    check<ShapeError>(x.shape()[dim] > 0, "interpolate: x {} is empty along dimension {}", x.shape(), dim);
  check<ValueError>(!options.align_corners || axes > 0, "interpolate: mode {} knows no align_corners", mode);
  check<ValueError>(
      !options.antialias || options.mode == Interpolation::bilinear || options.mode == Interpolation::bicubic,
      "interpolate: antialias is for bilinear and bicubic, mode is {}", mode);
  check<ValueError>(options.size.given() != options.scale_factor.given(),
                    "interpolate: needs either size or scale_factor, {}",
                    options.size.given() ? "got both" : "got neither");
  check<ValueError>(!options.recompute_scale_factor || options.scale_factor.given(),
                    "interpolate: recompute_scale_factor needs a scale_factor");
}

// Sizes and scales of the spatial axes.
std::vector<Axis> axes_of(const Tensor& x, const InterpolateOptions& options) {
  int count = x.dim() - 2;
  std::vector<double> factors = options.scale_factor.values();
  if (factors.size() == 1) factors.assign(static_cast<std::size_t>(count), factors[0]);
  check<ShapeError>(options.size.given() || static_cast<int>(factors.size()) == count,
                    "interpolate: scale_factor needs one number or {}, got {} (x {})", count, factors.size(),
                    x.shape());
  Dims sizes = options.size.given() ? options.size.over(count, "interpolate", "size") : Dims::filled(count, 0);
  std::vector<Axis> axes;
  for (int i = 0; i < count; ++i) {
    Axis axis{x.shape()[i + 2], sizes[i], 0, options.align_corners.value_or(false)};
    double factor = factors.empty() ? 0 : factors[static_cast<std::size_t>(i)];
    if (!options.size.given()) {
      double size = static_cast<double>(axis.in) * factor;
      check<ValueError>(factor > 0 && size <= INT32_MAX, "interpolate: scale_factor must be positive and finite, is {}",
                        factor);
      axis.out = static_cast<int64_t>(size);
    }
    check<ValueError>(axis.out > 0 && axis.out <= INT32_MAX,
                      "interpolate: the result would have size {} along axis {} (x {})", axis.out, i, x.shape());
    if (axis.align_corners)
      axis.scale = axis.out > 1 ? static_cast<double>(axis.in - 1) / static_cast<double>(axis.out - 1) : 0;
    else if (factor > 0 && !options.recompute_scale_factor)
      axis.scale = 1 / factor;
    else
      axis.scale = static_cast<double>(axis.in) / static_cast<double>(axis.out);
    axes.push_back(axis);
  }
  return axes;
}

Tensor area_means(const Tensor& x, const std::vector<Axis>& axes) {
  Dims sizes;
  for (const Axis& axis : axes) sizes.push_back(axis.out);
  switch (sizes.rank()) {
    case 1:
      return adaptive_avg_pool1d(x, sizes);
    case 2:
      return adaptive_avg_pool2d(x, sizes);
    default:
      return adaptive_avg_pool3d(x, sizes);
  }
}

}  // namespace

Tensor interpolate(const Tensor& x, const InterpolateOptions& options) {
  check_call(x, options);
  std::vector<Axis> axes = axes_of(x, options);
  if (options.mode == Interpolation::area) return area_means(x, axes);
  // The last axis first: its pass has the shortest runs, and x is still small when it is made larger.
  Tensor y = x;
  for (int i = static_cast<int>(axes.size()) - 1; i >= 0; --i) {
    auto matrix = std::make_shared<const AxisMatrix>(matrix_of(axes[static_cast<std::size_t>(i)], options, x.dtype()));
    if (!matrix->is_identity()) y = resample(y, i + 2, matrix);
  }
  return y.same_as(x) ? x.clone() : y;
}

}  // namespace korrel
