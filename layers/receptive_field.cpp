#include <korrel/layers/receptive_field.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include <korrel/framework/autograd/node.h>

namespace korrel::nn {

ReceptiveFields::ReceptiveFields(const Tensor& input) : input_(input), axes_(std::max(0, input.dim() - 2)) {}

void ReceptiveFields::see_all(Field& field) const {
  for (int axis = 0; axis < axes_; ++axis)
    field.size[static_cast<std::size_t>(axis)] = static_cast<double>(input_.size(axis + 2));
}

void ReceptiveFields::look_through(Field& field, int axis, double kernel, double stride, double dilation,
                                   bool transposed) const {
  auto a = static_cast<std::size_t>(axis);
  double span = (kernel - 1) * dilation;
  if (transposed) {  // an output element sees one input element in `stride`
    field.size[a] += std::ceil(span / stride) * field.jump[a];
    field.jump[a] /= stride;
  } else {
    field.size[a] += span * field.jump[a];
    field.jump[a] *= stride;
  }
}

void ReceptiveFields::join(Field& field, const Field& other) {
  if (!other.known) return;
  if (!field.known) {
    field = other;
    return;
  }
  for (std::size_t a = 0; a < field.size.size(); ++a) {
    field.size[a] = std::max(field.size[a], other.size[a]);
    field.jump[a] = std::max(field.jump[a], other.jump[a]);
  }
}

void ReceptiveFields::add_layer(const Tensor& x, const Tensor& y, const LayerCost& cost) {
  alive_.push_back(y);
  const Node* node = y.body().node;
  if (!node || (cost.kernel.empty() && !cost.global)) return;
  Field field = field_of(x);
  if (!field.known) return;
  if (cost.global) see_all(field);
  for (int axis = 0; axis < std::min(axes_, cost.kernel.rank()); ++axis)
    look_through(field, axis, static_cast<double>(cost.kernel[axis]), static_cast<double>(cost.stride[axis]),
                 static_cast<double>(cost.dilation[axis]), cost.transposed);
  fields_[node] = field;
}

ReceptiveFields::Field ReceptiveFields::field_of(const Tensor& tensor) {
  if (tensor.same_as(input_))
    return {true, std::vector<double>(static_cast<std::size_t>(axes_), 1),
            std::vector<double>(static_cast<std::size_t>(axes_), 1)};
  return tensor.body().node ? field_of(tensor.body().node) : Field();
}

// Layers' outputs are known already, so the walk goes back only to the last ones.
ReceptiveFields::Field ReceptiveFields::field_of(const Node* node) {
  auto found = fields_.find(node);
  if (found != fields_.end()) return found->second;
  return fields_[node] = through_op(*node);
}

// An op between layers, judged by its shapes: where the output is smaller, it looked through a window.
ReceptiveFields::Field ReceptiveFields::through_op(const Node& node) {
  Field result;
  std::string_view op = node.op;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Node::Edge& edge = node.inputs[i];
    Field field;
    if (edge.node)
      field = field_of(edge.node.get());
    else if (edge.leaf && edge.leaf.get() == input_.body_ref().get())
      field = field_of(input_);
    if (!field.known) continue;
    const Shape &from = edge.shape, &to = node.outputs[0].shape;
    if (op == "linear" || op == "matmul" || op == "addmm") see_all(field);
    for (int axis = 0; from.rank() == axes_ + 2 && to.rank() == axes_ + 2 && axis < axes_; ++axis) {
      int64_t in = from[axis + 2], out = to[axis + 2];
      bool convolves = op.starts_with("conv") && node.inputs.size() > 1 && node.inputs[1].shape.rank() == axes_ + 2;
      double ratio = out > 0 ? std::max(1.0, std::round(static_cast<double>(in) / static_cast<double>(out))) : 1;
      if (convolves)
        look_through(field, axis, static_cast<double>(node.inputs[1].shape[axis + 2]), ratio, 1, false);
      else if (in > out && ratio > 1)
        look_through(field, axis, ratio, ratio, 1, false);  // pooling without overlap
      else if (in > out)
        look_through(field, axis, static_cast<double>(in - out + 1), 1, 1, false);
      else if (in < out)
        field.jump[static_cast<std::size_t>(axis)] *= static_cast<double>(in) / static_cast<double>(out);
    }
    join(result, field);
  }
  return result;
}

Dims ReceptiveFields::of(const Tensor& y) {
  Field field = field_of(y);
  Dims sizes;
  if (!field.known) return sizes;
  for (int axis = 0; axis < axes_; ++axis) {
    auto size = static_cast<int64_t>(field.size[static_cast<std::size_t>(axis)]);
    sizes.push_back(std::min(size, input_.size(axis + 2)));
  }
  return sizes;
}

}  // namespace korrel::nn
