#include <korrel/framework/ops/convolution.h>

#include <algorithm>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/lazy_text.h>
#include <korrel/framework/kernels/convolution.h>
#include <korrel/framework/kernels/winograd.h>
#include <korrel/framework/ops/pad.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// What the three primitives are called when they belong to one of the public ops.
struct Names {
  const char *output, *input_gradient, *weight_gradient;
};

// The trilinear form behind one call, and the shapes that its three tensors have outside (unbatched, 1-D, ...).
struct Form {
  const Names* names;
  int axes;
  kernels::ConvGeometry geometry;
  Shape x, w, y;
};

// The three primitives, each recorded with the other two as its gradients. `bias` is one number per channel of the
// result.
Tensor output(const Form& form, const Tensor& x, const Tensor& w, const Tensor& bias = {});
Tensor input_gradient(const Form& form, const Tensor& gy, const Tensor& w, const Tensor& bias = {});
Tensor weight_gradient(const Form& form, const Tensor& x, const Tensor& gy, Tensor* bias_gradient = nullptr);

// `factor` is saved for the gradient of `other`, its fellow factor: not worth the memory if nobody asks for that.
Tensor saved(const Tensor& factor, const Tensor& other) { return other.requires_grad() ? factor : Tensor(); }

// Gradient of the bias: the sum over all but the channels.
Tensor channel_sum(const Form& form, const Tensor& g) {
  Dims others;
  for (int i = 0; i < g.dim(); ++i)
    if (i != g.dim() - 1 - form.axes) others.push_back(i);
  return sum(g, others);
}

