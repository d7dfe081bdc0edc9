// Keeps gradients from being too large before a step, as torch.nn.utils.clip_grad_norm_ and clip_grad_value_.
// Parameters without a gradient are skipped.
#pragma once

#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel::optim {

struct ClipNormOptions {
  double norm_type = 2;             // infinity for the largest absolute value
  bool error_if_nonfinite = false;  // throw ValueError when the norm is NaN or infinite
};

// Scales all gradients by one factor so that the norm of all of them together is at most max_norm; returns the norm
// before.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, const ClipNormOptions& options = {});

// Clamps every element to [-clip_value, clip_value].
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);

}  // namespace korrel::optim
