#include <korrel/framework/ops/pooling.h>

#include <algorithm>
#include <limits>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/cached_vector.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/pooling_form.h>
#include <korrel/framework/ops/slope.h>

namespace korrel {
namespace {

using kernels::PoolGeometry;
using kernels::Window;
using pooling::Form;
using pooling::Names;

// Where the maxima were: a tap (u8) for windows on a grid, else a flat index within the plane (i64).
struct Maxima {
  Form form;
  Tensor places;
};

Tensor maxima_gradient(const Maxima& maxima, const Tensor& gy);

// x at the places of the maxima.
Tensor pick(const Maxima& maxima, const Tensor& any_x) {
  const Form& form = maxima.form;
  const Tensor x = any_x.contiguous(), places = maxima.places;
  Tensor y = make_tensor(form.y, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    if (places.dtype() == u8)
      kernels::pick_taps(form.geometry, x.data<T>(), places.data<uint8_t>(), y.data<T>());
    else
      kernels::gather_planes(form.geometry.planes, form.plane_size(), form.window_count(), x.data<T>(),
                             places.data<int64_t>(), y.data<T>());
  });
  return record(form.names.op, y, {x},
                [maxima](const Backward& b) -> Gradients { return {maxima_gradient(maxima, b.grad)}; });
}

// gy to the places of the maxima, zero elsewhere: linear in gy, so that its own gradient is pick.
Tensor maxima_gradient(const Maxima& maxima, const Tensor& any_gy) {
  const Form& form = maxima.form;
  const Tensor gy = any_gy.contiguous(), places = maxima.places;
  Tensor gx = make_tensor(form.x, gy.dtype());
  visit_floating(gy.dtype(), [&]<class T>() {
    if (places.dtype() == u8)
      kernels::max_pool_gradient(form.geometry, gy.data<T>(), places.data<uint8_t>(), gx.data<T>());
    else
      kernels::scatter_planes(form.geometry.planes, form.plane_size(), form.window_count(), gy.data<T>(),
                              places.data<int64_t>(), gx.data<T>());
  });
  return record(form.names.gradient, gx, {gy},
                [maxima](const Backward& b) -> Gradients { return {pick(maxima, b.grad)}; });
}

// Flat indices within the plane from taps.
Tensor indices_of(const Form& form, const Tensor& taps) {
  const PoolGeometry& g = form.geometry;
  Tensor indices = make_tensor(form.y, i64);
  const uint8_t* tap = taps.data<uint8_t>();
  int64_t* index = indices.data<int64_t>();
  for (int64_t plane = 0; plane < g.planes; ++plane)
    for (int64_t d = 0; d < g.out[0]; ++d)
      for (int64_t h = 0; h < g.out[1]; ++h)
        for (int64_t w = 0; w < g.out[2]; ++w, ++tap, ++index) {
          int64_t r[3] = {*tap / (g.kernel[1] * g.kernel[2]), *tap / g.kernel[2] % g.kernel[1], *tap % g.kernel[2]};
          int64_t o[3] = {d, h, w};
          *index = 0;
          for (int axis = 0; axis < 3; ++axis)
            *index = *index * g.in[axis] + o[axis] * g.stride[axis] + r[axis] * g.dilation[axis] - g.padding[axis];
        }
  return indices;
}

// relu's node, if x is its result and nobody but the caller holds it: then nobody can ask for x's gradient either.
const Node* temporary_relu(const Tensor& x) {
  if (!x.defined() || !x.body().unique()) return nullptr;
  const Node* node = x.body().node;
  return node != nullptr && node->op == relu_name && node->hooks.empty() ? node : nullptr;
}

// Behind a temporary `relu` the gradient goes around it: relu lets nothing through where the maximum is not positive,
// and all where it is. That spares two passes over x and the memory of relu's result (LeNet-5 at 256: 10 % of a step).
WithIndices max_of(const Form& form, const Tensor& any_x, bool want_indices, const Node* relu = nullptr) {
  const Tensor x = any_x.contiguous();
  Tensor y = make_tensor(form.y, x.dtype());
  bool grid = form.on_grid(), recorded = x.requires_grad() && grad_enabled();
  Tensor places;
  if (!grid || recorded || want_indices) places = make_tensor(form.y, grid ? u8 : i64);
  visit_floating(x.dtype(), [&]<class T>() {
    using Limits = std::numeric_limits<T>;
    if (grid)
      kernels::max_pool(form.geometry, x.data<T>(), y.data<T>(), places.defined() ? places.data<uint8_t>() : nullptr,
                        relu != nullptr ? T(0) : Limits::quiet_NaN());
    else
      kernels::max_windows(form.windows(), x.data<T>(), y.data<T>(), places.data<int64_t>());
  });
  Tensor indices;
  if (want_indices) indices = grid ? indices_of(form, places) : places;
  y = record(form.names.op, y, {x}, [maxima = Maxima{form, places}](const Backward& b) -> Gradients {
    return {maxima_gradient(maxima, b.grad)};
  });
  if (relu != nullptr && grid && y.requires_grad()) y.body().node->inputs[0] = relu->inputs[0];
  return {y, indices};
}

// What the windows are divided by: `each` [out...] unless it is undefined, and `all` serves.
struct Average {
  Form form;
  double all = 1;
  Tensor each;
};

Tensor average_gradient(const Average& average, const Tensor& gy);

Tensor average_of(const Average& average, const Tensor& any_x) {
  const Form& form = average.form;
  const Tensor x = any_x.contiguous(), each = average.each;
  Tensor y = make_tensor(form.y, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    const T* divisors = each.defined() ? each.data<T>() : nullptr;
    if (form.on_grid())
      kernels::avg_pool(form.geometry, x.data<T>(), divisors, static_cast<T>(average.all), y.data<T>());
    else
      kernels::average_windows(form.windows(), x.data<T>(), divisors, static_cast<T>(average.all), y.data<T>());
  });
  return record(form.names.op, y, {x},
                [average](const Backward& b) -> Gradients { return {average_gradient(average, b.grad)}; });
}

