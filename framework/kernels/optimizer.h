// One optimizer step on one parameter, fused: weight, gradient and state pass through the vector registers once. The
// rules' numbers are computed in double by optim/, whose sources say which paper and which version of PyTorch they
// follow. Knows no Tensor; all arrays have n elements of T and do not overlap.
#pragma once

#include <cstdint>

namespace korrel::kernels {

// In every rule g = sign * gradient + decay * w, with sign = numbers[0], decay = numbers[1]; what follows is
// numbers[2]... s0, s1, s2 are the states in the order of their use. a += b means a is updated before it is read
// further on.
enum class OptimizerRule {
  sgd,           // momentum, fresh, lr, nesterov: s0 = momentum s0 + fresh g; w -= lr (nesterov ? g + momentum s0 : s0)
  sgd_plain,     // lr: w -= lr g
  adam,          // b1, b2, step, root, eps, shrink: w *= shrink; s0 = b1 s0 + (1-b1) g; s1 = b2 s1 + (1-b2) g^2;
                 //   w -= step s0 / (sqrt(s1) root + eps)
  adam_amsgrad,  // the same with s2 = max(s2, s1) under the root
  nadam,         // b1, b2, g_step, m_step, bias2, eps: w -= (g_step g + m_step s0) / (sqrt(s1 / bias2) + eps)
  radam,         // b1, b2, step, adaptive, eps: w -= step s0 (adaptive > 0 ? adaptive / (sqrt(s1) + eps) : 1)
  adamax,        // b1, b2, step, eps: s1 = max(b2 s1, |g| + eps); w -= step s0 / s1
  rmsprop,       // alpha, eps, lr: s0 = alpha s0 + (1-alpha) g^2; w -= lr g / (sqrt(s0) + eps)
  rmsprop_momentum,  // alpha, eps, lr, momentum: s1 = momentum s1 + g / (...); w -= lr s1
  rmsprop_centered,  // as rmsprop_momentum, with s2 = alpha s2 + (1-alpha) g and sqrt(s0 - s2^2)
  adagrad,           // step, eps: s0 += g^2; w -= step g / (sqrt(s0) + eps)
  adadelta,          // rho, eps, lr: s0 = rho s0 + (1-rho) g^2; d = sqrt(s1 + eps) / sqrt(s0 + eps) g;
                     //   s1 = rho s1 + (1-rho) d^2; w -= lr d
  asgd,              // shrink, eta, mu: w = shrink w - eta g; s0 += mu (w - s0)
  rprop,             // down, up, smallest, largest: s0 the last gradient, s1 the step sizes
};

struct ParameterArrays {
  int64_t n;
  void* weight;
  const void* gradient;
  void* state[3];  // those that the rule has
};

inline constexpr int max_optimizer_numbers = 8;

// T is float or double. Runs on several threads where that pays; each element is computed alike on any number of them.
template <class T>
void optimizer_step(OptimizerRule rule, const ParameterArrays& arrays, const double (&numbers)[max_optimizer_numbers]);

}  // namespace korrel::kernels
