#include <korrel/framework/ops/operand_check.h>

#include <korrel/framework/base/check.h>

namespace korrel {

void fail_undefined(const char* op, const std::string& name) { fail<ValueError>("{}: {} is undefined", op, name); }

void check_defined(const char* op, const std::vector<Tensor>& tensors, const char* name) {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (!tensors[i].defined()) fail_undefined(op, name + (" " + std::to_string(i)));
}

DType checked_floating(const char* op, const Tensor& x) {
  check_defined(op, x);
  check<DtypeError>(is_floating(x.dtype()), "{}: expects a floating tensor, x is {}", op, x.dtype());
  return x.dtype();
}

int wrap_dim(const char* op, int64_t dim, const Tensor& x) {
  check_defined(op, x);
  return wrap_dim(op, dim, x.dim());
}

}  // namespace korrel
