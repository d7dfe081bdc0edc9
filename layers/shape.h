// Layers that change only the shape, as in torch.nn: Flatten, Unflatten; and Identity, which changes nothing.
#pragma once

#include <korrel/layers/module.h>

namespace korrel::nn {

// Dimensions start_dim ... end_dim become one; the batch stays by default.
struct Flatten : Module {
  explicit Flatten(int64_t start_dim = 1, int64_t end_dim = -1);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t start_dim, end_dim;
  KORREL_MODULE()
};

// Dimension `dim` becomes `sizes`, one of which may be -1.
struct Unflatten : Module {
  Unflatten(int64_t dim, const Shape& sizes);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  int64_t dim;
  Shape sizes;
  KORREL_MODULE()
};

struct Identity : Module {  // x -> x
  Tensor forward(const Tensor& x) override;
  KORREL_MODULE()
};

}  // namespace korrel::nn
