// Power-average pooling, as in torch.nn; formula: framework/ops/lp_pool.h.
#pragma once

#include <korrel/framework/ops/lp_pool.h>
#include <korrel/layers/pooling.h>

namespace korrel::nn {

class LPPoolNd : public WindowPool {
 public:
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 protected:
  LPPoolNd(const char* layer, int axes, double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options);

 private:
  double norm_type_;
  LpPoolOptions options_;
};
struct LPPool1d : LPPoolNd {  // (sum over the window of x^p)^(1/p), p = norm_type: x [N,C,L] or [C,L]
  LPPool1d(double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options = {});
  KORREL_MODULE()
};
struct LPPool2d : LPPoolNd {  // (sum over the window of x^p)^(1/p), p = norm_type: x [N,C,H,W] or [C,H,W]
  LPPool2d(double norm_type, const PerAxis& kernel_size, const LpPoolOptions& options = {});
  KORREL_MODULE()
};

}  // namespace korrel::nn
