// A custom layer, third way: xtensor expressions for both directions, through the one header that includes xtensor.
// Root mean square normalisation of rows: y = x / sqrt(mean(x^2) + eps) (Zhang & Sennrich 2019).
#include <cstdio>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/xt.h>
#include <korrel/korrel.h>

using namespace korrel;

// x f64 [rows,n] -> [rows,n]
Tensor rms_norm(const Tensor& any_x, double eps = 1e-6) {
  const Tensor x = any_x.contiguous();
  auto a = xt_view<double>(x);
  xt::xarray<double> scale = 1.0 / xt::sqrt(xt::mean(a * a, {1}, xt::keep_dims) + eps);
  return record("rms_norm", from_xt(a * scale), {x}, [x, scale](const Backward& b) -> Gradients {
    const Tensor grad = b.grad.contiguous();  // it may be a broadcast view
    auto in = xt_view<double>(x), g = xt_view<double>(grad);
    xt::xarray<double> along =
        xt::mean(g * in, {1}, xt::keep_dims);  // xtensor's lazy expressions must not outlive their parts
    return {from_xt(scale * (g - in * scale * scale * along))};
  });
}

struct RMSNorm : nn::Module {
  KORREL_MODULE()
  Tensor forward(const Tensor& x) override { return rms_norm(x); }
};

int main() {
  RMSNorm layer;
  std::vector<Tensor> inputs = {randn({4, 6}, {.dtype = f64, .requires_grad = true})};
  // A gradient computed outside the ops has no gradient of its own: first order only.
  GradcheckResult result = gradcheck([&](const std::vector<Tensor>& x) { return layer(x[0]); }, inputs);
  std::printf("gradient: %s\n", result ? "right" : result.message.c_str());
  return result ? 0 : 1;
}
