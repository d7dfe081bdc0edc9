#include <korrel/framework/ops/pooling_form.h>

#include <algorithm>

#include <korrel/framework/base/check.h>

namespace korrel::pooling {
namespace {

using kernels::PoolGeometry;
using kernels::WindowGeometry;

// x and what the options of a pooling say about each axis, checked.
struct Call {
  const char* op;
  int axes;
  const Tensor& x;

  Call(const char* op_name, int axis_count, const Tensor& input) : op(op_name), axes(axis_count), x(input) {
    check<ValueError>(x.defined(), "{}: x is undefined", op);
    check<DtypeError>(is_floating(x.dtype()), "{}: x must be f32 or f64, is {}", op, x.dtype());
    check<ShapeError>(x.dim() == axes + 1 || x.dim() == axes + 2,
                      "{}: x needs {} dimensions, or {} without a batch, is {}", op, axes + 2, axes + 1, x.shape());
    for (int i = 0; i < axes; ++i) check<ShapeError>(size(i) > 0, "{}: nothing to pool in x {}", op, x.shape());
  }
  int64_t size(int axis) const { return x.size(axis - axes); }
  Dims numbers(const PerAxis& option, const char* name, int64_t smallest) const {
    Dims values = option.over(axes, op, name);
    for (int64_t value : values)
      check<ValueError>(smallest <= value && value <= INT32_MAX, "{}: {} must be at least {}, is {} (x {})", op, name,
                        smallest, values, x.shape());
    return values;
  }
  Form form(const Names& names) const {
    Form form{names, {}, false, x.shape(), {}};
    form.geometry.planes = x.shape().slice(0, x.dim() - axes).numel();
    for (int i = 0; i < axes; ++i) form.geometry.in[3 - axes + i] = size(i);
    return form;
  }
  Shape result(const PoolGeometry& g) const {
    Shape shape = x.shape();
    for (int i = 0; i < axes; ++i) shape[x.dim() - axes + i] = g.out[3 - axes + i];
    return shape;
  }
};

}  // namespace

bool Form::on_grid() const {
  const PoolGeometry& g = geometry;
  int64_t taps = g.kernel[0] * g.kernel[1] * g.kernel[2];
  bool fits = !adaptive && taps <= kernels::kMaxTaps && window_count() > 1;
  for (int axis = 0; axis < 3; ++axis) fits &= g.stride[axis] <= 64 && g.dilation[axis] * g.kernel[axis] <= 64;
  return fits;
}

WindowGeometry Form::windows() const {
  const PoolGeometry& g = geometry;
  WindowGeometry result{g.planes, g.in, {}};
  for (int axis = 0; axis < 3; ++axis) {
    int64_t in = g.in[axis], out = g.out[axis];
    for (int64_t o = 0; o < out; ++o) {
      if (adaptive) {  // floor(o in / out) .. ceil((o + 1) in / out)
        int64_t begin = o * in / out;
        result.windows[axis].push_back({begin, ((o + 1) * in + out - 1) / out - begin, 1});
        continue;
      }
      int64_t begin = o * g.stride[axis] - g.padding[axis], end = begin + g.dilation[axis] * (g.kernel[axis] - 1) + 1;
      if (begin < 0) begin += (-begin + g.dilation[axis] - 1) / g.dilation[axis] * g.dilation[axis];
      end = std::min(end, in);
      result.windows[axis].push_back(
          {begin, (end - begin + g.dilation[axis] - 1) / g.dilation[axis], g.dilation[axis]});
    }
  }
  return result;
}

Form grid_form(const Names& names, int axes, const Tensor& x, const PerAxis& kernel_size, const GridOptions& options) {
  Call call(names.op, axes, x);
  Dims kernel = call.numbers(kernel_size, "kernel_size", 1), padding = call.numbers(options.padding, "padding", 0),
       stride = options.stride.given() ? call.numbers(options.stride, "stride", 1) : kernel,
       dilation = call.numbers(options.dilation, "dilation", 1);
  Form form = call.form(names);
  PoolGeometry& g = form.geometry;
  for (int i = 0; i < axes; ++i) {
    int at = 3 - axes + i;
    check<ValueError>(padding[i] <= kernel[i] / 2,
                      "{}: padding must be at most half the kernel, is {} for a kernel of {}", call.op, padding,
                      kernel);
    int64_t in = call.size(i), span = dilation[i] * (kernel[i] - 1) + 1, room = in + 2 * padding[i] - span;
    int64_t out = (options.ceil_mode ? room + stride[i] - 1 : room) / stride[i] + 1;
    if (room < 0 && -room >= (options.ceil_mode ? stride[i] : 1)) out = 0;
    // The last window must start in x or in the padding before it.
    if (options.ceil_mode && (out - 1) * stride[i] >= in + padding[i]) --out;
    check<ShapeError>(out >= 1,
                      "{}: the kernel spans {}, x with its padding only {}, along spatial axis {} (x {}, kernel {})",
                      call.op, span, in + 2 * padding[i], i, x.shape(), kernel);
    // With dilation a window may step over all of x: nothing that could be its maximum.
    for (int64_t o = 0; dilation[i] > 1 && o < out; ++o) {
      int64_t begin = o * stride[i] - padding[i],
              first = begin < 0 ? begin + (dilation[i] - 1 - begin) / dilation[i] * dilation[i] : begin;
      check<ShapeError>(first < in && first < begin + span,
                        "{}: window {} of spatial axis {} holds nothing but padding (x {}, kernel {}, dilation {})",
                        call.op, o, i, x.shape(), kernel, dilation);
    }
    g.kernel[at] = kernel[i];
    g.stride[at] = stride[i];
    g.padding[at] = padding[i];
    g.dilation[at] = dilation[i];
    g.out[at] = out;
  }
  form.y = call.result(g);
  return form;
}

Form adaptive_form(const Names& names, int axes, const Tensor& x, const PerAxis& output_size) {
  Call call(names.op, axes, x);
  Dims sizes = output_size.over(axes, call.op, "output_size");
  Form form = call.form(names);
  PoolGeometry& g = form.geometry;
  bool even = true;
  for (int i = 0; i < axes; ++i) {
    int64_t out = sizes[i] == -1 ? call.size(i) : sizes[i];
    check<ValueError>(out >= 1 && out <= INT32_MAX, "{}: output_size must be positive, or -1 for that of x, is {}",
                      call.op, sizes);
    g.out[3 - axes + i] = out;
    even &= call.size(i) % out == 0;
  }
  form.adaptive = !even;
  for (int axis = 0; even && axis < 3; ++axis) g.kernel[axis] = g.stride[axis] = g.in[axis] / g.out[axis];
  form.y = call.result(g);
  return form;
}

}  // namespace korrel::pooling
