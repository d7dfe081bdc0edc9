// record(op, y, inputs, closure): makes `y` part of the graph. The closure maps the gradient of y to the gradients of
// the inputs and is written in ops, so gradients have gradients. This header is all that a custom op needs.
//
//   Tensor exp(const Tensor& x) {
//     Tensor y = ...;
//     return record("exp", y, {x}, [y = y.detach()](const Backward& b) -> Gradients { return {b.grad * b.output(y)};
//     });
//   }
#pragma once

#include <initializer_list>
#include <optional>
#include <span>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/autograd/node.h>

namespace korrel {

// What a gradient closure is given.
class Backward {
 public:
  Backward(Node& node, const Tensor* grads, uint64_t needed)
      : grad(grads[0]), node_(node), grads_(grads), needed_(needed) {}

  const Tensor& grad;  // gradient of the (first) output, shaped like it

  // Whether input `i` wants a gradient at all: ask before costly work.
  bool needs(int i) const { return i >= 64 ? true : (needed_ >> i) & 1; }
  // Gradient of output `i` of an op with several; zeros where nothing flowed.
  Tensor grad_of(int i) const;
  // The op's own output as a graph tensor, from the detached copy that the closure captured. (Capturing the output
  // itself would make it own itself.)
  Tensor output(const Tensor& detached, int i = 0) const;
  // `grad`, to be written over with the result of the closure's last use of it: where nobody else sees its elements and
  // nothing is recorded. Else undefined.
  Tensor reusable_grad() const;

 private:
  Node& node_;
  const Tensor* grads_;
  uint64_t needed_;
};

// An input of record(): converts from a tensor without touching its reference count.
struct Input {
  Input(const Tensor& tensor) : tensor(&tensor) {}
  const Tensor* tensor;
};

namespace recording {

template <class F>
class ClosureNode final : public Node {
 public:
  ClosureNode(const char* op, F&& closure) : Node(op), closure_(std::move(closure)) {}
  Gradients gradients(const Backward& backward) override { return (*closure_)(backward); }
  void free_saved() override { closure_.reset(); }
  bool is_freed() const override { return !closure_; }

 private:
  std::optional<F> closure_;
};

template <class List>
bool wanted(const List& inputs) {
  if (!grad_enabled()) return false;
  for (const auto& input : inputs)
    if (Input(input).tensor->requires_grad()) return true;
  return false;
}
inline bool wanted(std::initializer_list<Input> inputs) {
  if (!grad_enabled()) return false;
  for (const Input& input : inputs)
    if (input.tensor->requires_grad()) return true;
  return false;
}

// Lives while the engine calls a node's closure. In anomaly mode the ops in there are judged by their end, the
// gradient, which is blamed on the node and its module; the nodes they record take over its path.
class GradientScope {
 public:
  explicit GradientScope(const Node& node);
  ~GradientScope();
  GradientScope(const GradientScope&) = delete;
  GradientScope& operator=(const GradientScope&) = delete;

 private:
  const Node* before_;
};

void connect(Node& node, const Input* inputs, std::size_t count);
void attach(Node& node, Tensor& output);  // makes `output` the node's next output

// What this thread looks at in passing: NaNs (AnomalyGuard) and time (Profile).
struct Watch {
  bool anomaly = false, profile = false;
};
Watch& watch();
// Called at the end of every op. Throws in anomaly mode when y holds a NaN.
void observe(const char* op, const Tensor& y, const Input* inputs, std::size_t count);

}  // namespace recording

template <class F>
Tensor record(const char* op, Tensor y, std::initializer_list<Input> inputs, F closure) {
  recording::observe(op, y, inputs.begin(), inputs.size());
  if (!recording::wanted(inputs) || !is_floating(y.dtype())) return y;
  Ref<Node> node(new recording::ClosureNode<F>(op, std::move(closure)));
  recording::connect(*node, inputs.begin(), inputs.size());
  recording::attach(*node, y);
  return y;
}

// For a list of inputs of any length (cat, stack, einsum).
template <class F>
Tensor record(const char* op, Tensor y, std::span<const Tensor> inputs, F closure) {
  SmallVector<Input, 4> list;
  for (const Tensor& input : inputs) list.push_back(input);
  recording::observe(op, y, list.begin(), list.size());
  if (!recording::wanted(inputs) || !is_floating(y.dtype())) return y;
  Ref<Node> node(new recording::ClosureNode<F>(op, std::move(closure)));
  recording::connect(*node, list.begin(), list.size());
  recording::attach(*node, y);
  return y;
}

// For an op with several differentiable outputs: `ys` become outputs 0, 1, ... of one node, in place. Outputs that
// carry no gradient (indices) are returned beside them and are not listed here.
template <class F>
void record_outputs(const char* op, std::span<Tensor* const> ys, std::initializer_list<Input> inputs, F closure) {
  for (Tensor* y : ys) recording::observe(op, *y, inputs.begin(), inputs.size());
  if (!recording::wanted(inputs)) return;
  Ref<Node> node(new recording::ClosureNode<F>(op, std::move(closure)));
  recording::connect(*node, inputs.begin(), inputs.size());
  for (Tensor* y : ys) recording::attach(*node, *y);
}
template <class F>
void record_outputs(const char* op, std::initializer_list<Tensor*> ys, std::initializer_list<Input> inputs, F closure) {
  record_outputs(op, std::span<Tensor* const>(ys.begin(), ys.size()), inputs, std::move(closure));
}

}  // namespace korrel
