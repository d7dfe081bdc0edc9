// Convolution layers and their transposes in one, two and three dimensions, as torch.nn.Conv2d and its sisters:
// weights, and a call of the op in framework/ops/convolution.h. Weights start uniform within 1 / sqrt(fan_in).
#pragma once

#include <korrel/framework/ops/convolution.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

struct ConvLayerOptions {
  PerAxis stride = 1;
  Padding padding = 0;  // numbers, "same" or "valid"
  PerAxis dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  PaddingMode padding_mode = PaddingMode::zeros;
};

// What Conv1d, Conv2d and Conv3d share. x [N,C,...] or [C,...] -> [N,K,...], see conv2d().
class ConvNd : public Module {
 public:
  Parameter weight;  // [out_channels, in_channels / groups, kernel...]
  Parameter bias;    // [out_channels], absent with .bias = false

  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  LayerCost cost(const Tensor& x, const Tensor& y) const override;
  void reset_parameters(Generator& generator = default_generator());

  const ConvLayerOptions& options() const { return options_; }
  const Dims& kernel_size() const { return kernel_; }

 protected:
  // Throws ValueError naming the layer and the argument that is out of its range.
  ConvNd(const char* layer, int axes, int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
         const ConvLayerOptions& options);

 private:
  int64_t in_channels_, out_channels_;
  Dims kernel_;
  ConvLayerOptions options_;
};

struct Conv1d : ConvNd {  // x [N,C,L] or [C,L] -> [N,K,L'] or [K,L']
  Conv1d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size, const ConvLayerOptions& options = {});
  KORREL_MODULE(weight, bias)
};
struct Conv2d : ConvNd {  // x [N,C,H,W] or [C,H,W] -> [N,K,H',W'] or [K,H',W']
  Conv2d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size, const ConvLayerOptions& options = {});
  KORREL_MODULE(weight, bias)
};
struct Conv3d : ConvNd {  // x [N,C,D,H,W] or [C,D,H,W] -> [N,K,D',H',W'] or [K,D',H',W']
  Conv3d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size, const ConvLayerOptions& options = {});
  KORREL_MODULE(weight, bias)
};

struct ConvTransposeLayerOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;
  PerAxis output_padding = 0;  // smaller than stride or dilation
  int64_t groups = 1;
  bool bias = true;
  PerAxis dilation = 1;
};

// What ConvTranspose1d, 2d and 3d share. x [N,C,...] or [C,...] -> [N,K,...], see conv_transpose2d().
class ConvTransposeNd : public Module {
 public:
  Parameter weight;  // [in_channels, out_channels / groups, kernel...]
  Parameter bias;    // [out_channels], absent with .bias = false

  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  LayerCost cost(const Tensor& x, const Tensor& y) const override;
  void reset_parameters(Generator& generator = default_generator());

  const ConvTransposeLayerOptions& options() const { return options_; }
  const Dims& kernel_size() const { return kernel_; }

 protected:
  ConvTransposeNd(const char* layer, int axes, int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                  const ConvTransposeLayerOptions& options);

 private:
  int64_t in_channels_, out_channels_;
  Dims kernel_;
  ConvTransposeLayerOptions options_;
};

struct ConvTranspose1d : ConvTransposeNd {  // x [N,C,L] or [C,L] -> [N,K,L'] or [K,L']
  ConvTranspose1d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                  const ConvTransposeLayerOptions& options = {});
  KORREL_MODULE(weight, bias)
};
struct ConvTranspose2d : ConvTransposeNd {  // x [N,C,H,W] or [C,H,W] -> [N,K,H',W'] or [K,H',W']
  ConvTranspose2d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                  const ConvTransposeLayerOptions& options = {});
  KORREL_MODULE(weight, bias)
};
struct ConvTranspose3d : ConvTransposeNd {  // x [N,C,D,H,W] or [C,D,H,W] -> [N,K,D',H',W'] or [K,D',H',W']
  ConvTranspose3d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                  const ConvTransposeLayerOptions& options = {});
  KORREL_MODULE(weight, bias)
};

}  // namespace korrel::nn
