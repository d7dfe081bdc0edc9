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

struct Dropout : DropoutNd {
  explicit Dropout(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct Dropout1d : DropoutNd {  // whole channels
  explicit Dropout1d(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct Dropout2d : DropoutNd {
  explicit Dropout2d(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct Dropout3d : DropoutNd {
  explicit Dropout3d(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct AlphaDropout : DropoutNd {
  explicit AlphaDropout(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};
struct FeatureAlphaDropout : DropoutNd {  // whole channels
  explicit FeatureAlphaDropout(double p = 0.5, Generator* generator = nullptr);
  KORREL_MODULE()
};

}  // namespace korrel::nn
