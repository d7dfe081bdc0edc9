// check_defined(op, x): every op's first check, that its operands are tensors at all. A default-made Tensor() stands
// for an absent one and is welcome only where an argument is optional: those are not checked. For sources of ops and
// layers.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct NamedOperand {
  const Tensor& tensor;
  const char* name;  // of the argument
};

[[noreturn]] void fail_undefined(const char* op, const std::string& name);

// x itself; or throws ValueError: "sort: x is undefined".
inline const Tensor& check_defined(const char* op, const Tensor& x, const char* name = "x") {
  if (!x.defined()) [[unlikely]]
    fail_undefined(op, name);
  return x;
}
// check_defined("where", {{condition, "condition"}, {a, "a"}, {b, "b"}}): the first that is undefined is told.
inline void check_defined(const char* op, std::initializer_list<NamedOperand> operands) {
  for (const NamedOperand& operand : operands) check_defined(op, operand.tensor, operand.name);
}
// "cat: tensor 1 is undefined".
void check_defined(const char* op, const std::vector<Tensor>& tensors, const char* name = "tensor");

// x's dtype; throws DtypeError unless it is floating.
DType checked_floating(const char* op, const Tensor& x);
// Dimension `dim` of x, counted from the front; throws ShapeError where it is out of range.
int wrap_dim(const char* op, int64_t dim, const Tensor& x);

}  // namespace korrel
