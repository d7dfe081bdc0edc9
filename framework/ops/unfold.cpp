#include <korrel/framework/ops/unfold.h>

#include <algorithm>
#include <array>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/ops/operand_check.h>

namespace korrel {
namespace {

// One call, checked: `planes` images of `in` and the windows on them.
struct Windows {
  int64_t planes = 0;
  std::array<int64_t, 2> in{}, out{}, kernel{}, stride{}, padding{}, dilation{};
  Shape image, columns;  // as the user sees them

  int64_t taps() const { return kernel[0] * kernel[1]; }
  int64_t count() const { return out[0] * out[1]; }
};

std::array<int64_t, 2> pair(const char* op, const char* name, const PerAxis& option, int64_t smallest) {
  Dims values = option.over(2, op, name);
  for (int64_t value : values)
    check<ValueError>(smallest <= value && value <= INT32_MAX, "{}: {} must be at least {}, is {}", op, name, smallest,
                      values);
  return {values[0], values[1]};
}

// The options, and how many windows an image has; `shape` is what the message shows.
Windows windows_on(const char* op, const std::array<int64_t, 2>& in, const PerAxis& kernel_size,
                   const UnfoldOptions& options, const Shape& shape) {
  Windows w;
  w.in = in;
  w.kernel = pair(op, "kernel_size", kernel_size, 1);
  w.stride = pair(op, "stride", options.stride, 1);
  w.padding = pair(op, "padding", options.padding, 0);
  w.dilation = pair(op, "dilation", options.dilation, 1);
  for (std::size_t axis = 0; axis < 2; ++axis) {
    int64_t span = w.dilation[axis] * (w.kernel[axis] - 1) + 1, room = in[axis] + 2 * w.padding[axis] - span;
    check<ShapeError>(room >= 0,
                      "{}: the window spans {}, the image with its padding only {}, along spatial axis {} ({})", op,
                      span, in[axis] + 2 * w.padding[axis], axis, shape);
    w.out[axis] = room / w.stride[axis] + 1;
  }
  return w;
}

// Calls row(image offset, column offset, count) for each run of one tap in one row of windows: element i of it lies at
// image offset + i stride[1], and at column offset + i. Windows whose tap falls on padding have none.
template <class Row>
void each_run(const Windows& w, int64_t tap, const Row& row) {
  int64_t top = tap / w.kernel[1] * w.dilation[0] - w.padding[0], step = w.stride[1];
  int64_t left = tap % w.kernel[1] * w.dilation[1] - w.padding[1];
  int64_t first = left < 0 ? (-left + step - 1) / step : 0;
  int64_t last = left < w.in[1] ? std::min(w.out[1], (w.in[1] - 1 - left) / step + 1) : 0;
  for (int64_t o = 0; o < w.out[0] && first < last; ++o) {
    int64_t h = o * w.stride[0] + top;
    if (h >= 0 && h < w.in[0]) row(h * w.in[1] + first * step + left, o * w.out[1] + first, last - first);
  }
}

int64_t grain(int64_t elements) { return 1 + 32768 / std::max<int64_t>(1, elements); }

Tensor images_of(const Windows& w, const Tensor& columns);

Tensor columns_of(const Windows& w, const Tensor& images) {
  Tensor x = images.detach().contiguous(), y = make_tensor(w.columns, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>();
    T* out = y.data<T>();
    parallel_for(w.planes * w.taps(), grain(w.count()), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* from = in + i / w.taps() * w.in[0] * w.in[1];
        T* to = out + i * w.count();
        std::fill(to, to + w.count(), T(0));
        each_run(w, i % w.taps(), [&](int64_t image, int64_t column, int64_t count) {
          for (int64_t j = 0; j < count; ++j) to[column + j] = from[image + j * w.stride[1]];
        });
      }
    });
  });
  return record("unfold", y, {images}, [w](const Backward& b) -> Gradients { return {images_of(w, b.grad)}; });
}

Tensor images_of(const Windows& w, const Tensor& columns) {
  Tensor x = columns.detach().contiguous(), y = make_tensor(w.image, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>();
    T* out = y.data<T>();
    int64_t size = w.in[0] * w.in[1];
    parallel_for(w.planes, grain(w.taps() * w.count()), [&](int64_t begin, int64_t end) {
      std::fill(out + begin * size, out + end * size, T(0));
      for (int64_t i = begin * w.taps(); i < end * w.taps(); ++i) {
        const T* from = in + i * w.count();
        T* to = out + i / w.taps() * size;
        each_run(w, i % w.taps(), [&](int64_t image, int64_t column, int64_t count) {
          for (int64_t j = 0; j < count; ++j) to[image + j * w.stride[1]] += from[column + j];
        });
      }
    });
  });
  return record("fold", y, {columns}, [w](const Backward& b) -> Gradients { return {columns_of(w, b.grad)}; });
}

void check_floating(const char* op, const Tensor& x) {
  check_defined(op, x);
  check<DtypeError>(is_floating(x.dtype()), "{}: x must be f32 or f64, is {}", op, x.dtype());
}

}  // namespace

Tensor unfold(const Tensor& x, const PerAxis& kernel_size, const UnfoldOptions& options) {
  check_floating("unfold", x);
  check<ShapeError>(x.dim() == 3 || x.dim() == 4, "unfold: x needs 4 dimensions [N,C,H,W], or 3 without a batch, is {}",
                    x.shape());
  Windows w = windows_on("unfold", {x.size(-2), x.size(-1)}, kernel_size, options, x.shape());
  w.image = w.columns = x.shape();
  w.planes = x.shape().slice(0, x.dim() - 2).numel();
  w.columns.erase(x.dim() - 1);
  w.columns.back() = w.count();
  w.columns[x.dim() - 3] *= w.taps();
  return columns_of(w, x);
}

Tensor fold(const Tensor& x, const PerAxis& output_size, const PerAxis& kernel_size, const UnfoldOptions& options) {
  check_floating("fold", x);
  check<ShapeError>(x.dim() == 2 || x.dim() == 3,
                    "fold: x needs 3 dimensions [N,C kh kw,L], or 2 without a batch, is {}", x.shape());
  Windows w = windows_on("fold", pair("fold", "output_size", output_size, 1), kernel_size, options, x.shape());
  int64_t rows = x.size(-2);
  check<ShapeError>(rows % w.taps() == 0, "fold: {} rows are no multiple of the {} elements of a window (x {})", rows,
                    w.taps(), x.shape());
  check<ShapeError>(x.size(-1) == w.count(), "fold: an image of {} has {} windows, x has {} (x {})",
                    Shape{w.in[0], w.in[1]}, w.count(), x.size(-1), x.shape());
  w.columns = w.image = x.shape();
  w.image[x.dim() - 2] /= w.taps();
  w.image.back() = w.in[0];
  w.image.push_back(w.in[1]);
  w.planes = w.image.slice(0, w.image.rank() - 2).numel();
  return images_of(w, x);
}

}  // namespace korrel