Tensor average_gradient(const Average& average, const Tensor& any_gy) {
  const Form& form = average.form;
  const Tensor gy = any_gy.contiguous(), each = average.each;
  Tensor gx = make_tensor(form.x, gy.dtype());
  visit_floating(gy.dtype(), [&]<class T>() {
    const T* divisors = each.defined() ? each.data<T>() : nullptr;
    T all = static_cast<T>(average.all);
    if (form.on_grid())
      kernels::avg_pool_gradient(form.geometry, gy.data<T>(), divisors, all, gx.data<T>());
    else
      kernels::average_windows_gradient(form.windows(), gy.data<T>(), divisors, all, gx.data<T>());
  });
  return record(form.names.gradient, gx, {gy},
                [average](const Backward& b) -> Gradients { return {average_of(average, b.grad)}; });
}

// Divisors from how many elements each window counts along each axis.
Average averaged(const Form& form, const CachedVector<int64_t> (&counts)[3], DType dtype) {
  Average average{form, static_cast<double>(counts[0][0] * counts[1][0] * counts[2][0]), {}};
  bool even = true;
  for (const CachedVector<int64_t>& axis : counts)
    for (int64_t count : axis) even &= count == axis[0];
  if (even) return average;
  average.each = make_tensor({form.window_count()}, dtype);
  visit_floating(dtype, [&]<class T>() {
    T* to = average.each.data<T>();
    for (int64_t d : counts[0])
      for (int64_t h : counts[1])
        for (int64_t w : counts[2]) *to++ = static_cast<T>(d * h * w);
  });
  return average;
}

