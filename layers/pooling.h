// Pooling layers, as in torch.nn: no weights, a window and a call of the op in framework/ops/pooling.h. GlobalAvgPool
// and GlobalMaxPool keep one value a channel, [N,C,...] -> [N,C,1,...].
#pragma once

#include <korrel/framework/ops/pooling.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

// What the pooling layers with a window share.
class WindowPool : public Module {
 public:
  LayerCost cost(const Tensor& x, const Tensor& y) const override;

 protected:
  // Throws ValueError naming the layer and the argument that is out of its range.
  WindowPool(const char* layer, int axes, const PerAxis& kernel_size, const PerAxis& stride, const PerAxis& padding,
             const PerAxis& dilation);

  int axes_;
  PerAxis kernel_size_, stride_, padding_, dilation_;
};

class MaxPoolNd : public WindowPool {
 public:
  Tensor forward(const Tensor& x) override;
  WithIndices with_indices(const Tensor& x);  // PyTorch's return_indices=True, for MaxUnpool; runs no hooks
  std::string extra_repr() const override;

 protected:
  MaxPoolNd(const char* layer, int axes, const PerAxis& kernel_size, const MaxPoolOptions& options);

 private:
  bool ceil_mode_;
};
struct MaxPool1d : MaxPoolNd {  // the largest of each window: x [N,C,L] or [C,L]
  explicit MaxPool1d(const PerAxis& kernel_size, const MaxPoolOptions& options = {});
  KORREL_MODULE()
};
struct MaxPool2d : MaxPoolNd {  // the largest of each window: x [N,C,H,W] or [C,H,W]
  explicit MaxPool2d(const PerAxis& kernel_size, const MaxPoolOptions& options = {});
  KORREL_MODULE()
};
struct MaxPool3d : MaxPoolNd {  // the largest of each window: x [N,C,D,H,W] or [C,D,H,W]
  explicit MaxPool3d(const PerAxis& kernel_size, const MaxPoolOptions& options = {});
  KORREL_MODULE()
};

class AvgPoolNd : public WindowPool {
 public:
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 protected:
  AvgPoolNd(const char* layer, int axes, const PerAxis& kernel_size, const AvgPoolOptions& options);

 private:
  AvgPoolOptions options_;
};
struct AvgPool1d : AvgPoolNd {  // the mean of each window: x [N,C,L] or [C,L]
  explicit AvgPool1d(const PerAxis& kernel_size, const AvgPoolOptions& options = {});
  KORREL_MODULE()
};
struct AvgPool2d : AvgPoolNd {  // the mean of each window: x [N,C,H,W] or [C,H,W]
  explicit AvgPool2d(const PerAxis& kernel_size, const AvgPoolOptions& options = {});
  KORREL_MODULE()
};
struct AvgPool3d : AvgPoolNd {  // the mean of each window: x [N,C,D,H,W] or [C,D,H,W]
  explicit AvgPool3d(const PerAxis& kernel_size, const AvgPoolOptions& options = {});
  KORREL_MODULE()
};

// Pools whose result, not whose window, has a given size; -1 keeps the input's.
class AdaptivePool : public Module {
 public:
  using Op = Tensor (*)(const Tensor& x, const PerAxis& output_size);

  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  LayerCost cost(const Tensor& x, const Tensor& y) const override;

 protected:
  AdaptivePool(const char* layer, int axes, const PerAxis& output_size, Op op);

 private:
  PerAxis output_size_;
  Op op_;
};
struct AdaptiveMaxPool1d : AdaptivePool {  // x [N,C,L] or [C,L] -> [N,C,output_size], the largest of windows
  explicit AdaptiveMaxPool1d(const PerAxis& output_size);
  KORREL_MODULE()
};
struct AdaptiveMaxPool2d : AdaptivePool {  // x [N,C,H,W] or [C,H,W] -> [N,C,output_size], the largest of windows
  explicit AdaptiveMaxPool2d(const PerAxis& output_size);
  KORREL_MODULE()
};
struct AdaptiveMaxPool3d : AdaptivePool {  // x [N,C,D,H,W] or [C,D,H,W] -> [N,C,output_size], the largest of windows
  explicit AdaptiveMaxPool3d(const PerAxis& output_size);
  KORREL_MODULE()
};
struct AdaptiveAvgPool1d : AdaptivePool {  // x [N,C,L] or [C,L] -> [N,C,output_size], means of windows
  explicit AdaptiveAvgPool1d(const PerAxis& output_size);
  KORREL_MODULE()
};
struct AdaptiveAvgPool2d : AdaptivePool {  // x [N,C,H,W] or [C,H,W] -> [N,C,output_size], means of windows
  explicit AdaptiveAvgPool2d(const PerAxis& output_size);
  KORREL_MODULE()
};
struct AdaptiveAvgPool3d : AdaptivePool {  // x [N,C,D,H,W] or [C,D,H,W] -> [N,C,output_size], means of windows
  explicit AdaptiveAvgPool3d(const PerAxis& output_size);
  KORREL_MODULE()
};

struct GlobalAvgPool : Module {  // the mean of each channel: [N,C,...] -> [N,C,1,...]. PyTorch: none
  Tensor forward(const Tensor& x) override;
  LayerCost cost(const Tensor& x, const Tensor& y) const override;
  KORREL_MODULE()
};
struct GlobalMaxPool : Module {  // the largest of each channel: [N,C,...] -> [N,C,1,...]. PyTorch: none
  Tensor forward(const Tensor& x) override;
  LayerCost cost(const Tensor& x, const Tensor& y) const override;
  KORREL_MODULE()
};

}  // namespace korrel::nn
