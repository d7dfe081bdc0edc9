// The engine: walks recorded nodes from outputs to leaves in reverse order of creation, iteratively, freeing as it
// goes. Tensor::backward() fills the leaves' grad(); grad() returns gradients of chosen tensors and touches no leaf.
#pragma once

#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// Adds the gradients of sum(outputs * grad_outputs) to the leaves. An undefined (or missing) grad_output stands for one
// and needs a single-element output. If anything throws, no leaf has changed.
void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs = {},
              BackwardOptions options = {});

struct GradOptions {
  bool retain_graph = false;
  bool create_graph = false;
  bool allow_unused =
      false;  // an input that the outputs do not depend on gets an undefined gradient instead of an error
};

// d sum(outputs * grad_outputs) / d inputs, for leaves and intermediate tensors alike.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs = {}, GradOptions options = {});

}  // namespace korrel
