// Linear and Bilinear, as in torch.nn. Weights start uniform within 1 / sqrt(in_features).
#pragma once

#include <korrel/framework/tensor/random.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

struct LinearOptions {
  bool bias = true;
};

// x [...,in_features] -> x weight^T + bias, [...,out_features].
struct Linear : Module {
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  Parameter weight;  // [out_features, in_features]
  Parameter bias;    // [out_features], absent with .bias = false

  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  LayerCost cost(const Tensor& x, const Tensor& y) const override;
  void reset_parameters(Generator& generator = default_generator());

  int64_t in_features, out_features;
  KORREL_MODULE(weight, bias)
};

// x1 [...,in1], x2 [...,in2] -> y[...,o] = sum_ij x1[...,i] weight[o,i,j] x2[...,j] + bias[o].
struct Bilinear : ModuleOf<Tensor(const Tensor&, const Tensor&)> {
  Bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features, const LinearOptions& options = {});
  Parameter weight;  // [out_features, in1_features, in2_features]
  Parameter bias;    // [out_features], absent with .bias = false

  Tensor forward(const Tensor& x1, const Tensor& x2) override;
  std::string extra_repr() const override;
  void reset_parameters(Generator& generator = default_generator());

  int64_t in1_features, in2_features, out_features;
  KORREL_MODULE(weight, bias)
};

}  // namespace korrel::nn
