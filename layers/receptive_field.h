// The receptive field of each layer's output, found by walking the graph that one forward recorded. For summary.cpp.
#pragma once

#include <unordered_map>
#include <vector>

#include <korrel/framework/tensor/tensor.h>
#include <korrel/layers/cost.h>

namespace korrel::nn {

class ReceptiveFields {
 public:
  // `input` [1,C,...] is the leaf that the forward started from.
  explicit ReceptiveFields(const Tensor& input);

  // A layer was called: its output looks at its input as `cost` says. In the order of the calls.
  void add_layer(const Tensor& x, const Tensor& y, const LayerCost& cost);

  // Per spatial axis, at most the input's size; empty where no way leads to the input, or it has no spatial axes.
  Dims of(const Tensor& y);

 private:
  struct Field {
    bool known = false;
    std::vector<double> size, jump;  // per axis: input elements seen, and input elements between neighbours
  };
  Field field_of(const Tensor& tensor);
  Field field_of(const Node* node);
  void look_through(Field& field, int axis, double kernel, double stride, double dilation, bool transposed) const;
  Field through_op(const Node& node);
  void see_all(Field& field) const;
  static void join(Field& field, const Field& other);

  Tensor input_;
  int axes_;
  std::unordered_map<const Node*, Field> fields_;
  std::vector<Tensor> alive_;  // keeps the nodes, whose addresses are the keys
};

}  // namespace korrel::nn
