#include <korrel/framework/ops/max_unpool.h>

#include <algorithm>
#include <cstdlib>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/window_pooling.h>
#include <korrel/framework/ops/operand_check.h>

namespace korrel {
namespace {

// Which elements of a channel's `size` are meant: i64, in range, contiguous.
struct Places {
  const char* op;
  int64_t channels, size;
  Tensor indices;
  Shape x, y;

  int64_t count() const { return channels == 0 ? 0 : indices.numel() / channels; }
};

Tensor picked(const Places& places, const Tensor& y);

// Every gradient that falls on a place is added: this is the gradient of picked(), which reads a place as often as it
// is named.
Tensor added(const Places& places, const Tensor& x) {
  Tensor from = x.detach().contiguous(), y = make_tensor(places.y, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    kernels::scatter_planes(places.channels, places.size, places.count(), from.data<T>(),
                            places.indices.data<int64_t>(), y.data<T>());
  });
  return record(places.op, y, {x}, [places](const Backward& b) -> Gradients { return {picked(places, b.grad)}; });
}

Tensor picked(const Places& places, const Tensor& y) {
  Tensor from = y.detach().contiguous(), x = make_tensor(places.x, y.dtype());
  visit_floating(y.dtype(), [&]<class T>() {
    kernels::gather_planes(places.channels, places.size, places.count(), from.data<T>(), places.indices.data<int64_t>(),
                           x.data<T>());
  });
  return record(places.op, x, {y}, [places](const Backward& b) -> Gradients { return {added(places, b.grad)}; });
}

// As PyTorch: where windows overlap and share a maximum, its place is named twice with the same value. It is written
// once, and both get its gradient.
Tensor put(const Places& places, const Tensor& x) {
  Tensor from = x.detach().contiguous(), y = make_tensor(places.y, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    const T* in = from.data<T>();
    const int64_t* index = places.indices.data<int64_t>();
    T* out = y.data<T>();
    int64_t n = places.count();
    parallel_for(places.channels, 1 + 50000 / (1 + places.size), [&](int64_t begin, int64_t end) {
      std::fill(out + begin * places.size, out + end * places.size, T(0));
      for (int64_t channel = begin; channel < end; ++channel)
        for (int64_t i = channel * n; i < (channel + 1) * n; ++i) out[channel * places.size + index[i]] = in[i];
    });
  });
  return record(places.op, y, {x}, [places](const Backward& b) -> Gradients { return {picked(places, b.grad)}; });
}

Dims at_least(const char* op, const char* name, const PerAxis& option, int axes, int64_t smallest) {
  Dims values = option.over(axes, op, name);
  for (int64_t value : values)
    check<ValueError>(smallest <= value && value <= INT32_MAX, "{}: {} must be at least {}, is {}", op, name, smallest,
                      values);
  return values;
}

Tensor unpooled(const char* op, int axes, const Tensor& x, const Tensor& indices, const PerAxis& kernel_size,
                const MaxUnpoolOptions& options) {
  check_defined(op, {{x, "x"}, {indices, "indices"}});
  check<DtypeError>(is_floating(x.dtype()), "{}: x must be f32 or f64, is {}", op, x.dtype());
  check<DtypeError>(indices.dtype() == i64, "{}: indices must be i64, are {}", op, indices.dtype());
  check<ShapeError>(x.dim() == axes + 1 || x.dim() == axes + 2,
                    "{}: x needs {} dimensions, or {} without a batch, is {}", op, axes + 2, axes + 1, x.shape());
  check<ShapeError>(indices.shape() == x.shape(), "{}: indices must be shaped like x {}, are {}", op, x.shape(),
                    indices.shape());
  Dims kernel = at_least(op, "kernel_size", kernel_size, axes, 1),
       stride = options.stride.given() ? at_least(op, "stride", options.stride, axes, 1) : kernel,
       padding = at_least(op, "padding", options.padding, axes, 0);
  int first = x.dim() - axes;
  Places places{op, x.shape().slice(0, first).numel(), 1, indices.detach().contiguous(), x.shape(), x.shape()};
  Dims usual, wanted;
  for (int i = 0; i < axes; ++i) usual.push_back((x.shape()[first + i] - 1) * stride[i] - 2 * padding[i] + kernel[i]);
  wanted = options.output_size.given() ? options.output_size.over(axes, op, "output_size") : usual;
  for (int i = 0; i < axes; ++i) {
    check<ShapeError>(std::abs(wanted[i] - usual[i]) < stride[i],
                      "{}: output_size must be less than a stride from {}, is {} (x {}, stride {})", op, usual, wanted,
                      x.shape(), stride);
    check<ShapeError>(wanted[i] > 0, "{}: the result would have size {} along spatial axis {} (x {})", op, wanted[i], i,
                      x.shape());
    places.y[first + i] = wanted[i];
    places.size *= wanted[i];
  }
  for (const int64_t *index = places.indices.data<int64_t>(), *end = index + places.indices.numel(); index < end;
       ++index)
    check<ValueError>(*index >= 0 && *index < places.size, "{}: index {} is out of range for channels of {}", op,
                      *index, wanted);
  return put(places, x);
}

}  // namespace

Tensor max_unpool1d(const Tensor& x, const Tensor& indices, const PerAxis& kernel_size,
                    const MaxUnpoolOptions& options) {
  return unpooled("max_unpool1d", 1, x, indices, kernel_size, options);
}
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, const PerAxis& kernel_size,
                    const MaxUnpoolOptions& options) {
  return unpooled("max_unpool2d", 2, x, indices, kernel_size, options);
}
Tensor max_unpool3d(const Tensor& x, const Tensor& indices, const PerAxis& kernel_size,
                    const MaxUnpoolOptions& options) {
  return unpooled("max_unpool3d", 3, x, indices, kernel_size, options);
}

}  // namespace korrel
