// batch_norm of ops/normalization.h.
#include <cmath>
#include <vector>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/cached_vector.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/batch_norm.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

using kernels::ChannelGeometry;

// x as the kernels want it: [n, channels, size], dense. Runs shorter than two vectors would leave most lanes idle:
// there the channels are moved to the front, and n is 1.
class Channels {
 public:
  explicit Channels(const Shape& shape) : shape_(shape) {
    geometry_ = {shape[0], shape[1], 1};
    for (int i = 2; i < shape.rank(); ++i) geometry_.size *= shape[i];
    moved_ = geometry_.size < 32 && geometry_.n > 1;
    if (moved_) geometry_ = {1, geometry_.channels, geometry_.n * geometry_.size};
  }

  const ChannelGeometry& geometry() const { return geometry_; }
  int64_t count() const { return geometry_.n * geometry_.size; }  // values of a channel
  Tensor into(const Tensor& x) const { return (moved_ ? x.detach().transpose(0, 1) : x.detach()).contiguous(); }
  Tensor make(DType dtype) const {
    Shape shape = shape_;
    if (moved_) std::swap(shape[0], shape[1]);
    return make_tensor(shape, dtype);
  }
  Tensor back(const Tensor& y) const { return moved_ ? y.transpose(0, 1).contiguous() : y; }

  Dims others() const {  // the dimensions that the statistics go over
    Dims dims{0};
    for (int i = 2; i < shape_.rank(); ++i) dims.push_back(i);
    return dims;
  }
  Shape along() const {  // a parameter's shape to broadcast to x
    Shape shape = Shape::filled(shape_.rank(), 1);
    shape[1] = shape_[1];
    return shape;
  }

 private:
  Shape shape_;
  ChannelGeometry geometry_;
  bool moved_;
};

void check_parameter(const Tensor& x, const Tensor& parameter, const char* name) {
  if (!parameter.defined()) return;
  check<ShapeError>(parameter.shape() == Shape{x.shape()[1]},
                    "batch_norm: {} expects shape [{}], one for each channel of x {}, got {}", name, x.shape()[1],
                    x.shape(), parameter.shape());
  check<DtypeError>(parameter.dtype() == x.dtype(), "batch_norm: {} is {}, x is {}", name, parameter.dtype(),
                    x.dtype());
}

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

Tensor dense_or_undefined(const Tensor& x) { return x.defined() ? x.detach().contiguous() : Tensor(); }

// running = (1 - momentum) running + momentum batch.
void update(Tensor& running, const CachedVector<double>& batch, double momentum, double factor) {
  visit_floating(running.dtype(), [&]<class T>() {
    T* values = running.data<T>();
    for (std::size_t c = 0; c < batch.size(); ++c)
      values[c] = static_cast<T>((1 - momentum) * static_cast<double>(values[c]) + momentum * factor * batch[c]);
  });
}

// The gradients as ops, for gradients of gradients.
Gradients gradients_in_ops(const Backward& b, const Channels& channels, const Tensor& x, const Tensor& weight,
                           double eps, bool training, const CachedVector<double>& mean_values,
                           const CachedVector<double>& scale_values) {
  Dims over = channels.others();
  Tensor scale, centred;
  if (training) {
    centred = x - mean(x, over, {.keepdim = true});
    scale = rsqrt(mean(centred * centred, over, {.keepdim = true}) + eps);
  } else {
    auto along = [&](const CachedVector<double>& values) {
      return from_vector(std::vector<double>(values.begin(), values.end()), channels.along()).to(x.dtype());
    };
    centred = x - along(mean_values);
    scale = along(scale_values);
  }
  Tensor normal = centred * scale, gx;
  if (b.needs(0)) {
    Tensor g = weight.defined() ? b.grad * weight.reshape(channels.along()) : b.grad;
    if (training) {
      Tensor mean_g = mean(g, over, {.keepdim = true}), mean_gn = mean(g * normal, over, {.keepdim = true});
      g = g - mean_g - normal * mean_gn;
    }
    gx = g * scale;
  }
  return {gx, b.needs(1) ? sum(b.grad * normal, over) : Tensor(), b.needs(2) ? sum(b.grad, over) : Tensor()};
}

}  // namespace

