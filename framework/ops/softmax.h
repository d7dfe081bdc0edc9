// Softmax along one dimension, and its logarithm: fused, and stable for any finite x. A line that holds -inf only, or
// an inf, gives NaN, as in PyTorch. The cross entropy, which needs neither of them in memory, is in ops/loss.h.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

Tensor softmax(const Tensor& x, int64_t dim);      // exp(x) / sum(exp(x)); floating x only, here and below
Tensor log_softmax(const Tensor& x, int64_t dim);  // log(softmax(x)), exact where softmax would be 0
Tensor softmin(const Tensor& x, int64_t dim);      // softmax(-x)

}  // namespace korrel
