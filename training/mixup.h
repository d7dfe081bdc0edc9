// Mixup (Zhang et al. 2018): each sample of a batch is blended with another one, and is told to be both. fit() does it
// when asked to; for loops of one's own:
//   auto [x, y, other, share] = training::mixup(batch.x, batch.y, 0.2);
//   Tensor logits = net(x), loss = cross_entropy(logits, y) * share + cross_entropy(logits, other) * (1 - share);
#pragma once

#include <korrel/framework/tensor/random.h>

namespace korrel::training {

struct Mixed {
  Tensor x;          // share * x[i] + (1 - share) * x[j(i)], j a random permutation of the batch
  Tensor y, other;   // the labels of i and of j(i)
  double share = 1;  // in [0, 1]
};

// x f32 or f64 [B, ...], y i64 [B]. One share for the batch, drawn from Beta(alpha, alpha); alpha must be positive
// (ValueError).
Mixed mixup(const Tensor& x, const Tensor& y, double alpha, Generator& generator = default_generator());

// A number from the Beta distribution with both parameters `alpha` > 0.
double draw_beta(double alpha, Generator& generator = default_generator());

}  // namespace korrel::training
