// Activation functions: element by element, the shape stays; floating tensors only (DtypeError). Names, defaults and
// slopes at the kinks are PyTorch's. sigmoid and tanh are in ops/elementwise.h, softmax in ops/softmax.h.
#pragma once

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// max(x, 0). Slope 0 at 0.
Tensor relu(Tensor x);

// min(max(x, 0), 6). Slope 0 at both bounds.
Tensor relu6(const Tensor& x);

// x above 0, negative_slope x from there down.
struct LeakyReluOptions {
  double negative_slope = 0.01;
};
Tensor leaky_relu(const Tensor& x, const LeakyReluOptions& options = {});

// As leaky_relu with a learnt slope: weight of one element for all, or one per channel (dimension 1 of x).
Tensor prelu(const Tensor& x, const Tensor& weight);

// x above 0, alpha (e^x - 1) from there down.
struct EluOptions {
  double alpha = 1;
};
Tensor elu(const Tensor& x, const EluOptions& options = {});

// 1.0507 elu(x, 1.6733): keeps mean 0 and variance 1 (Klambauer et al. 2017).
Tensor selu(const Tensor& x);

// x above 0, alpha (e^(x / alpha) - 1) from there down.
struct CeluOptions {
  double alpha = 1;
};
Tensor celu(const Tensor& x, const CeluOptions& options = {});

// x times the normal distribution function; `tanh` is the usual approximation of it (Hendrycks and Gimpel 2016).
enum class Approximate { none, tanh };
struct GeluOptions {
  Approximate approximate = Approximate::none;
};
Tensor gelu(const Tensor& x, const GeluOptions& options = {});

Tensor silu(const Tensor& x);  // x sigmoid(x)
Tensor mish(const Tensor& x);  // x tanh(log(1 + e^x))

// (log(1 + e^(beta x))) / beta; x itself where beta x > threshold.
struct SoftplusOptions {
  double beta = 1;
  double threshold = 20;
};
Tensor softplus(const Tensor& x, const SoftplusOptions& options = {});
Tensor logsigmoid(const Tensor& x);  // log(sigmoid(x)) without overflow
Tensor softsign(const Tensor& x);    // x / (1 + |x|)
Tensor tanhshrink(const Tensor& x);  // x - tanh(x)

// Straight lines in place of the curves of silu and sigmoid.
Tensor hardswish(const Tensor& x);    // x relu6(x + 3) / 6
Tensor hardsigmoid(const Tensor& x);  // relu6(x + 3) / 6

// x between the bounds, the bounds beyond. Slope 0 at both.
struct HardtanhOptions {
  double min_val = -1;
  double max_val = 1;
};
Tensor hardtanh(const Tensor& x, const HardtanhOptions& options = {});

// 0 for |x| <= lambd; beyond, x itself (hard) or x moved towards 0 by lambd (soft).
struct ShrinkOptions {
  double lambd = 0.5;
};
Tensor hardshrink(const Tensor& x, const ShrinkOptions& options = {});
Tensor softshrink(const Tensor& x, const ShrinkOptions& options = {});

// x above `threshold`, `value` from there down.
Tensor threshold(const Tensor& x, double threshold, double value);

// The first half of x along `dim` times the sigmoid of the second; throws ShapeError if the size is odd.
Tensor glu(const Tensor& x, int64_t dim = -1);

}  // namespace korrel
