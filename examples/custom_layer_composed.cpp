// A custom layer, first way: compose ops. The gradient comes by itself, of any order.
// Swish with a learned slope per channel: y = x * sigmoid(beta_c * x) (Ramachandran et al. 2017).
#include <cstdio>

#include <korrel/korrel.h>

using namespace korrel;

struct Swish : nn::Module {
  nn::Parameter beta;
  KORREL_MODULE(beta)

  explicit Swish(int64_t channels) : beta(ones({channels})) {}

  // x [N,C,H,W] -> [N,C,H,W]
  Tensor forward(const Tensor& x) override { return x * sigmoid(beta.reshape({1, -1, 1, 1}) * x); }
};

int main() {
  Swish swish(3);
  swish.to(f64);
  auto apply = [&](const std::vector<Tensor>& inputs) { return swish(inputs[0]); };
  std::vector<Tensor> inputs = {randn({2, 3, 4, 4}, {.dtype = f64, .requires_grad = true})};
  GradcheckResult first = gradcheck(apply, inputs), second = gradgradcheck(apply, inputs);
  std::printf("first order: %s\nsecond order: %s\n", first ? "right" : first.message.c_str(),
              second ? "right" : second.message.c_str());
  return first && second ? 0 : 1;
}
