#include <korrel/models/mlp.h>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/activation.h>

namespace korrel::models {

MLP::MLP(const std::vector<int64_t>& sizes, Activation which) : activation(which) {
  check<ValueError>(sizes.size() >= 2, "MLP: needs the sizes of at least input and output, got {} sizes", sizes.size());
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) layers.emplace_back(sizes[i], sizes[i + 1]);
}

Tensor MLP::forward(const Tensor& x) {
  Tensor h = x.dim() > 2 ? x.flatten(1) : x;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (i > 0) h = activation == Activation::tanh ? tanh(h) : relu(h);
    h = layers[i](h);
  }
  return h;
}

}  // namespace korrel::models
