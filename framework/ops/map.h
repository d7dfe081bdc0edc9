// map: computes an elementwise op on tensors and numbers: converts them to the type computed with, broadcasts,
// allocates the result, runs the kernel. No graph: the op records itself. For sources of ops only.
#pragma once

#include <array>
#include <initializer_list>

#include <korrel/framework/base/scalar.h>
#include <korrel/framework/kernels/elementwise.h>
#include <korrel/framework/ops/operand_check.h>

namespace korrel {

// An operand: a tensor, referred to, or a number.
struct Operand {
  Operand(const Tensor& x) : tensor(&x) {}
  Operand(const Scalar& x) : number(x) {}
  static Operand as_is(const Tensor& x) {  // keeps its own dtype
    Operand operand(x);
    operand.converted = false;
    return operand;
  }
  const Tensor* tensor = nullptr;
  Scalar number = 0;
  bool converted = true;
};

struct MapOptions {
  std::array<double, 4> params = {};  // the functor's numbers
  int64_t cost = 1;                   // of an element, in additions: decides when threads pay
};

// `dtype`: what the operands are converted to and computed in, and the dtype of the result. Where `onto` is defined, it
// becomes the result: it is one of the operands, as they are computed with, or overlaps none.
Tensor map(const char* op, kernels::Kernel kernel, DType dtype, std::initializer_list<Operand> operands,
           const MapOptions& options = {}, Tensor onto = {});
// The result is bool; `dtype` is that of the operands.
Tensor map_predicate(const char* op, kernels::Kernel kernel, DType dtype, std::initializer_list<Operand> operands);
// One tensor, in its floating type (f32 for integers).
Tensor map_floating(const char* op, kernels::Kernel kernel, const Tensor& x, const MapOptions& options = {});
// The same for an op that takes its argument by value and whose gradient is made from its result: the result takes the
// place of x's elements where nobody else holds them, as in tanh(conv(x)). That spares a large x a pass through memory.
Tensor map_in_place(const char* op, kernels::Kernel kernel, Tensor& x, const MapOptions& options = {});

}  // namespace korrel