template <class T>
const T* pointer(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

Tensor output(const Form& form, const Tensor& any_x, const Tensor& any_w, const Tensor& any_bias) {
  const Tensor x = any_x.contiguous(), w = any_w.contiguous(),
               bias = any_bias.defined() ? any_bias.contiguous() : any_bias;
  Tensor y = make_tensor(form.y, x.dtype());
  visit_floating(x.dtype(), [&]<class T>() {
    kernels::conv_output(form.geometry, x.data<T>(), w.data<T>(), pointer<T>(bias), y.data<T>());
  });
  return record(form.names->output, y, {x, w, bias},
                [form, x = saved(x, w), w = saved(w, x)](const Backward& b) -> Gradients {
                  Tensor gx, gw, gb;
                  if (b.needs(0)) gx = input_gradient(form, b.grad, w);
                  if (b.needs(1)) gw = weight_gradient(form, x, b.grad, b.needs(2) ? &gb : nullptr);
                  if (b.needs(2) && !gb.defined()) gb = channel_sum(form, b.grad);
                  return {gx, gw, gb};
                });
}

Tensor input_gradient(const Form& form, const Tensor& any_gy, const Tensor& any_w, const Tensor& any_bias) {
  const Tensor gy = any_gy.contiguous(), w = any_w.contiguous(),
               bias = any_bias.defined() ? any_bias.contiguous() : any_bias;
  Tensor gx = make_tensor(form.x, gy.dtype());
  visit_floating(gy.dtype(), [&]<class T>() {
    kernels::conv_input_gradient(form.geometry, gy.data<T>(), w.data<T>(), pointer<T>(bias), gx.data<T>());
  });
  return record(form.names->input_gradient, gx, {gy, w, bias},
                [form, gy = saved(gy, w), w = saved(w, gy)](const Backward& b) -> Gradients {
                  return {b.needs(0) ? output(form, b.grad, w) : Tensor(),
                          b.needs(1) ? weight_gradient(form, b.grad, gy) : Tensor(),
                          b.needs(2) ? channel_sum(form, b.grad) : Tensor()};
                });
}

// The bias's gradient, too, if it is wanted, not to be recorded itself, and comes for next to nothing.
Tensor weight_gradient(const Form& form, const Tensor& any_x, const Tensor& any_gy, Tensor* bias_gradient) {
  const Tensor x = any_x.contiguous(), gy = any_gy.contiguous();
  Tensor gw = make_tensor(form.w, x.dtype()), gb;
  if (bias_gradient != nullptr && !(grad_enabled() && gy.requires_grad())) {
    gb = make_tensor({form.geometry.k}, x.dtype());
  }
  visit_floating(x.dtype(), [&]<class T>() {
    T* to = gb.defined() ? gb.data<T>() : nullptr;
    if (kernels::conv_weight_gradient(form.geometry, x.data<T>(), gy.data<T>(), gw.data<T>(), to)) *bias_gradient = gb;
  });
  return record(form.names->weight_gradient, gw, {x, gy},
                [form, x = saved(x, gy), gy = saved(gy, x)](const Backward& b) -> Gradients {
                  return {b.needs(0) ? input_gradient(form, gy, b.grad) : Tensor(),
                          b.needs(1) ? output(form, x, b.grad) : Tensor()};
                });
}

// The arguments of a layer's convolution, forward or transposed, and the checks that both share.
struct Call {
  const char* op;
  int axes;
  const Tensor &x, &w, &bias;
  int64_t groups;

  auto shapes() const {
    return Lazy{[this] { return fmt::format("(x {}, w {})", x.shape(), w.shape()); }};
  }
  bool batched() const { return x.dim() == axes + 2; }
  int64_t channels() const { return x.size(-1 - axes); }
  int64_t x_size(int axis) const { return x.size(axis - axes); }
  int64_t kernel(int axis) const { return w.size(2 + axis); }

  void check_tensors() const {
    check<ValueError>(x.defined() && w.defined(), "{}: {} is undefined", op, x.defined() ? "weight" : "x");
    check<DtypeError>(is_floating(x.dtype()), "{}: x must be f32 or f64, is {}", op, x.dtype());
    check<DtypeError>(w.dtype() == x.dtype(), "{}: weight is {}, x is {}", op, w.dtype(), x.dtype());
    check<ShapeError>(w.dim() == axes + 2, "{}: weight needs {} dimensions, has {} {}", op, axes + 2, w.dim(),
                      shapes());
    check<ShapeError>(x.dim() == axes + 1 || x.dim() == axes + 2,
                      "{}: x needs {} dimensions, or {} without a batch, has {} {}", op, axes + 2, axes + 1, x.dim(),
                      shapes());
    check<ValueError>(groups >= 1, "{}: groups must be at least 1, is {}", op, groups);
    for (int i = 0; i < axes; ++i) check<ShapeError>(kernel(i) >= 1, "{}: the kernel has no elements {}", op, shapes());
  }
  void check_bias(int64_t outputs) const {
    if (!bias.defined()) return;
    check<DtypeError>(bias.dtype() == x.dtype(), "{}: bias is {}, x is {}", op, bias.dtype(), x.dtype());
    check<ShapeError>(bias.shape() == Shape{outputs}, "{}: bias needs shape [{}], has {} {}", op, outputs, bias.shape(),
                      shapes());
  }
  // Neither absurd nor so large that sizes overflow.
  Dims numbers(const PerAxis& option, const char* name, int64_t smallest) const {
    Dims values = option.over(axes, op, name);
    for (int64_t value : values)
      check<ValueError>(smallest <= value && value <= INT32_MAX, "{}: {} must be at least {}, is {} {}", op, name,
                        smallest, values, shapes());
    return values;
  }
  Form form(const Names& names) const {
    Form form{&names, axes, {}, {}, w.shape(), {}};
    form.geometry.n = batched() ? x.size(0) : 1;
    form.geometry.groups = groups;
    for (int i = 0; i < axes; ++i) form.geometry.kernel[3 - axes + i] = kernel(i);
    return form;
  }
  // The shape of the result: x's with other channels and sizes.
  Shape result(int64_t outputs, const std::array<int64_t, 3>& sizes) const {
    Shape shape;
    if (batched()) shape.push_back(x.size(0));
    shape.push_back(outputs);
    for (int i = 0; i < axes; ++i) shape.push_back(sizes[3 - axes + i]);
    return shape;
  }
};

// What padding adds on both sides of an axis of x.
struct Margins {
  Dims begin, end;
};

Margins margins(const Call& call, const ConvOptions& options, const Dims& stride, const Dims& dilation) {
  if (!options.padding.is_same()) {
    Dims padding = call.numbers(options.padding, "padding", 0);
    return {padding, padding};
  }
  Margins result{dilation, dilation};
  for (int i = 0; i < call.axes; ++i) {
    check<ValueError>(stride[i] == 1, "{}: padding \"same\" needs stride 1, is {}", call.op, stride);
    int64_t total = dilation[i] * (call.kernel(i) - 1);
    result.begin[i] = total / 2;
    result.end[i] = total - total / 2;  // the odd element at the end
  }
  return result;
}

// x with its margins filled by other means than zeros, which the primitives take for granted.
Tensor filled(const Call& call, PaddingMode mode, const Margins& margins) {
  const char* name = mode == PaddingMode::replicate ? "replicate"
                     : mode == PaddingMode::reflect ? "reflect"
                                                    : "circular";
  std::vector<int64_t> both;  // last axis first, as pad() takes them
  for (int i = call.axes - 1; i >= 0; --i) {
    int64_t size = call.x_size(i), widest = std::max(margins.begin[i], margins.end[i]);
    bool fits = mode == PaddingMode::replicate ? size > 0
                : mode == PaddingMode::reflect ? widest < size
                                               : widest <= size;
    check<ShapeError>(fits, "{}: {} padding of {} is too wide for a size of {} {}", call.op, name, widest, size,
                      call.shapes());
    both.push_back(margins.begin[i]);
    both.push_back(margins.end[i]);
  }
  PadMode how = mode == PaddingMode::replicate ? PadMode::replicate
                : mode == PaddingMode::reflect ? PadMode::reflect
                                               : PadMode::circular;
  return pad(call.x, both, {.mode = how});
}

Tensor convolution(const Names& names, int axes, const Tensor& x, const Tensor& w, const Tensor& bias,
                   const ConvOptions& options) {
  Call call{names.output, axes, x, w, bias, options.groups};
  call.check_tensors();
  int64_t expected = w.size(1) * options.groups, outputs = w.size(0);
  auto grouped =
      Lazy{[&] { return options.groups == 1 ? "" : fmt::format(" ({} groups of {})", options.groups, w.size(1)); }};
  check<ShapeError>(call.channels() == expected, "{}: weight expects {} input channels{}, x has {} {}", call.op,
                    expected, grouped, call.channels(), call.shapes());
  check<ShapeError>(outputs % options.groups == 0, "{}: {} groups do not divide {} output channels {}", call.op,
                    options.groups, outputs, call.shapes());
  call.check_bias(outputs);
  Dims stride = call.numbers(options.stride, "stride", 1), dilation = call.numbers(options.dilation, "dilation", 1);
  Margins margin = margins(call, options, stride, dilation);

  bool zeros = options.padding_mode == PaddingMode::zeros;
  Form form = call.form(names);
  kernels::ConvGeometry& g = form.geometry;
  g.c = expected;
  g.k = outputs;
  for (int i = 0; i < axes; ++i) {
    int at = 3 - axes + i;
    int64_t size = call.x_size(i) + margin.begin[i] + margin.end[i], span = dilation[i] * (call.kernel(i) - 1) + 1;
    check<ShapeError>(span <= size, "{}: the kernel spans {}, x with its padding only {}, along spatial axis {} {}",
                      call.op, span, size, i, call.shapes());
    g.in[at] = zeros ? call.x_size(i) : size;
    g.out[at] = (size - span) / stride[i] + 1;
    g.stride[at] = stride[i];
    g.dilation[at] = dilation[i];
    g.padding[at] = zeros ? margin.begin[i] : 0;
  }
  form.y = call.result(outputs, g.out);
  form.x = call.result(expected, g.in);
  return output(form, zeros ? x : filled(call, options.padding_mode, margin), w, bias);
}

Tensor transposed_convolution(const Names& names, int axes, const Tensor& x, const Tensor& w, const Tensor& bias,
                              const ConvTransposeOptions& options) {
  Call call{names.input_gradient, axes, x, w, bias, options.groups};
  call.check_tensors();
  check<ShapeError>(call.channels() == w.size(0), "{}: weight expects {} input channels, x has {} {}", call.op,
                    w.size(0), call.channels(), call.shapes());
  check<ShapeError>(w.size(0) % options.groups == 0, "{}: {} groups do not divide {} input channels {}", call.op,
                    options.groups, w.size(0), call.shapes());
  int64_t outputs = w.size(1) * options.groups;
  call.check_bias(outputs);
  Dims stride = call.numbers(options.stride, "stride", 1), dilation = call.numbers(options.dilation, "dilation", 1),
       padding = call.numbers(options.padding, "padding", 0),
       extra = call.numbers(options.output_padding, "output_padding", 0);

  Form form = call.form(names);  // of the convolution whose input gradient this is: x is its gy
  kernels::ConvGeometry& g = form.geometry;
  g.k = w.size(0);
  g.c = outputs;
  for (int i = 0; i < axes; ++i) {
    int at = 3 - axes + i;
    check<ValueError>(extra[i] < std::max(stride[i], dilation[i]),
                      "{}: output_padding must be smaller than stride or dilation, is {} (stride {}, dilation {})",
                      call.op, extra, stride, dilation);
    int64_t size =
        (call.x_size(i) - 1) * stride[i] - 2 * padding[i] + dilation[i] * (call.kernel(i) - 1) + extra[i] + 1;
    check<ShapeError>(size >= 1, "{}: the output would have size {} along spatial axis {} {}", call.op, size, i,
                      call.shapes());
    g.out[at] = call.x_size(i);
    g.in[at] = size;
    g.stride[at] = stride[i];
    g.dilation[at] = dilation[i];
    g.padding[at] = padding[i];
  }
  form.x = call.result(outputs, g.in);
  form.y = x.shape();
  return input_gradient(form, x, w, bias);
}

constexpr Names conv_names[] = {{"conv1d", "conv1d_input_gradient", "conv1d_weight_gradient"},
                                {"conv2d", "conv2d_input_gradient", "conv2d_weight_gradient"},
                                {"conv3d", "conv3d_input_gradient", "conv3d_weight_gradient"}};
constexpr Names conv_transpose_names[] = {
    {"conv_transpose1d_input_gradient", "conv_transpose1d", "conv_transpose1d_weight_gradient"},
    {"conv_transpose2d_input_gradient", "conv_transpose2d", "conv_transpose2d_weight_gradient"},
    {"conv_transpose3d_input_gradient", "conv_transpose3d", "conv_transpose3d_weight_gradient"}};
constexpr Names convolve_names = {"convolve_input_gradient", "convolve", "convolve_kernel_gradient"};
constexpr Names cross_correlate_names = {"cross_correlate", "cross_correlate_input_gradient",
                                         "cross_correlate_kernel_gradient"};

// convolve and cross_correlate: `batch` inputs of shape `sizes` with one kernel of the same rank. Both cut the full
// result, of size + kernel - 1, at `start`. For the correlation start is a matter of padding; a convolution is the
// input gradient of a correlation, the full one of the one without padding.
Form single_channel_form(const char* op, bool flipped, int64_t batch, const Shape& sizes, const Shape& kernel,
                         ConvolveMode mode) {
  int axes = sizes.rank();
  check<ShapeError>(axes >= 1 && axes <= 3 && kernel.rank() == axes,
                    "{}: x and kernel need the same 1, 2 or 3 dimensions (x {}, kernel {})", op, sizes, kernel);
  Form form{flipped ? &convolve_names : &cross_correlate_names, axes, {}, {batch, 1}, {1, 1}, {batch, 1}};
  kernels::ConvGeometry& g = form.geometry;
  g.n = batch;
  for (int i = 0; i < axes; ++i) {
    check<ShapeError>(sizes[i] >= 1 && kernel[i] >= 1, "{}: an operand has no elements (x {}, kernel {})", op, sizes,
                      kernel);
    int at = 3 - axes + i;
    int64_t start = 0, size = sizes[i] + kernel[i] - 1;
    if (mode == ConvolveMode::same) {
      start = (kernel[i] - 1) / 2;
      size = sizes[i];
    } else if (mode == ConvolveMode::valid) {  // of two operands the longer one is the input
      start = std::min(sizes[i], kernel[i]) - 1;
      size = std::abs(sizes[i] - kernel[i]) + 1;
    }
    g.kernel[at] = kernel[i];
    g.padding[at] = flipped ? start : kernel[i] - 1 - start;
    g.in[at] = flipped ? size : sizes[i];
    g.out[at] = flipped ? sizes[i] : size;
    form.x.push_back(g.in[at]);
    form.w.push_back(kernel[i]);
    form.y.push_back(g.out[at]);
  }
  return form;
}

Tensor single_channel(const char* op, bool flipped, const Tensor& x, const Tensor& kernel, ConvolveMode mode) {
  check<ValueError>(x.defined() && kernel.defined(), "{}: {} is undefined", op, x.defined() ? "kernel" : "x");
  check<DtypeError>(is_floating(x.dtype()) && kernel.dtype() == x.dtype(),
                    "{}: x and kernel must both be f32 or f64, are {} and {}", op, x.dtype(), kernel.dtype());
  Form form = single_channel_form(op, flipped, 1, x.shape(), kernel.shape(), mode);
  Tensor y = flipped ? input_gradient(form, x.reshape(form.y), kernel.reshape(form.w))
                     : output(form, x.reshape(form.x), kernel.reshape(form.w));
  return y.reshape(y.shape().slice(2, y.dim()));
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions& options) {
  return convolution(conv_names[0], 1, x, weight, bias, options);
}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions& options) {
  return convolution(conv_names[1], 2, x, weight, bias, options);
}
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions& options) {
  return convolution(conv_names[2], 3, x, weight, bias, options);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options) {
  return transposed_convolution(conv_transpose_names[0], 1, x, weight, bias, options);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options) {
  return transposed_convolution(conv_transpose_names[1], 2, x, weight, bias, options);
}
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTransposeOptions& options) {
  return transposed_convolution(conv_transpose_names[2], 3, x, weight, bias, options);
}

Tensor convolve(const Tensor& x, const Tensor& kernel, ConvolveMode mode) {
  return single_channel("convolve", true, x, kernel, mode);
}
Tensor cross_correlate(const Tensor& x, const Tensor& kernel, ConvolveMode mode) {
  return single_channel("cross_correlate", false, x, kernel, mode);
}

Tensor convolution_matrix(const Tensor& kernel, const Shape& x_shape, ConvolveMode mode) {
  check<ValueError>(kernel.defined(), "convolution_matrix: kernel is undefined");
  check<DtypeError>(is_floating(kernel.dtype()), "convolution_matrix: kernel must be f32 or f64, is {}",
                    kernel.dtype());
  int64_t columns = x_shape.numel();
  Form form = single_channel_form("convolution_matrix", true, columns, x_shape, kernel.shape(), mode);
  // Column j is what becomes of the j-th unit vector.
  Tensor units = eye(columns, {kernel.dtype()}).reshape(form.y);
  return input_gradient(form, units, kernel.reshape(form.w)).reshape({columns, -1}).t();
}

void set_winograd(bool enabled) { kernels::set_winograd(enabled); }
bool winograd_enabled() { return kernels::winograd_enabled(); }

}  // namespace korrel
