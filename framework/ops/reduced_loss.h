// The first and the last step of every loss: the checks, and mean, sum or one value for each element. Internal to the
// losses.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/ops/reduction.h>

namespace korrel {

void check_floating_loss(const char* op, const Tensor& x);  // throws DtypeError
// Throws ShapeError or DtypeError unless `other`, called `name` in the message, is like x.
void check_same(const char* op, const Tensor& x, const Tensor& other, const char* name = "target");

inline Tensor reduced(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::mean) return mean(losses);
  return reduction == Reduction::sum ? sum(losses) : losses;
}

}  // namespace korrel
