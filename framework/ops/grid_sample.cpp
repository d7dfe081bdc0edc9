#include <korrel/framework/ops/grid_sample.h>

#include <algorithm>
#include <cmath>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/point_sampling.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

// Three steps. The grid becomes coordinates in elements of x: straight lines with kinks, one slope each. Coordinates
// become weights of a few neighbours: ops on [N,P] numbers, P points. Weights and x are multiplied: a form that is
// linear in x, in the weights and in the gradient of y, whose partial derivatives are each other's gradients, as in
// convolution.
namespace korrel {
namespace {

constexpr const char* op = "grid_sample";

// ---- Weights times neighbours.

struct Points {
  int64_t taps, count;
  Tensor index;  // i64 [N, taps, count], negative outside
  Shape x, y;

  kernels::SamplePoints kernel() const {
    return {x[0], x[1], x.slice(2, x.rank()).numel(), taps, count, index.data<int64_t>()};
  }
};

Tensor image_gradient(const Points& points, const Tensor& gy, const Tensor& w);
Tensor weight_gradient(const Points& points, const Tensor& gy, const Tensor& x);

Tensor sampled(const Points& points, const Tensor& x, const Tensor& w) {
  Tensor image = x.detach().contiguous(), weights = w.detach().contiguous(), y = make_tensor(points.y, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    kernels::sample_points(points.kernel(), image.data<T>(), weights.data<T>(), y.data<T>());
  });
  return record(op, y, {x, w}, [points, x, w](const Backward& b) -> Gradients {
    return {b.needs(0) ? image_gradient(points, b.grad, w) : Tensor(),
            b.needs(1) ? weight_gradient(points, b.grad, x) : Tensor()};
  });
}

Tensor image_gradient(const Points& points, const Tensor& gy, const Tensor& w) {
  Tensor slope = gy.detach().contiguous(), weights = w.detach().contiguous(), gx = make_tensor(points.x, gy.dtype());
  visit_floating(gy.dtype(), [&]<class T>() {
    kernels::sample_points_input_gradient(points.kernel(), slope.data<T>(), weights.data<T>(), gx.data<T>());
  });
  return record(op, gx, {gy, w}, [points, gy, w](const Backward& b) -> Gradients {
    return {b.needs(0) ? sampled(points, b.grad, w) : Tensor(),
            b.needs(1) ? weight_gradient(points, gy, b.grad) : Tensor()};
  });
}

Tensor weight_gradient(const Points& points, const Tensor& gy, const Tensor& x) {
  Tensor slope = gy.detach().contiguous(), image = x.detach().contiguous(),
         gw = make_tensor(points.index.shape(), gy.dtype());
  visit_floating(gy.dtype(), [&]<class T>() {
    kernels::sample_points_weight_gradient(points.kernel(), slope.data<T>(), image.data<T>(), gw.data<T>());
  });
  return record(op, gw, {gy, x}, [points, gy, x](const Backward& b) -> Gradients {
    return {b.needs(0) ? sampled(points, x, b.grad) : Tensor(),
            b.needs(1) ? image_gradient(points, gy, b.grad) : Tensor()};
  });
}

// ---- Coordinates.

template <class T>
struct Line {  // a coordinate, and how fast it follows the grid
  T value, slope;
};

template <class T>
Line<T> clipped(Line<T> at, int64_t size) {
  auto last = static_cast<T>(size - 1);
  if (at.value <= 0) return {0, 0};
  return at.value >= last ? Line<T>{last, 0} : at;
}

// Back and forth between low and high.
template <class T>
Line<T> reflected(Line<T> at, T low, T high) {
  T span = high - low;
  if (span <= 0) return {0, 0};
  T distance = at.value - low;
  if (distance < 0) {
    distance = -distance;
    at.slope = -at.slope;
  }
  T beyond = std::fmod(distance, span);
  bool forth = std::fmod(std::floor(distance / span), T(2)) == 0;
  return forth ? Line<T>{beyond + low, at.slope} : Line<T>{span - beyond + low, -at.slope};
}

template <class T>
Line<T> padded(Line<T> at, int64_t size, const GridSampleOptions& options) {
  if (options.padding_mode == SamplePadding::zeros) return at;
  if (options.padding_mode == SamplePadding::reflection) {
    auto n = static_cast<T>(size);
    at = options.align_corners ? reflected<T>(at, 0, n - 1) : reflected<T>(at, T(-0.5), n - T(0.5));
  }
  return clipped(at, size);
}

// The element at a whole-numbered place, or -1 outside. NaN and infinities lie outside.
template <class T>
int64_t element(T place, int64_t size) {
  return place >= 0 && place < static_cast<T>(size) ? static_cast<int64_t>(place) : -1;
}

struct Coordinates {
  Tensor places;     // [axes, N, P], in the order of x's axes, which is that of the grid reversed
  Tensor first;      // the element of the first tap, a whole number, same shape, no gradient
  Dims sizes, grid;  // of x's axes; the grid's shape
};

// Bicubic needs the coordinates as they are: there each tap is padded for itself.
Coordinates coordinates_of(const Tensor& grid, const Dims& sizes, const GridSampleOptions& options) {
  int axes = sizes.rank();
  int64_t batch = grid.size(0), count = grid.shape().slice(1, grid.dim() - 1).numel(), all = batch * count;
  Tensor dense = grid.detach().contiguous(), places = make_tensor({axes, batch, count}, grid.dtype()),
         first = make_tensor(places.shape(), grid.dtype()), slopes = make_tensor(places.shape(), grid.dtype());
  visit_floating(grid.dtype(), [&]<class T>() {
    const T* in = dense.data<T>();
    for (int axis = 0; axis < axes; ++axis) {
      int64_t size = sizes[axis];
      auto n = static_cast<T>(size);
      T *value = places.data<T>() + axis * all, *slope = slopes.data<T>() + axis * all,
        *tap = first.data<T>() + axis * all;
      for (int64_t i = 0; i < all; ++i) {
        T place = in[i * axes + axes - 1 - axis] + 1;  // in PyTorch's order of rounding: nearest must fall alike
        Line<T> at =
            options.align_corners ? Line<T>{place / 2 * (n - 1), (n - 1) / 2} : Line<T>{(place * n - 1) / 2, n / 2};
        if (options.mode != SampleMode::bicubic) at = padded(at, size, options);
        value[i] = at.value;
        slope[i] = options.mode == SampleMode::nearest ? T(0) : at.slope;
        tap[i] = options.mode == SampleMode::nearest ? std::nearbyint(at.value) : std::floor(at.value);
      }
    }
  });
  places = record(op, places, {grid}, [slopes, shape = grid.shape()](const Backward& b) -> Gradients {
    return {permute(flip(b.grad * slopes, {0}), {1, 2, 0}).reshape(shape)};
  });
  return {places, first, sizes, grid.shape()};
}

// ---- Neighbours.

int taps_of(SampleMode mode) { return mode == SampleMode::nearest ? 1 : mode == SampleMode::bilinear ? 2 : 4; }

// Flat indices of all taps^axes neighbours of each point: i64 [N, taps^axes, P].
Tensor indices_of(const Coordinates& at, const GridSampleOptions& options) {
  int axes = at.sizes.rank(), taps = taps_of(options.mode), neighbours = 1;
  for (int axis = 0; axis < axes; ++axis) neighbours *= taps;
  int64_t batch = at.first.size(1), count = at.first.size(2), all = batch * count;
  Tensor index = make_tensor({batch, neighbours, count}, i64);
  visit_floating(at.first.dtype(), [&]<class T>() {
    const T* first = at.first.data<T>();
    for (int64_t n = 0; n < batch; ++n)
      for (int k = 0; k < neighbours; ++k) {
        int64_t* to = index.data<int64_t>() + (n * neighbours + k) * count;
        std::fill(to, to + count, 0);
        int64_t stride = 1;
        for (int axis = axes - 1, rest = k; axis >= 0; --axis, rest /= taps) {
          int64_t size = at.sizes[axis];
          auto offset = static_cast<T>(rest % taps - (taps == 4 ? 1 : 0));
          for (int64_t p = 0; p < count; ++p) {
            T place = first[axis * all + n * count + p] + offset;
            if (options.mode == SampleMode::bicubic) place = padded<T>({place, 0}, size, options).value;
            int64_t i = element(place, size);
            to[p] = i < 0 || to[p] < 0 ? -1 : to[p] + i * stride;
          }
          stride *= size;
        }
      }
  });
  return index;
}

// Keys' cubic kernel with a = -0.75, at a distance below 1 and between 1 and 2.
Tensor keys_near(const Tensor& x) { return (x * 1.25 - 2.25) * x * x + 1; }
Tensor keys_far(const Tensor& x) { return ((x * -0.75 + 3.75) * x - 6) * x + 3; }

// Of the taps along one axis: [N, taps, P]; t [N,P] is how far the point lies beyond the first tap (bilinear) or the
// second (bicubic).
Tensor axis_weights(const Tensor& t, SampleMode mode) {
  if (mode == SampleMode::bilinear) return stack({1 - t, t}, 1);
  return stack({keys_far(t + 1), keys_near(t), keys_near(1 - t), keys_far(2 - t)}, 1);
}

Tensor weights_of(const Coordinates& at, SampleMode mode) {
  int64_t batch = at.first.size(1), count = at.first.size(2);
  if (mode == SampleMode::nearest) {
    Tensor one = ones({batch, 1, count}, {at.first.dtype()});
    return record(op, one, {at.places}, [shape = at.first.shape()](const Backward& b) -> Gradients {
      return {zeros(shape, {b.grad.dtype()})};
    });
  }
  Tensor fractions = at.places - at.first, weights;
  for (int axis = 0; axis < at.sizes.rank(); ++axis) {
    Tensor own = axis_weights(select(fractions, 0, axis), mode);
    weights = axis == 0
                  ? own
                  : (weights.unsqueeze(2) * own.unsqueeze(1)).reshape({batch, weights.size(1) * own.size(1), count});
  }
  return weights;
}

void check_call(const Tensor& x, const Tensor& grid, const GridSampleOptions& options) {
  check_defined("grid_sample", {{x, "x"}, {grid, "grid"}});
  check<DtypeError>(is_floating(x.dtype()), "grid_sample: x must be f32 or f64, is {}", x.dtype());
  check<DtypeError>(grid.dtype() == x.dtype(), "grid_sample: grid must have the dtype of x {}, is {}", x.dtype(),
                    grid.dtype());
  check<ShapeError>(x.dim() == 4 || x.dim() == 5, "grid_sample: x needs 4 or 5 dimensions [N,C,...], is {}", x.shape());
  int axes = x.dim() - 2;
  check<ShapeError>(grid.dim() == x.dim() && grid.size(0) == x.size(0) && grid.size(-1) == axes,
                    "grid_sample: grid must be [{},...,{}] with {} dimensions, is {} (x {})", x.size(0), axes, x.dim(),
                    grid.shape(), x.shape());
  check<ShapeError>(options.mode != SampleMode::bicubic || axes == 2, "grid_sample: bicubic is for images, x is {}",
                    x.shape());
  check<ShapeError>(x.shape().slice(2, x.dim()).numel() > 0, "grid_sample: nothing to read in x {}", x.shape());
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options) {
  check_call(x, grid, options);
  Coordinates at = coordinates_of(grid, x.shape().slice(2, x.dim()), options);
  Tensor index = indices_of(at, options);
  Points points{index.size(1), index.size(2), index, x.shape(), x.shape()};
  for (int axis = 1; axis < grid.dim() - 1; ++axis) points.y[axis + 1] = grid.shape()[axis];
  return sampled(points, x, weights_of(at, options.mode));
}

Tensor affine_grid(const Tensor& theta, const Shape& size, const AffineGridOptions& options) {
  check_defined("affine_grid", theta, "theta");
  check<DtypeError>(is_floating(theta.dtype()), "affine_grid: theta must be f32 or f64, is {}", theta.dtype());
  check<ShapeError>(size.rank() == 4 || size.rank() == 5, "affine_grid: size must be [N,C,H,W] or [N,C,D,H,W], is {}",
                    size);
  int axes = size.rank() - 2;
  for (int64_t n : size) check<ValueError>(n > 0, "affine_grid: sizes must be positive, are {}", size);
  check<ShapeError>(theta.shape() == Shape({size[0], axes, axes + 1}),
                    "affine_grid: theta must be {} for size {}, is {}", Shape({size[0], axes, axes + 1}), size,
                    theta.shape());
  // The untransformed places, x first, and a column of ones.
  Shape spatial = size.slice(2, size.rank());
  std::vector<Tensor> columns;
  for (int axis = axes - 1; axis >= 0; --axis) {
    int64_t n = spatial[axis];
    double edge = n == 1 ? 0 : options.align_corners ? 1 : static_cast<double>(n - 1) / static_cast<double>(n);
    Shape along = Shape::filled(axes, 1);
    along[axis] = n;
    columns.push_back(
        expand(reshape(linspace(-edge, edge, n, {theta.dtype()}), along), spatial).reshape({spatial.numel()}));
  }
  columns.push_back(ones({spatial.numel()}, {theta.dtype()}));
  Shape shape = spatial;
  shape.insert(0, size[0]);
  shape.push_back(axes);
  return matmul(stack(columns, 1), transpose(theta, 1, 2)).reshape(shape);
}

}  // namespace korrel
