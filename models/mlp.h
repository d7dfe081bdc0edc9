// A multilayer perceptron: linear layers of the given sizes with an activation in between. Flattens what it is given.
#pragma once

#include <korrel/layers/linear.h>

namespace korrel::models {

struct MLP : nn::Module {
  enum class Activation { relu, tanh };
  // sizes: features in, hidden ..., out; at least two (ValueError).
  explicit MLP(const std::vector<int64_t>& sizes, Activation activation = Activation::relu);

  std::vector<nn::Linear> layers;
  Activation activation;
  KORREL_MODULE(layers)

  Tensor forward(const Tensor& x) override;  // [N,...] -> [N,sizes.back()]
};

}  // namespace korrel::models
