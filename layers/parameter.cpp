#include <korrel/layers/parameter.h>

#include <cstring>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/layers/object_register.h>

namespace korrel::nn {
namespace {

void copy_bytes(const Tensor& from, const Tensor& to) {
  std::memcpy(to.raw_data(), from.raw_data(), static_cast<std::size_t>(from.numel()) * size_of(from.dtype()));
}

Tensor copy_of(const Tensor& other) {  // `other` is contiguous: it is an OwnedTensor
  if (!other.defined()) return {};
  Tensor copy = make_tensor(other.shape(), other.dtype());
  copy_bytes(other, copy);
  return copy.requires_grad_(other.requires_grad());
}

Tensor leaf_on(const Tensor& value) { return value.defined() ? value.detach().contiguous() : Tensor(); }

}  // namespace

OwnedTensor::OwnedTensor(Kind kind) : kind_(kind) { register_object(this, ObjectKind::tensor); }
OwnedTensor::OwnedTensor(Kind kind, const Tensor& value) : Tensor(leaf_on(value)), kind_(kind) {
  register_object(this, ObjectKind::tensor);
}
OwnedTensor::OwnedTensor(const OwnedTensor& other) : Tensor(copy_of(other)), kind_(other.kind_) {
  register_object(this, ObjectKind::tensor);
}
OwnedTensor::OwnedTensor(OwnedTensor&& other) noexcept : Tensor(static_cast<Tensor&&>(other)), kind_(other.kind_) {
  register_object(this, ObjectKind::tensor);
}
OwnedTensor::~OwnedTensor() { unregister_object(this); }

OwnedTensor& OwnedTensor::operator=(const OwnedTensor& other) {
  if (this == &other) return *this;
  if (defined() && other.defined() && shape() == other.shape() && dtype() == other.dtype()) {
    copy_bytes(other, *this);
    requires_grad_(other.requires_grad());
  } else {
    Tensor::operator=(copy_of(other));
  }
  return *this;
}
OwnedTensor& OwnedTensor::operator=(OwnedTensor&& other) noexcept {
  Tensor::operator=(static_cast<Tensor&&>(other));
  return *this;
}

void OwnedTensor::convert_(DType to) {
  if (!defined() || dtype() == to) return;
  NoGradGuard no_grad;
  check<DtypeError>(is_floating(to) || !requires_grad(), "to: a parameter that requires a gradient cannot be {}", to);
  Tensor values = detach().to(to), gradient = grad();
  set_grad({});
  TensorBody& mine = body();
  mine.storage = values.body().storage;
  mine.layout = values.body().layout;
  mine.dtype = to;
  if (gradient.defined() && is_floating(to)) set_grad(gradient.detach().to(to));
}

void OwnedTensor::copy_(const Tensor& values) {
  check<ShapeError>(values.shape() == shape(), "copy_: the values are {}, the tensor {}", values.shape(), shape());
  NoGradGuard no_grad;
  copy_bytes(values.detach().to(dtype()).contiguous(), *this);
}

Parameter::Parameter(const Tensor& value, bool requires_grad) : OwnedTensor(Kind::parameter, value) {
  if (!defined()) return;
  check<DtypeError>(!requires_grad || is_floating(dtype()), "Parameter: only floating tensors are trained, this is {}",
                    dtype());
  requires_grad_(requires_grad);
}

}  // namespace korrel::nn
