// A custom layer, second way: record() with one's own gradient, where it is cheaper or steadier than the automatic one.
// log(1 + exp(x)) whose gradient is sigmoid(x), without the overflow that composing exp and log would have.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <korrel/framework/autograd/record.h>
#include <korrel/korrel.h>

using namespace korrel;

Tensor stable_softplus(const Tensor& x) {
  Tensor in = x.contiguous(), y = empty_like(in);
  visit_floating(x.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < y.numel(); ++i) {
      T v = std::as_const(in).data<T>()[i];
      y.data<T>()[i] = std::max(v, T(0)) + std::log1p(std::exp(-std::abs(v)));
    }
  });
  // The gradient is written in ops, so it can be differentiated again.
  return record("stable_softplus", y, {x}, [x](const Backward& b) -> Gradients { return {b.grad * sigmoid(x)}; });
}

struct StableSoftplus : nn::Module {
  KORREL_MODULE()
  Tensor forward(const Tensor& x) override { return stable_softplus(x); }
};

int main() {
  StableSoftplus layer;
  std::vector<Tensor> inputs = {randn({3, 5}, {.dtype = f64, .requires_grad = true})};
  auto apply = [&](const std::vector<Tensor>& x) { return layer(x[0]); };
  GradcheckResult first = gradcheck(apply, inputs), second = gradgradcheck(apply, inputs);
  std::printf("softplus(1000) = %g\n", layer(tensor({1000})).item());
  std::printf("gradients: %s\n", first && second ? "right" : (first.message + second.message).c_str());
  return first && second ? 0 : 1;
}
