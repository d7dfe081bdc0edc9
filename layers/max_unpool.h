// Max pooling undone, as in torch.nn: called with what max_pool*_with_indices gave, and, where several sizes pool to
// the same, with the one that is meant. unpool(pooled.values, pooled.indices, {5, 7}).
#pragma once

#include <korrel/framework/ops/max_unpool.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

struct UnpoolLayerOptions {
  PerAxis stride = {};  // default: the kernel size
  PerAxis padding = 0;
};

class MaxUnpoolNd : public ModuleOf<Tensor(const Tensor&, const Tensor&, const PerAxis&)> {
 public:
  using Module::forward;
  Tensor forward(const Tensor& x, const Tensor& indices, const PerAxis& output_size) override;
  using ModuleOf<Tensor(const Tensor&, const Tensor&, const PerAxis&)>::operator();
  Tensor operator()(const Tensor& x, const Tensor& indices) { return (*this)(x, indices, PerAxis()); }
  std::string extra_repr() const override;

 protected:
  MaxUnpoolNd(const char* layer, int axes, const PerAxis& kernel_size, const UnpoolLayerOptions& options);

 private:
  Dims kernel_size_, stride_, padding_;
};
struct MaxUnpool1d : MaxUnpoolNd {  // x, indices [N,C,L] or [C,L]: elements in their old places, else 0
  explicit MaxUnpool1d(const PerAxis& kernel_size, const UnpoolLayerOptions& options = {});
  KORREL_MODULE()
  using MaxUnpoolNd::forward;
};
struct MaxUnpool2d : MaxUnpoolNd {  // x, indices [N,C,H,W] or [C,H,W]: elements in their old places, else 0
  explicit MaxUnpool2d(const PerAxis& kernel_size, const UnpoolLayerOptions& options = {});
  KORREL_MODULE()
  using MaxUnpoolNd::forward;
};
struct MaxUnpool3d : MaxUnpoolNd {  // x, indices [N,C,D,H,W] or [C,D,H,W]: elements in their old places, else 0
  explicit MaxUnpool3d(const PerAxis& kernel_size, const UnpoolLayerOptions& options = {});
  KORREL_MODULE()
  using MaxUnpoolNd::forward;
};

}  // namespace korrel::nn
