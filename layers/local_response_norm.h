// LocalResponseNorm (Krizhevsky et al. 2012), as in torch.nn; formula: framework/ops/normalization.h.
#pragma once

#include <korrel/framework/ops/normalization.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

// x [N,C,...] -> the same shape, divided by a power of the mean square over `size` neighbouring channels.
struct LocalResponseNorm : Module {
  explicit LocalResponseNorm(int64_t size, const LocalResponseNormOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t size;
  LocalResponseNormOptions options;
  KORREL_MODULE()
};

}  // namespace korrel::nn
