// The derivatives of log(gamma), one number at a time: order 0 is digamma, 1 trigamma, ... For ops/special.cpp.
#pragma once

namespace korrel::kernels {

// d^(order + 1) / dx^(order + 1) log(gamma(x)). At the poles: order 0 gives -inf at 0 and NaN at negative integers, as
// PyTorch.
double polygamma(int order, double x);

}  // namespace korrel::kernels
