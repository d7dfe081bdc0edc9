// Initial values for weights, as torch.nn.init: each fills a contiguous floating tensor in place, outside any graph,
// and returns it. Random ones draw from the generator given, else from the default one (seed 0, see tensor/random.h).
// What layers start from by themselves is PyTorch's default, default_init_.
#pragma once

#include <optional>
#include <string_view>

#include <korrel/framework/tensor/random.h>

namespace korrel::nn::init {
// Independent numbers: uniform in [low, high), or normal.
Tensor& uniform_(Tensor& x, double low = 0, double high = 1, Generator& generator = default_generator());
Tensor& normal_(Tensor& x, double mean = 0, double std = 1, Generator& generator = default_generator());
// Normal, but redrawn (by inverting its distribution function) to lie in [low, high].
Tensor& trunc_normal_(Tensor& x, double mean = 0, double std = 1, double low = -2, double high = 2,
                      Generator& generator = default_generator());
Tensor& constant_(Tensor& x, double value);  // value everywhere
Tensor& zeros_(Tensor& x);                   // 0 everywhere
Tensor& ones_(Tensor& x);                    // 1 everywhere
Tensor& eye_(Tensor& x);                     // a matrix, 1 on the diagonal
// Weights [K,C/groups,R...] with which a convolution passes its first channels through unchanged.
Tensor& dirac_(Tensor& x, int64_t groups = 1);

// Glorot & Bengio 2010: variance gain^2 2 / (fan_in + fan_out).
Tensor& xavier_uniform_(Tensor& x, double gain = 1, Generator& generator = default_generator());
Tensor& xavier_normal_(Tensor& x, double gain = 1, Generator& generator = default_generator());

struct KaimingOptions {
  double a = 0;                                  // slope of leaky_relu
  std::string_view mode = "fan_in";              // or "fan_out"
  std::string_view nonlinearity = "leaky_relu";  // as for calculate_gain
};
// He et al. 2015: variance gain^2 / fan.
Tensor& kaiming_uniform_(Tensor& x, const KaimingOptions& options = {}, Generator& generator = default_generator());
Tensor& kaiming_normal_(Tensor& x, const KaimingOptions& options = {}, Generator& generator = default_generator());

// Saxe et al. 2013: rows (or columns, whichever are fewer) orthonormal, times gain. Needs two dimensions or more.
Tensor& orthogonal_(Tensor& x, double gain = 1, Generator& generator = default_generator());
// Martens 2010: a matrix with the share `sparsity` of each column zero, the rest normal.
Tensor& sparse_(Tensor& x, double sparsity, double std = 0.01, Generator& generator = default_generator());

// The factor that keeps the variance through a nonlinearity: "linear", "conv1d" ... "conv_transpose3d", "sigmoid",
// "tanh", "relu", "leaky_relu" (param: its slope, 0.01), "selu".
double calculate_gain(std::string_view nonlinearity, std::optional<double> param = {});

struct Fans {
  int64_t fan_in, fan_out;
};
Fans calculate_fan_in_and_fan_out(const Tensor& weight);  // of [out,in,...], else ShapeError. PyTorch: none

// How PyTorch's linear and convolution layers start: weight and bias uniform within 1 / sqrt(fan_in). An undefined bias
// is skipped. PyTorch: none
void default_init_(Tensor& weight, Tensor& bias, Generator& generator = default_generator());

}  // namespace korrel::nn::init