WithIndices max_pool(const Names& names, int axes, const Tensor& x, const PerAxis& kernel_size,
                     const MaxPoolOptions& options, bool want_indices, const Node* relu = nullptr) {
  Form form = pooling::grid_form(names, axes, x, kernel_size,
                                 {options.stride, options.padding, options.dilation, options.ceil_mode});
  return max_of(form, x, want_indices, relu);
}

Tensor avg_pool(const Names& names, int axes, const Tensor& x, const PerAxis& kernel_size,
                const AvgPoolOptions& options) {
  Form form = pooling::grid_form(names, axes, x, kernel_size, {options.stride, options.padding, 1, options.ceil_mode});
  check<ValueError>(options.divisor_override >= 0, "{}: divisor_override must be positive, is {}", names.op,
                    options.divisor_override);
  if (options.divisor_override > 0) return average_of({form, static_cast<double>(options.divisor_override), {}}, x);
  const PoolGeometry& g = form.geometry;
  CachedVector<int64_t> counts[3];
  for (int axis = 0; axis < 3; ++axis)
    for (int64_t o = 0; o < g.out[axis]; ++o) {
      int64_t begin = o * g.stride[axis] - g.padding[axis],
              end = std::min(begin + g.kernel[axis], g.in[axis] + g.padding[axis]);
      if (!options.count_include_pad) begin = std::max<int64_t>(begin, 0), end = std::min(end, g.in[axis]);
      counts[axis].push_back(end - begin);
    }
  return average_of(averaged(form, counts, x.dtype()), x);
}

Tensor adaptive_avg_pool(const Names& names, int axes, const Tensor& x, const PerAxis& output_size) {
  Form form = pooling::adaptive_form(names, axes, x, output_size);
  CachedVector<int64_t> counts[3];
  kernels::WindowGeometry windows = form.windows();
  for (int axis = 0; axis < 3; ++axis)
    for (const Window& window : windows.windows[axis]) counts[axis].push_back(window.count);
  return average_of(averaged(form, counts, x.dtype()), x);
}

WithIndices adaptive_max_pool(const Names& names, int axes, const Tensor& x, const PerAxis& output_size,
                              bool want_indices) {
  return max_of(pooling::adaptive_form(names, axes, x, output_size), x, want_indices);
}

constexpr Names max_names[] = {{"max_pool1d", "max_pool1d_gradient"},
                               {"max_pool2d", "max_pool2d_gradient"},
                               {"max_pool3d", "max_pool3d_gradient"}};
constexpr Names avg_names[] = {{"avg_pool1d", "avg_pool1d_gradient"},
                               {"avg_pool2d", "avg_pool2d_gradient"},
                               {"avg_pool3d", "avg_pool3d_gradient"}};
constexpr Names adaptive_max_names[] = {{"adaptive_max_pool1d", "adaptive_max_pool1d_gradient"},
                                        {"adaptive_max_pool2d", "adaptive_max_pool2d_gradient"},
                                        {"adaptive_max_pool3d", "adaptive_max_pool3d_gradient"}};
constexpr Names adaptive_avg_names[] = {{"adaptive_avg_pool1d", "adaptive_avg_pool1d_gradient"},
                                        {"adaptive_avg_pool2d", "adaptive_avg_pool2d_gradient"},
                                        {"adaptive_avg_pool3d", "adaptive_avg_pool3d_gradient"}};
constexpr Names global_max_names = {"global_max_pool", "global_max_pool_gradient"};
constexpr Names global_avg_names = {"global_avg_pool", "global_avg_pool_gradient"};

int global_axes(const char* op, const Tensor& x) {
  check<ValueError>(x.defined(), "{}: x is undefined", op);
  check<ShapeError>(x.dim() >= 3 && x.dim() <= 5, "{}: x needs 3 to 5 dimensions [N,C,...], is {}", op, x.shape());
  return x.dim() - 2;
}

}  // namespace

