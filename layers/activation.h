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

struct ReLU : FunctionLayer {  // max(x, 0)
  ReLU();
  KORREL_MODULE()
};
struct ReLU6 : FunctionLayer {  // min(max(x, 0), 6)
  ReLU6();
  KORREL_MODULE()
};
struct Tanh : FunctionLayer {  // hyperbolic tangent
  Tanh();
  KORREL_MODULE()
};
struct Sigmoid : FunctionLayer {  // 1 / (1 + e^-x)
  Sigmoid();
  KORREL_MODULE()
};
struct SELU : FunctionLayer {  // 1.0507 elu(x, 1.6733)
  SELU();
  KORREL_MODULE()
};
struct SiLU : FunctionLayer {  // x sigmoid(x)
  SiLU();
  KORREL_MODULE()
};
struct Mish : FunctionLayer {  // x tanh(log(1 + e^x))
  Mish();
  KORREL_MODULE()
};
struct LogSigmoid : FunctionLayer {  // log(sigmoid(x))
  LogSigmoid();
  KORREL_MODULE()
};
struct Softsign : FunctionLayer {  // x / (1 + |x|)
  Softsign();
  KORREL_MODULE()
};
struct Tanhshrink : FunctionLayer {  // x - tanh(x)
  Tanhshrink();
  KORREL_MODULE()
};
struct Hardswish : FunctionLayer {  // x relu6(x + 3) / 6
  Hardswish();
  KORREL_MODULE()
};
struct Hardsigmoid : FunctionLayer {  // relu6(x + 3) / 6
  Hardsigmoid();
  KORREL_MODULE()
};

struct LeakyReLU : Module {  // x above 0, negative_slope x from there down
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

struct ELU : Module {  // x above 0, alpha (e^x - 1) from there down
  explicit ELU(double alpha = 1);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double alpha;
  KORREL_MODULE()
};

struct CELU : Module {              // x above 0, alpha (e^(x / alpha) - 1) from there down
  explicit CELU(double alpha = 1);  // not 0
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double alpha;
  KORREL_MODULE()
};

struct GELU : Module {  // x times the normal distribution function, or its tanh approximation
  explicit GELU(Approximate approximate = Approximate::none);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  Approximate approximate;
  KORREL_MODULE()
};

struct Softplus : Module {  // log(1 + e^(beta x)) / beta; x itself where beta x > threshold
  explicit Softplus(double beta = 1, double threshold = 20);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double beta, threshold;
  KORREL_MODULE()
};

struct Hardtanh : Module {  // x between the bounds, the bounds beyond
  explicit Hardtanh(double min_val = -1, double max_val = 1);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double min_val, max_val;
  KORREL_MODULE()
};

struct Hardshrink : Module {  // 0 for |x| <= lambd, x beyond
  explicit Hardshrink(double lambd = 0.5);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double lambd;
  KORREL_MODULE()
};

struct Softshrink : Module {  // 0 for |x| <= lambd; beyond, x moved towards 0 by lambd
  explicit Softshrink(double lambd = 0.5);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double lambd;
  KORREL_MODULE()
};

struct Threshold : Module {  // x above threshold, value from there down
  Threshold(double threshold, double value);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  double threshold, value;
  KORREL_MODULE()
};

// The four below work along one dimension.
struct Softmax : Module {  // exp(x) / sum(exp(x)) along dim
  explicit Softmax(int64_t dim);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t dim;
  KORREL_MODULE()
};
struct LogSoftmax : Module {  // log(softmax(x)) along dim
  explicit LogSoftmax(int64_t dim);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t dim;
  KORREL_MODULE()
};
struct Softmin : Module {  // softmax(-x) along dim
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
struct GLU : Module {  // the first half of x along dim times the sigmoid of the second
  explicit GLU(int64_t dim = -1);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t dim;
  KORREL_MODULE()
};

}  // namespace korrel::nn
