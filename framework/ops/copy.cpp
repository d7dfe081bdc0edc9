// Tensor::contiguous, clone and to(dtype): the same elements in memory of their own.
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/kernels/convert.h>
#include <korrel/framework/ops/copy_elements.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {
namespace {

Tensor copied(const Tensor& x, DType dtype) {
  Tensor y = make_tensor(x.shape(), dtype);
  if (dtype == x.dtype())
    copy_elements(y, x);
  else
    kernels::convert(dtype, y.raw_data(), x.dtype(), x.raw_data(), x.shape(), x.strides());
  return y;
}

// The engine converts a gradient to the dtype of the input, so all of these share one gradient.
Tensor record_copy(const char* op, const Tensor& y, const Tensor& x) {
  return record(op, y, {x}, [](const Backward& b) -> Gradients { return {b.grad}; });
}

}  // namespace

Tensor Tensor::contiguous() const {
  check_defined("contiguous", *this);
  if (is_contiguous()) return *this;
  return record_copy("contiguous", copied(*this, dtype()), *this);
}
Tensor Tensor::clone() const {
  check_defined("clone", *this);
  return record_copy("clone", copied(*this, dtype()), *this);
}
Tensor Tensor::to(DType dtype) const {
  check_defined("to", *this);
  if (dtype == this->dtype()) return *this;
  return record_copy("to", copied(*this, dtype), *this);
}

}  // namespace korrel
