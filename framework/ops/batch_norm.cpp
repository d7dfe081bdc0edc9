// batch_norm and batch_norm_relu of ops/normalization.h.
#include <cmath>
#include <vector>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/cached_vector.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/batch_norm.h>
#include <korrel/framework/kernels/column_norm.h>
#include <korrel/framework/ops/activation.h>
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
// there the channels are moved to the front, and n is 1; unless all steps know the columns of a matrix.
class Channels {
 public:
  Channels(const Shape& shape, bool columns_only) : shape_(shape) {
    geometry_ = {shape[0], shape[1], 1};
    for (int i = 2; i < shape.rank(); ++i) geometry_.size *= shape[i];
    moved_ = geometry_.size < 32 && geometry_.n > 1 && !columns_only;
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

void check_parameter(const char* op, const Tensor& x, const Tensor& parameter, const char* name) {
  if (!parameter.defined()) return;
  check<ShapeError>(parameter.shape() == Shape{x.shape()[1]},
                    "{}: {} expects shape [{}], one for each channel of x {}, got {}", op, name, x.shape()[1],
                    x.shape(), parameter.shape());
  check<DtypeError>(parameter.dtype() == x.dtype(), "{}: {} is {}, x is {}", op, name, parameter.dtype(), x.dtype());
}

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

template <class T>
T* data_or_null(Tensor& x) {
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

// The gradient of relu, from its result.
Tensor passed(const Tensor& grad, const Tensor& result) { return masked_fill(grad, result <= 0, 0); }

// The gradients of batch_norm as ops, for gradients of gradients.
Gradients gradients_in_ops(const Backward& b, const Tensor& grad, const Channels& channels, const Tensor& x,
                           const Tensor& weight, double eps, bool training, const CachedVector<double>& mean_values,
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
    Tensor g = weight.defined() ? grad * weight.reshape(channels.along()) : grad;
    if (training) {
      Tensor mean_g = mean(g, over, {.keepdim = true}), mean_gn = mean(g * normal, over, {.keepdim = true});
      g = g - mean_g - normal * mean_gn;
    }
    gx = g * scale;
  }
  return {gx, b.needs(1) ? sum(grad * normal, over) : Tensor(), b.needs(2) ? sum(grad, over) : Tensor()};
}

// What relu and residual make of batch_norm; residual may be undefined.
struct Follow {
  bool relu = false;
  Tensor residual;
};

Tensor normalise(const char* op, const Tensor& x, Tensor running_mean, Tensor running_var, const Tensor& weight,
                 const Tensor& bias, const BatchNormOptions& options, const Follow& follow) {
  checked_floating(op, x);
  check<ShapeError>(x.dim() >= 2, "{}: expects x [N,C] or [N,C,...], got {}", op, x.shape());
  check_parameter(op, x, weight, "weight");
  check_parameter(op, x, bias, "bias");
  check_parameter(op, x, running_mean, "running_mean");
  check_parameter(op, x, running_var, "running_var");
  const Tensor& residual = follow.residual;
  check<ShapeError>(!residual.defined() || residual.shape() == x.shape(),
                    "{}: residual expects the shape of x {}, got {}", op, x.shape(),
                    residual.defined() ? residual.shape() : Shape());
  check<DtypeError>(!residual.defined() || residual.dtype() == x.dtype(), "{}: residual is {}, x is {}", op,
                    residual.defined() ? residual.dtype() : x.dtype(), x.dtype());
  const bool columns = x.dim() == 2;  // normalised where it lies, column by column
  if (columns && follow.relu) {
    Tensor y = normalise(op, x, running_mean, running_var, weight, bias, options, {});
    return relu(residual.defined() ? y + residual : y);
  }
  Channels channels(x.shape(), columns);
  const auto count = static_cast<double>(channels.count());
  if (options.training) {
    check<ValueError>(count != 1, "{}: needs more than one value for each channel in training, x is {}", op, x.shape());
  } else {
    check<ValueError>(running_mean.defined() && running_var.defined(),
                      "{}: evaluation needs running_mean and running_var, {} is undefined", op,
                      running_mean.defined() ? "running_var" : "running_mean");
  }
  if (x.numel() == 0) {  // no statistics; the graph still reaches every parameter
    Tensor y = weight.defined() ? x * weight.reshape(channels.along()) : x * 1;
    if (bias.defined()) y = y + bias.reshape(channels.along());
    return residual.defined() ? y + residual : y;
  }

  CachedVector<double> mean(static_cast<std::size_t>(x.shape()[1])), scale(mean.size());
  Tensor dense = channels.into(x), y = channels.make(x.dtype());
  Tensor w = dense_or_undefined(weight), b = dense_or_undefined(bias);
  Tensor added = residual.defined() ? channels.into(residual) : Tensor();
  visit_floating(x.dtype(), [&]<class T>() {
    const kernels::Rectified<T> rectified{follow.relu, data_or_null<T>(std::as_const(added))};
    if (options.training && columns) {
      kernels::column_statistics<T>(x.size(0), x.size(1), dense.data<T>(), mean.data(), scale.data());
    } else if (options.training) {
      kernels::batch_norm<T>(channels.geometry(), dense.data<T>(), data_or_null<T>(w), data_or_null<T>(b), options.eps,
                             rectified, mean.data(), scale.data(), y.data<T>());
    } else {
      const std::vector<double> means = running_mean.to_vector(), variances = running_var.to_vector();
      mean.assign(means.begin(), means.end());
      scale.assign(variances.begin(), variances.end());
    }
    if (options.training && running_mean.defined()) update(running_mean, mean, options.momentum, 1);
    if (options.training && running_var.defined()) update(running_var, scale, options.momentum, count / (count - 1));
    for (double& value : scale) value = 1 / std::sqrt(value + options.eps);
    if (columns)
      kernels::column_affine<T>(x.size(0), x.size(1), dense.data<T>(), mean.data(), scale.data(), data_or_null<T>(w),
                                data_or_null<T>(b), y.data<T>());
    else if (!options.training)
      kernels::channel_affine<T>(channels.geometry(), dense.data<T>(), mean.data(), scale.data(), data_or_null<T>(w),
                                 data_or_null<T>(b), rectified, y.data<T>());
  });
  y = channels.back(y);
  // The kernels' own copy of x is kept only where it is no copy.
  Tensor kept = dense.raw_data() == x.raw_data() ? dense : Tensor();
  return record(
      op, y, {x, weight, bias, residual},
      [x, kept, weight, channels, columns, mean, scale, options,
       result = follow.relu ? y.detach() : Tensor()](const Backward& back) -> Gradients {
        if (grad_enabled()) {
          Tensor grad = result.defined() ? passed(back.grad, result) : back.grad;
          Gradients gradients =
              gradients_in_ops(back, grad, channels, x, weight, options.eps, options.training, mean, scale);
          gradients.push_back(back.needs(3) ? grad : Tensor());
          return gradients;
        }
        Tensor source = kept.defined() ? kept : channels.into(x), gy = channels.into(back.grad),
               w = dense_or_undefined(weight), y = result.defined() ? channels.into(result) : Tensor();
        Tensor gx = back.needs(0) ? channels.make(x.dtype()) : Tensor();
        Tensor gresidual = back.needs(0) && back.needs(3) ? channels.make(x.dtype()) : Tensor();
        Tensor gweight = back.needs(1) ? make_tensor({x.shape()[1]}, x.dtype()) : Tensor();
        Tensor gbias = back.needs(2) ? make_tensor({x.shape()[1]}, x.dtype()) : Tensor();
        visit_floating(x.dtype(), [&]<class T>() {
          if (columns)
            return kernels::column_norm_gradient<T>(
                x.size(0), x.size(1), source.data<T>(), gy.data<T>(), data_or_null<T>(std::as_const(w)), mean.data(),
                scale.data(), !options.training, data_or_null<T>(gx), data_or_null<T>(gweight), data_or_null<T>(gbias));
          kernels::batch_norm_gradient<T>(channels.geometry(), source.data<T>(), gy.data<T>(),
                                          data_or_null<T>(std::as_const(y)), data_or_null<T>(std::as_const(w)),
                                          mean.data(), scale.data(), !options.training, data_or_null<T>(gx),
                                          data_or_null<T>(gresidual), data_or_null<T>(gweight), data_or_null<T>(gbias));
        });
        if (gresidual.defined())
          gresidual = channels.back(gresidual);
        else if (back.needs(3))
          gresidual = passed(back.grad, result);
        return {gx.defined() ? channels.back(gx) : gx, gweight, gbias, gresidual};
      });
}

}  // namespace

Tensor batch_norm(const Tensor& x, Tensor running_mean, Tensor running_var, const Tensor& weight, const Tensor& bias,
                  const BatchNormOptions& options) {
  return normalise("batch_norm", x, running_mean, running_var, weight, bias, options, {});
}

Tensor batch_norm_relu(const Tensor& x, const Tensor& residual, Tensor running_mean, Tensor running_var,
                       const Tensor& weight, const Tensor& bias, const BatchNormOptions& options) {
  return normalise("batch_norm_relu", x, running_mean, running_var, weight, bias, options, {true, residual});
}

}  // namespace korrel
