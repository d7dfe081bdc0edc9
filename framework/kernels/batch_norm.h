// Batch normalisation on raw memory, fused, f32 and f64, on Highway, with its gradient. Knows no tensors;
// ops/normalization.cpp calls it. Sums run in fixed blocks that are joined in f64: same bits for any number of threads,
// and no loss where the mean is far from zero.
#pragma once

#include <cstdint>

namespace korrel::kernels {

struct ChannelGeometry {
  int64_t n, channels, size;  // x [n, channels, size], contiguous
};

// What follows the normalisation in the same pass: y = relu(normalised + residual). residual: like x, or null for 0.
template <class T>
struct Rectified {
  bool on = false;
  const T* residual = nullptr;
};

// Mean and (biased) variance of each channel, in f64, and y = (x - mean) / sqrt(var + eps) * weight + bias. weight,
// bias: one for each channel, or null for 1 and 0.
template <class T>
void batch_norm(const ChannelGeometry& geometry, const T* x, const T* weight, const T* bias, double eps,
                const Rectified<T>& rectified, double* mean, double* var, T* y);

// The gradient of batch_norm; scale = 1 / sqrt(var + eps). With `fixed`, mean and scale are constants (evaluation). y:
// the result if it was rectified, else null. gx, gweight and gbias may each be null; gresidual too, and it is only
// written along with gx.
template <class T>
void batch_norm_gradient(const ChannelGeometry& geometry, const T* x, const T* gy, const T* y, const T* weight,
                         const double* mean, const double* scale, bool fixed, T* gx, T* gresidual, T* gweight,
                         T* gbias);

// y = (x - mean) * scale * weight + bias, per channel: batch norm in evaluation.
template <class T>
void channel_affine(const ChannelGeometry& geometry, const T* x, const double* mean, const double* scale,
                    const T* weight, const T* bias, const Rectified<T>& rectified, T* y);

}  // namespace korrel::kernels
