// Activations that draw random numbers: rrelu and gumbel_softmax. What is drawn depends on the generator's seed and
// draw and on the element's number alone: the same for f32 and f64 and for any number of threads. One draw a call.
#pragma once

#include <korrel/framework/tensor/random.h>

namespace korrel {

struct RreluOptions {
  double lower = 1.0 / 8, upper = 1.0 / 3;
  bool training = false;  // false: leaky_relu with the slope (lower + upper) / 2, and no draw
};
// x above 0, r x from there down with r uniform in [lower, upper) for each element (Xu et al. 2015).
Tensor rrelu(const Tensor& x, const RreluOptions& options = {}, Generator& generator = default_generator());

struct GumbelSoftmaxOptions {
  double tau = 1;     // temperature, positive: towards 0 the result comes near to one-hot
  bool hard = false;  // one-hot itself, with the gradient of the soft result
  int64_t dim = -1;
};
// A soft sample of the classes along `dim`, distributed as softmax(x) (Jang et al. 2017): softmax((x + g) / tau), g =
// -log(-log(u)).
Tensor gumbel_softmax(const Tensor& x, const GumbelSoftmaxOptions& options = {},
                      Generator& generator = default_generator());

}  // namespace korrel
