// TensorBody: what a Tensor points to. For ops, the engine and io; users see only Tensor.
#pragma once

#include <memory>
#include <vector>

#include <korrel/framework/tensor/storage.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

// How a tensor body lets go of its graph node; defined in autograd/node.cpp, which tensor/ does not know.
struct NodeRelease {
  static void retain(Node* node);
  static void release(Node* node);
};

// Autograd state that few tensors have: leaves with a gradient, tensors with hooks.
struct GradState {
  Tensor grad;
  std::vector<Ref<HookFunction>> hooks;  // of a leaf; those of other tensors are kept by their node
  bool retains_grad = false;
};

struct TensorBody : Counted {
  TensorBody(Ref<Storage> storage, const Layout& layout, DType dtype)
      : storage(std::move(storage)), layout(layout), dtype(dtype) {}
  ~TensorBody() {
    if (node) NodeRelease::release(node);
  }
  TensorBody(const TensorBody&) = delete;
  TensorBody& operator=(const TensorBody&) = delete;

  static void destroy(TensorBody* body) { delete body; }
  static void* operator new(std::size_t bytes);
  static void operator delete(void* block, std::size_t bytes);

  void set_node(Node* value, int output) {
    NodeRelease::retain(value);
    if (node) NodeRelease::release(node);
    node = value;
    output_index = output;
    requires_grad = true;
  }
  GradState& grad_state() {
    if (!state) state = std::make_shared<GradState>();
    return *state;
  }
  std::byte* data() const { return storage->data() + layout.offset * static_cast<int64_t>(size_of(dtype)); }

  Ref<Storage> storage;
  Layout layout;
  DType dtype;
  bool requires_grad = false;
  int32_t output_index = 0;  // which output of `node` this is
  Node* node = nullptr;      // the op that made it; null for leaves. Counted by set_node.
  std::shared_ptr<GradState> state;  // shared with the hook that retain_grad() puts on the node
};

// New tensors for ops: uninitialised and contiguous, or another layout on the bytes of `x`. No graph.
Tensor make_tensor(const Shape& shape, DType dtype);
Tensor make_view(const Tensor& x, const Layout& layout);

inline const Layout& layout_of(const Tensor& x) { return x.body().layout; }
inline bool has_node(const Tensor& x) { return x.body().node != nullptr; }

}  // namespace korrel
