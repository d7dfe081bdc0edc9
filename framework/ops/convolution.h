// Convolution layers' arithmetic (cross-correlation, as in PyTorch), its transpose, and true convolution with a flipped
// kernel. One trilinear form T(x, w, y) = sum y[n,k,o] x[n,c,o*s+r*d-p] w[k,c,r]: the three primitives are its partial
// derivatives and each other's gradients (Dumoulin & Visin 2016), so every order of derivative exists.
#pragma once

#include <korrel/framework/ops/options.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

enum class PaddingMode { zeros, reflect, replicate, circular };

struct ConvOptions {
  PerAxis stride = 1;
  Padding padding = 0;  // "same" puts the odd element at the end
  PerAxis dilation = 1;
  int64_t groups = 1;
  PaddingMode padding_mode = PaddingMode::zeros;
};

// x [N,C,L] or [C,L]; weight [K,C/groups,R]; bias [K] or undefined -> [N,K,L'],
// L' = floor((L + 2 padding - dilation (R - 1) - 1) / stride + 1); likewise in two and three dimensions.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvOptions& options = {});
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvOptions& options = {});
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvOptions& options = {});

struct ConvTransposeOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;
  PerAxis output_padding = 0;
  int64_t groups = 1;
  PerAxis dilation = 1;
};

// x [N,C,L] or [C,L]; weight [C,K/groups,R]; bias [K] -> [N,K,L'],
// L' = (L - 1) stride - 2 padding + dilation (R - 1) + output_padding + 1; likewise in two and three dimensions.
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {});
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {});
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTransposeOptions& options = {});

// As numpy.convolve: full (every overlap), same (the part of full with x's shape that starts at (kernel - 1) / 2),
// valid.
enum class ConvolveMode { full, same, valid };

// x and kernel of one rank, 1 to 3, no batch or channels; the kernel is flipped, or (correlate) not. PyTorch: none
Tensor convolve(const Tensor& x, const Tensor& kernel, ConvolveMode mode = ConvolveMode::full);
Tensor cross_correlate(const Tensor& x, const Tensor& kernel, ConvolveMode mode = ConvolveMode::full);
// The (doubly blocked) Toeplitz matrix M with M @ vec(x) = vec(convolve(x, kernel)), x [x_shape]. PyTorch: none
Tensor convolution_matrix(const Tensor& kernel, const Shape& x_shape, ConvolveMode mode = ConvolveMode::full);

// Convolutions in f32 of many channels at stride 1 with kernels of 3x3 and more (of any depth), 4x4 at stride 2, and
// kernels about three strides wide (11x11 at stride 4) take 16 multiplications instead of 36 (Winograd's minimal
// filtering, as Lavin and Gray 2016): their rounding error is at most 4 times the direct sum's. This switches it off
// for the process; so does KORREL_WINOGRAD=0 in the environment. PyTorch: none
void set_winograd(bool enabled);
bool winograd_enabled();

}  // namespace korrel
