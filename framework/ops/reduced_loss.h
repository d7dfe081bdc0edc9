// The last step of every loss: mean, sum, or one value for each element. Internal to the losses.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/ops/reduction.h>

namespace korrel {

inline Tensor reduced(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::mean) return mean(losses);
  return reduction == Reduction::sum ? sum(losses) : losses;
}

}  // namespace korrel
