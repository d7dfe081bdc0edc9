#include <korrel/framework/ops/promotion.h>

#include <korrel/framework/ops/operand_check.h>

#include <algorithm>

namespace korrel {
namespace {

int category(DType dtype) { return dtype == boolean ? 0 : is_floating(dtype) ? 2 : 1; }
int rank(DType dtype) { return dtype == boolean ? 0 : dtype == u8 ? 1 : dtype == i64 ? 2 : dtype == f32 ? 3 : 4; }

// `strong` has the higher priority: it yields to `weak` only across categories.
DType yield(DType strong, DType weak) { return category(weak) > category(strong) ? weak : strong; }

}  // namespace

DType promote_types(DType a, DType b) { return rank(a) >= rank(b) ? a : b; }

DType result_type(const char* op, const Tensor& a, const Tensor& b) {
  check_defined(op, {{a, "a"}, {b, "b"}});
  DType s = a.dtype(), t = b.dtype();
  if (s == t) return s;
  bool sized = a.dim() > 0, other_sized = b.dim() > 0;
  if (sized == other_sized) return promote_types(s, t);
  return sized ? yield(s, t) : yield(t, s);
}

DType result_type(const char* op, const Tensor& a, const Scalar& b) {
  check_defined(op, a, "a");
  return yield(a.dtype(), is_floating(b.dtype()) ? f32 : b.dtype());
}
DType result_type(const char* op, const Scalar& a, const Tensor& b) {
  check_defined(op, b, "b");
  return result_type(op, b, a);
}

DType floating_type(DType dtype) { return is_floating(dtype) ? dtype : f32; }

}  // namespace korrel
