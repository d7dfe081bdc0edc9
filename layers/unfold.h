// Sliding windows as columns and back, as in torch.nn: no weights, the windows and a call of the op in
// framework/ops/unfold.h.
#pragma once

#include <korrel/framework/ops/unfold.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

// x [N,C,H,W] -> [N,C kh kw,L].
struct Unfold : Module {
  explicit Unfold(const PerAxis& kernel_size, const UnfoldOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  PerAxis kernel_size;
  UnfoldOptions options;
  KORREL_MODULE()
};

// x [N,C kh kw,L] -> [N,C,H,W], H, W = output_size.
struct Fold : Module {
  Fold(const PerAxis& output_size, const PerAxis& kernel_size, const UnfoldOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  PerAxis output_size, kernel_size;
  UnfoldOptions options;
  KORREL_MODULE()
};

}  // namespace korrel::nn