Tensor max_pool1d(Tensor x, const PerAxis& kernel_size, const MaxPoolOptions& options) {
  return max_pool(max_names[0], 1, x, kernel_size, options, false, temporary_relu(x)).values;
}
Tensor max_pool2d(Tensor x, const PerAxis& kernel_size, const MaxPoolOptions& options) {
  return max_pool(max_names[1], 2, x, kernel_size, options, false, temporary_relu(x)).values;
}
Tensor max_pool3d(Tensor x, const PerAxis& kernel_size, const MaxPoolOptions& options) {
  return max_pool(max_names[2], 3, x, kernel_size, options, false, temporary_relu(x)).values;
}
WithIndices max_pool1d_with_indices(const Tensor& x, const PerAxis& kernel_size, const MaxPoolOptions& options) {
  return max_pool(max_names[0], 1, x, kernel_size, options, true);
}
WithIndices max_pool2d_with_indices(const Tensor& x, const PerAxis& kernel_size, const MaxPoolOptions& options) {
  return max_pool(max_names[1], 2, x, kernel_size, options, true);
}
WithIndices max_pool3d_with_indices(const Tensor& x, const PerAxis& kernel_size, const MaxPoolOptions& options) {
  return max_pool(max_names[2], 3, x, kernel_size, options, true);
}

Tensor avg_pool1d(const Tensor& x, const PerAxis& kernel_size, const AvgPoolOptions& options) {
  return avg_pool(avg_names[0], 1, x, kernel_size, options);
}
Tensor avg_pool2d(const Tensor& x, const PerAxis& kernel_size, const AvgPoolOptions& options) {
  return avg_pool(avg_names[1], 2, x, kernel_size, options);
}
Tensor avg_pool3d(const Tensor& x, const PerAxis& kernel_size, const AvgPoolOptions& options) {
  return avg_pool(avg_names[2], 3, x, kernel_size, options);
}

Tensor adaptive_avg_pool1d(const Tensor& x, const PerAxis& output_size) {
  return adaptive_avg_pool(adaptive_avg_names[0], 1, x, output_size);
}
Tensor adaptive_avg_pool2d(const Tensor& x, const PerAxis& output_size) {
  return adaptive_avg_pool(adaptive_avg_names[1], 2, x, output_size);
}
Tensor adaptive_avg_pool3d(const Tensor& x, const PerAxis& output_size) {
  return adaptive_avg_pool(adaptive_avg_names[2], 3, x, output_size);
}
Tensor adaptive_max_pool1d(const Tensor& x, const PerAxis& output_size) {
  return adaptive_max_pool(adaptive_max_names[0], 1, x, output_size, false).values;
}
Tensor adaptive_max_pool2d(const Tensor& x, const PerAxis& output_size) {
  return adaptive_max_pool(adaptive_max_names[1], 2, x, output_size, false).values;
}
Tensor adaptive_max_pool3d(const Tensor& x, const PerAxis& output_size) {
  return adaptive_max_pool(adaptive_max_names[2], 3, x, output_size, false).values;
}
WithIndices adaptive_max_pool1d_with_indices(const Tensor& x, const PerAxis& output_size) {
  return adaptive_max_pool(adaptive_max_names[0], 1, x, output_size, true);
}
WithIndices adaptive_max_pool2d_with_indices(const Tensor& x, const PerAxis& output_size) {
  return adaptive_max_pool(adaptive_max_names[1], 2, x, output_size, true);
}
WithIndices adaptive_max_pool3d_with_indices(const Tensor& x, const PerAxis& output_size) {
  return adaptive_max_pool(adaptive_max_names[2], 3, x, output_size, true);
}

Tensor global_avg_pool(const Tensor& x) {
  return adaptive_avg_pool(global_avg_names, global_axes("global_avg_pool", x), x, 1);
}
Tensor global_max_pool(const Tensor& x) {
  return adaptive_max_pool(global_max_names, global_axes("global_max_pool", x), x, 1, false).values;
}

}  // namespace korrel