Tensor batch_norm(const Tensor& x, Tensor running_mean, Tensor running_var, const Tensor& weight, const Tensor& bias,
                  const BatchNormOptions& options) {
  checked_floating("batch_norm", x);
  check<ShapeError>(x.dim() >= 2, "batch_norm: expects x [N,C] or [N,C,...], got {}", x.shape());
  check_parameter(x, weight, "weight");
  check_parameter(x, bias, "bias");
  check_parameter(x, running_mean, "running_mean");
  check_parameter(x, running_var, "running_var");
  Channels channels(x.shape());
  const auto count = static_cast<double>(channels.count());
  if (options.training) {
    check<ValueError>(count != 1, "batch_norm: needs more than one value for each channel in training, x is {}",
                      x.shape());
  } else {
    check<ValueError>(running_mean.defined() && running_var.defined(),
                      "batch_norm: evaluation needs running_mean and running_var, {} is undefined",
                      running_mean.defined() ? "running_var" : "running_mean");
  }
  if (x.numel() == 0) {  // no statistics; the graph still reaches every parameter
    Tensor y = weight.defined() ? x * weight.reshape(channels.along()) : x * 1;
    return bias.defined() ? y + bias.reshape(channels.along()) : y;
  }

  CachedVector<double> mean(static_cast<std::size_t>(x.shape()[1])), scale(mean.size());
  Tensor dense = channels.into(x), y = channels.make(x.dtype());
  Tensor w = dense_or_undefined(weight), b = dense_or_undefined(bias);
  visit_floating(x.dtype(), [&]<class T>() {
    if (options.training) {
      kernels::batch_norm<T>(channels.geometry(), dense.data<T>(), data_or_null<T>(w), data_or_null<T>(b), options.eps,
                             mean.data(), scale.data(), y.data<T>());
    } else {
      const std::vector<double> means = running_mean.to_vector(), variances = running_var.to_vector();
      mean.assign(means.begin(), means.end());
      scale.assign(variances.begin(), variances.end());
    }
    if (options.training && running_mean.defined()) update(running_mean, mean, options.momentum, 1);
    if (options.training && running_var.defined()) update(running_var, scale, options.momentum, count / (count - 1));
    for (double& value : scale) value = 1 / std::sqrt(value + options.eps);
    if (!options.training)
      kernels::channel_affine<T>(channels.geometry(), dense.data<T>(), mean.data(), scale.data(), data_or_null<T>(w),
                                 data_or_null<T>(b), y.data<T>());
  });
  // The kernels' own copy of x is kept only where it is no copy.
  Tensor kept = dense.raw_data() == x.raw_data() ? dense : Tensor();
  return record("batch_norm", channels.back(y), {x, weight, bias},
                [x, kept, weight, channels, mean, scale, options](const Backward& back) -> Gradients {
                  if (grad_enabled())
                    return gradients_in_ops(back, channels, x, weight, options.eps, options.training, mean, scale);
                  Tensor source = kept.defined() ? kept : channels.into(x), gy = channels.into(back.grad),
                         w = dense_or_undefined(weight);
                  Tensor gx = back.needs(0) ? channels.make(x.dtype()) : Tensor();
                  Tensor gweight = back.needs(1) ? make_tensor({x.shape()[1]}, x.dtype()) : Tensor();
                  Tensor gbias = back.needs(2) ? make_tensor({x.shape()[1]}, x.dtype()) : Tensor();
                  visit_floating(x.dtype(), [&]<class T>() {
                    kernels::batch_norm_gradient<T>(
                        channels.geometry(), source.data<T>(), gy.data<T>(), data_or_null<T>(w), mean.data(),
                        scale.data(), !options.training, gx.defined() ? gx.data<T>() : nullptr,
                        gweight.defined() ? gweight.data<T>() : nullptr, gbias.defined() ? gbias.data<T>() : nullptr);
                  });
                  return {gx.defined() ? channels.back(gx) : gx, gweight, gbias};
                });
}

}  // namespace korrel
