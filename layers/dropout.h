// Dropout layers, as in torch.nn: active while training, the identity in evaluation. They draw from the default
// generator of the thread, or from the one given, which must outlive the layer.
#pragma once

#include <korrel/framework/ops/dropout.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

class DropoutNd : public Module {
 public:
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

 protected:
  using Op = Tensor (*)(const Tensor& x, const DropoutOptions& options, Generator& generator);
  DropoutNd(const char* layer, Op op, double p, Generator* generator);  // throws ValueError unless p lies in [0, 1]

 private:
  Op op_;
  double p_;
  Generator* generator_;  // null: the default one
};

struct Dropout : DropoutNd {  // each element is 0 with probability p, the rest are divided by 1 - p; the same shape
  explicit Dropout(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct Dropout1d : DropoutNd {  // whole channels: x [N,C,L] or [C,L]
  explicit Dropout1d(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct Dropout2d : DropoutNd {  // whole channels: x [N,C,H,W]
  explicit Dropout2d(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct Dropout3d : DropoutNd {  // whole channels: x [N,C,D,H,W] or [C,D,H,W]
  explicit Dropout3d(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct AlphaDropout : DropoutNd {  // for SELU networks: selu's lowest value in place of 0; mean and variance stay
  explicit AlphaDropout(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct FeatureAlphaDropout : DropoutNd {  // as AlphaDropout, whole channels: x [N,C,...]
  explicit FeatureAlphaDropout(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};

}  // namespace korrel::nn
