// TensorBody: what a Tensor points to: storage, layout, dtype and the node that made it. For ops and the engine.
#pragma once

#include <korrel/framework/base/dtype.h>
#include <korrel/framework/tensor/layout.h>
#include <korrel/framework/tensor/storage.h>

namespace korrel {

class Node;
struct GradState;

// How a tensor body holds its graph node; defined in autograd/node.cpp, which tensor/ does not know.
struct NodeCount {
  static const char* op(const Node* node);  // its name, for printing
  static void retain(Node* node);
  static void release(Node* node);
};

struct TensorBody : Counted {
  TensorBody(Ref<Storage> bytes, const Layout& where, DType type);
  ~TensorBody();
  TensorBody(const TensorBody&) = delete;
  TensorBody& operator=(const TensorBody&) = delete;

  static void destroy(TensorBody* body);
  static void* operator new(std::size_t bytes);
  static void operator delete(void* block, std::size_t bytes);

  void set_node(Node* value, int output) {
    NodeCount::retain(value);
    if (node) NodeCount::release(node);
    node = value;
    output_index = output;
    requires_grad = true;
  }
  GradState& grad_state();
  std::byte* data() const { return storage->data() + layout.offset * static_cast<int64_t>(size_of(dtype)); }

  Ref<Storage> storage;
  Layout layout;
  DType dtype;
  bool requires_grad = false;
  int32_t output_index = 0;  // which output of `node` this is
  Node* node = nullptr;      // the op that made it; null for leaves. Counted by set_node.
  Ref<GradState> state;      // shared with the hook that retain_grad() puts on the node
};

}  // namespace korrel
