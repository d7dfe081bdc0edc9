#include <korrel/framework/ops/reduced_loss.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/operand_check.h>

namespace korrel {

void check_floating_loss(const char* op, const Tensor& x) {
  check_defined(op, x);
  check<DtypeError>(is_floating(x.dtype()), "{}: expects a floating x, got {}", op, x.dtype());
}

void check_same(const char* op, const Tensor& x, const Tensor& other, const char* name) {
  check_floating_loss(op, x);
  check_defined(op, other, name);
  check<ShapeError>(x.shape() == other.shape(), "{}: {} expects x's shape {}, got {}", op, name, x.shape(),
                    other.shape());
  check<DtypeError>(x.dtype() == other.dtype(), "{}: {} is {}, x is {}", op, name, other.dtype(), x.dtype());
}

}  // namespace korrel
