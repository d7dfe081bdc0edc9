// layer_norm, group_norm, instance_norm and local_response_norm; batch_norm is in batch_norm.cpp.
#include <korrel/framework/ops/normalization.h>

#include <vector>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/row_norm.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/pad.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

// x as [rows / period, period, n]: each row of n is normalised by itself. A parameter holds period * n / repeat
// numbers, each used for `repeat` neighbours of a row (the pixels of a channel).
struct Rows {
  int64_t rows, n, period, repeat;

  Shape shape() const { return {rows / std::max<int64_t>(period, 1), period, n}; }
  // A parameter as one number for each element of a period, and a gradient of that shape back.
  Tensor spread(const Tensor& parameter) const {
    if (!parameter.defined() || repeat == 1) return parameter;
    return parameter.reshape({-1, 1}).expand({parameter.numel(), repeat});
  }
  Tensor gather(const Tensor& gradient, const Shape& shape) const {
    return repeat == 1 ? gradient.reshape(shape) : sum(gradient.reshape({-1, repeat}), 1).reshape(shape);
  }
};

void check_parameter(const char* op, const Tensor& x, const Tensor& parameter, const char* name, const Shape& shape) {
  if (!parameter.defined()) return;
  check<ShapeError>(parameter.shape() == shape, "{}: {} expects shape {} for x {}, got {}", op, name, shape, x.shape(),
                    parameter.shape());
  check<DtypeError>(parameter.dtype() == x.dtype(), "{}: {} is {}, x is {}", op, name, parameter.dtype(), x.dtype());
}

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

Gradients gradients_in_ops(const Backward& b, const Rows& rows, const Tensor& x, const Tensor& weight,
                           const Tensor& bias, double eps) {
  Tensor grad = b.grad.reshape(rows.shape()), xs = x.reshape(rows.shape()), gx, gweight, gbias;
  Tensor centred = xs - mean(xs, -1, {.keepdim = true});
  Tensor scale = rsqrt(mean(centred * centred, -1, {.keepdim = true}) + eps), normal = centred * scale;
  if (b.needs(0)) {
    Tensor g = weight.defined() ? grad * rows.spread(weight).reshape({rows.period, rows.n}) : grad;
    gx = ((g - mean(g, -1, {.keepdim = true}) - normal * mean(g * normal, -1, {.keepdim = true})) * scale)
             .reshape(x.shape());
  }
  if (b.needs(1)) gweight = rows.gather(sum(grad * normal, 0), weight.shape());
  if (b.needs(2)) gbias = rows.gather(sum(grad, 0), bias.shape());
  return {gx, gweight, gbias};
}

// `statistics`, if given, receives each row's mean and 1 / sqrt(var + eps).
Tensor normalise_rows(const char* op, const Tensor& x, const Rows& rows, const Tensor& weight, const Tensor& bias,
                      double eps, std::vector<double>* means = nullptr, std::vector<double>* scales = nullptr) {
  std::vector<double> mean(static_cast<std::size_t>(rows.rows)), scale(mean.size());
  // Runs of less than a vector leave lanes idle: there each element has a parameter of its own.
  const bool runs = rows.repeat >= 16;
  kernels::RowGeometry geometry{rows.rows, rows.n, rows.period, runs ? rows.repeat : 1};
  Tensor dense = x.detach().contiguous(), y = make_tensor(x.shape(), x.dtype());
  auto spread = [rows, runs](const Tensor& parameter) {
    if (!parameter.defined()) return Tensor();
    return (runs ? parameter.detach() : rows.spread(parameter.detach())).contiguous();
  };
  Tensor w = spread(weight), b = spread(bias);
  visit_floating(x.dtype(), [&]<class T>() {
    kernels::row_norm<T>(geometry, dense.data<T>(), data_or_null<T>(w), data_or_null<T>(b), eps, mean.data(),
                         scale.data(), y.data<T>());
  });
  if (means) *means = mean;
  if (scales) *scales = scale;
  Tensor kept = dense.raw_data() == x.raw_data() ? dense : Tensor();
  return record(
      op, y, {x, weight, bias},
      [x, kept, weight, bias, rows, runs, geometry, mean, scale, eps, spread](const Backward& back) -> Gradients {
        if (grad_enabled()) return gradients_in_ops(back, rows, x, weight, bias, eps);
        Tensor source = kept.defined() ? kept : x.detach().contiguous(), gy = back.grad.contiguous(),
               w = spread(weight);
        Shape period{geometry.period, geometry.n / geometry.repeat};
        Tensor gx = back.needs(0) ? make_tensor(x.shape(), x.dtype()) : Tensor();
        Tensor gweight = back.needs(1) ? make_tensor(period, x.dtype()) : Tensor();
        Tensor gbias = back.needs(2) ? make_tensor(period, x.dtype()) : Tensor();
        visit_floating(x.dtype(), [&]<class T>() {
          kernels::row_norm_gradient<T>(geometry, source.data<T>(), gy.data<T>(), data_or_null<T>(w), mean.data(),
                                        scale.data(), gx.defined() ? gx.data<T>() : nullptr,
                                        gweight.defined() ? gweight.data<T>() : nullptr,
                                        gbias.defined() ? gbias.data<T>() : nullptr);
        });
        auto own = [&](const Tensor& gradient, const Tensor& parameter) {
          if (!gradient.defined()) return gradient;
          return runs ? gradient.reshape(parameter.shape()) : rows.gather(gradient, parameter.shape());
        };
        return {gx, own(gweight, weight), own(gbias, bias)};
      });
}

