// Activation functions as layers, as in torch.nn: element by element, the shape stays. Formulas:
// framework/ops/activation.h.
#pragma once

#include <korrel/framework/ops/activation.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

// A layer that is one function of its input and has no options.
class FunctionLayer : public Module {
 public:
  Tensor forward(const Tensor& x) override;

 protected:
  using Function = Tensor (*)(const Tensor& x);
  explicit FunctionLayer(Function function) : function_(function) {}

 private:
  Function function_;
};

struct ReLU : FunctionLayer {
  ReLU();
  KORREL_MODULE()
};
struct ReLU6 : FunctionLayer {
  ReLU6();
  KORREL_MODULE()
};
struct Tanh : FunctionLayer {
  Tanh();
  KORREL_MODULE()
};
struct Sigmoid : FunctionLayer {
  Sigmoid();
  KORREL_MODULE()
};
struct SELU : FunctionLayer {
  SELU();
  KORREL_MODULE()
};
struct SiLU : FunctionLayer {
  SiLU();
  KORREL_MODULE()
};
struct Mish : FunctionLayer {
  Mish();
  KORREL_MODULE()
};
struct LogSigmoid : FunctionLayer {
  LogSigmoid();
  KORREL_MODULE()
};
struct Softsign : FunctionLayer {
  Softsign();
  KORREL_MODULE()
};
struct Tanhshrink : FunctionLayer {
  Tanhshrink();
  KORREL_MODULE()
};
struct Hardswish : FunctionLayer {
  Hardswish();
  KORREL_MODULE()
};
struct Hardsigmoid : FunctionLayer {
  Hardsigmoid();
  KORREL_MODULE()
};

struct LeakyReLU : Module {
  explicit LeakyReLU(double negative_slope = 0.01);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double negative_slope;
  KORREL_MODULE()
};

// Negative values get a random slope in [lower, upper) while training, the middle of the two in evaluation (Xu et al.
// 2015). Draws from the generator given, which must outlive the layer, or from the default one.
struct RReLU : Module {
  explicit RReLU(double lower = 1.0 / 8, double upper = 1.0 / 3, Generator* generator = nullptr);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double lower, upper;
  KORREL_MODULE()

 private:
  Generator* generator_;
};

// A learnt slope for negative values: one for all, or one per channel (dimension 1 of x).
struct PReLU : Module {
  explicit PReLU(int64_t num_parameters = 1, double init = 0.25);
  Parameter weight;  // [num_parameters]
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  KORREL_MODULE(weight)
};

struct ELU : Module {
  explicit ELU(double alpha = 1);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double alpha;
  KORREL_MODULE()
};

struct CELU : Module {
  explicit CELU(double alpha = 1);  // not 0
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double alpha;
  KORREL_MODULE()
};

struct GELU : Module {
  explicit GELU(Approximate approximate = Approximate::none);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  Approximate approximate;
  KORREL_MODULE()
};

struct Softplus : Module {
  explicit Softplus(double beta = 1, double threshold = 20);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double beta, threshold;
  KORREL_MODULE()
};

struct Hardtanh : Module {
  explicit Hardtanh(double min_val = -1, double max_val = 1);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double min_val, max_val;
  KORREL_MODULE()
};

struct Hardshrink : Module {
  explicit Hardshrink(double lambd = 0.5);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double lambd;
  KORREL_MODULE()
};

struct Softshrink : Module {
  explicit Softshrink(double lambd = 0.5);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double lambd;
  KORREL_MODULE()
};

struct Threshold : Module {
  Threshold(double threshold, double value);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double threshold, value;
  KORREL_MODULE()
};

// The four below work along one dimension.
struct Softmax : Module {
  explicit Softmax(int64_t dim);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t dim;
  KORREL_MODULE()
};
struct LogSoftmax : Module {
  explicit LogSoftmax(int64_t dim);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t dim;
  KORREL_MODULE()
};
struct Softmin : Module {
  explicit Softmin(int64_t dim);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t dim;
  KORREL_MODULE()
};
struct Softmax2d : Module {  // over the channels of x [N,C,H,W] or [C,H,W]
  Tensor forward(const Tensor& x) override;
  KORREL_MODULE()
};
struct GLU : Module {
  explicit GLU(int64_t dim = -1);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t dim;
  KORREL_MODULE()
};

}  // namespace korrel::nn
