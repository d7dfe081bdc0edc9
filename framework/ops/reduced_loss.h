// The first and the last step of every loss: the checks, and mean, sum or one value for each element. Internal to the losses.
#pragma once

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/options.h>
#include <korrel/framework/ops/reduction.h>

namespace korrel {

inline void check_floating_loss(const char* op, const Tensor& x) {
  check<DtypeError>(is_floating(x.dtype()), "{}: expects a floating x, got {}", op, x.dtype());
}

inline void check_same(const char* op, const Tensor& x, const Tensor& other, const char* name = "target") {
  check_floating_loss(op, x);
  check<ShapeError>(x.shape() == other.shape(), "{}: {} expects x's shape {}, got {}", op, name, x.shape(), other.shape());
  check<DtypeError>(x.dtype() == other.dtype(), "{}: {} is {}, x is {}", op, name, other.dtype(), x.dtype());
}

inline Tensor reduced(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::mean) return mean(losses);
  return reduction == Reduction::sum ? sum(losses) : losses;
}

}  // namespace korrel