// [N,C,...] in groups of channels.
Rows channel_rows(const Tensor& x, int64_t groups) {
  int64_t size = 1;
  for (int i = 2; i < x.dim(); ++i) size *= x.shape()[i];
  return {x.shape()[0] * groups, x.shape()[1] / groups * size, groups, size};
}

// The batch's statistics are averages over the images; the variance is unbiased.
void update(Tensor& running, const std::vector<double>& of_rows, double momentum) {
  visit_floating(running.dtype(), [&]<class T>() {
    T* values = running.data<T>();
    const auto channels = static_cast<std::size_t>(running.numel()), images = of_rows.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      double average = 0;
      for (std::size_t i = 0; i < images; ++i) average += of_rows[i * channels + c] / static_cast<double>(images);
      values[c] = static_cast<T>((1 - momentum) * static_cast<double>(values[c]) + momentum * average);
    }
  });
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight, const Tensor& bias,
                  const NormOptions& options) {
  checked_floating("layer_norm", x);
  int outer = x.dim() - normalized_shape.rank();
  check<ShapeError>(normalized_shape.rank() >= 1 && outer >= 0 && x.shape().slice(outer, x.dim()) == normalized_shape,
                    "layer_norm: expects {} as the last dimensions of x, got {}", normalized_shape, x.shape());
  check_parameter("layer_norm", x, weight, "weight", normalized_shape);
  check_parameter("layer_norm", x, bias, "bias", normalized_shape);
  int64_t n = normalized_shape.numel();
  return normalise_rows("layer_norm", x, {n == 0 ? 0 : x.numel() / n, n, 1, 1}, weight, bias, options.eps);
}

Tensor group_norm(const Tensor& x, int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  const NormOptions& options) {
  checked_floating("group_norm", x);
  check<ShapeError>(x.dim() >= 2, "group_norm: expects x [N,C] or [N,C,...], got {}", x.shape());
  int64_t channels = x.shape()[1];
  check<ValueError>(num_groups >= 1 && channels % num_groups == 0,
                    "group_norm: {} channels do not divide into {} groups (x {})", channels, num_groups, x.shape());
  check_parameter("group_norm", x, weight, "weight", {channels});
  check_parameter("group_norm", x, bias, "bias", {channels});
  return normalise_rows("group_norm", x, channel_rows(x, num_groups), weight, bias, options.eps);
}

Tensor instance_norm(const Tensor& x, Tensor running_mean, Tensor running_var, const Tensor& weight, const Tensor& bias,
                     const InstanceNormOptions& options) {
  checked_floating("instance_norm", x);
  check<ShapeError>(x.dim() >= 3, "instance_norm: expects x [N,C,L] or more dimensions, got {}", x.shape());
  if (!options.use_input_stats) {
    check<ValueError>(running_mean.defined() && running_var.defined(),
                      "instance_norm: without use_input_stats it needs running_mean and running_var");
    return batch_norm(x, running_mean, running_var, weight, bias, {.training = false, .eps = options.eps});
  }
  int64_t channels = x.shape()[1];
  for (auto [parameter, name] : {std::pair{weight, "weight"}, std::pair{bias, "bias"},
                                 std::pair{running_mean, "running_mean"}, std::pair{running_var, "running_var"}})
    check_parameter("instance_norm", x, parameter, name, {channels});
  Rows rows = channel_rows(x, channels);
  check<ValueError>(rows.n != 1, "instance_norm: needs more than one value for each channel of an image, x is {}",
                    x.shape());
  std::vector<double> mean, scale;
  Tensor y = normalise_rows("instance_norm", x, rows, weight, bias, options.eps, &mean, &scale);
  if (x.numel() == 0) return y;
  if (running_mean.defined()) update(running_mean, mean, options.momentum);
  if (running_var.defined()) {
    const auto n = static_cast<double>(rows.n);
    for (double& value : scale) value = (1 / (value * value) - options.eps) * n / (n - 1);
    update(running_var, scale, options.momentum);
  }
  return y;
}

Tensor local_response_norm(const Tensor& x, int64_t size, const LocalResponseNormOptions& options) {
  checked_floating("local_response_norm", x);
  check<ShapeError>(x.dim() >= 3, "local_response_norm: expects x [N,C,L] or more dimensions, got {}", x.shape());
  check<ValueError>(size >= 1, "local_response_norm: size expects at least 1, got {}", size);
  Tensor squares = movedim(x * x, 1, -1), padded = pad(squares, {size / 2, (size - 1) / 2});
  Tensor total = narrow(padded, -1, 0, x.shape()[1]);
  for (int64_t i = 1; i < size; ++i) total = total + narrow(padded, -1, i, x.shape()[1]);
  Tensor divisor = pow(total * (options.alpha / static_cast<double>(size)) + options.k, options.beta);
  return x / movedim(divisor, -1, 1);
}

}  // namespace korrel
