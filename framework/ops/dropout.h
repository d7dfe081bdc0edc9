// Dropout: at random, elements or whole channels are set to zero while training, and the rest scaled up so that the
// mean stays (Srivastava et al. 2014). What is dropped depends on the generator's seed and draw and on the element's
// number alone: same bits for any number of threads. Every call that drops takes one draw; in evaluation and for p = 0
// the result is x itself.
#pragma once

#include <korrel/framework/tensor/random.h>

namespace korrel {

struct DropoutOptions {
  double p = 0.5;        // probability of being dropped, in [0, 1] (ValueError); 1 drops everything
  bool training = true;  // false: x as it is
};
// x with each element zero with probability p, the rest divided by 1 - p. Floating x only (DtypeError), as below.
Tensor dropout(const Tensor& x, const DropoutOptions& options = {}, Generator& generator = default_generator());
// As dropout, of whole channels: x [N,C,L] or [C,L]; [N,C,H,W] or [N,C,L]; [N,C,D,H,W] or [C,D,H,W].
Tensor dropout1d(const Tensor& x, const DropoutOptions& options = {}, Generator& generator = default_generator());
Tensor dropout2d(const Tensor& x, const DropoutOptions& options = {}, Generator& generator = default_generator());
Tensor dropout3d(const Tensor& x, const DropoutOptions& options = {}, Generator& generator = default_generator());
// For selu networks: what is dropped gets selu's lowest value, and the result keeps mean 0 and variance 1 (Klambauer et
// al. 2017). feature_: whole channels of x [N,C,...].
Tensor alpha_dropout(const Tensor& x, const DropoutOptions& options = {}, Generator& generator = default_generator());
Tensor feature_alpha_dropout(const Tensor& x, const DropoutOptions& options = {},
                             Generator& generator = default_generator());

}  // namespace korrel
