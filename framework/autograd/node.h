// Node: one recorded op, the edges to the nodes or leaves its inputs came from, and how to turn the gradient of its
// outputs into gradients of its inputs. Made by record() only, walked by the engine only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <korrel/framework/base/small_vector.h>
#include <korrel/framework/tensor/tensor.h>

namespace korrel {

using Gradients = SmallVector<Tensor, 4>;  // one per input; undefined stands for zero

class Backward;

class Node : public Counted {
 public:
  // Where the gradient of one input goes: into a node's output, into a leaf, or (neither) nowhere.
  struct Edge {
    Ref<Node> node;
    Ref<TensorBody> leaf;
    int output = 0;
    DType dtype = f32;
    Shape shape;  // of the input: broadcasting is undone here, once for all ops
    bool connected() const { return node || leaf; }
  };
  struct Output {  // what an output looked like, for the engine's checks and a missing gradient's zeros
    Shape shape;
    DType dtype = f32;
  };
  struct Hook {
    int output;
    Ref<HookFunction> function;
  };

  explicit Node(const char* op);
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  virtual Gradients gradients(const Backward& backward) = 0;
  virtual void free_saved() = 0;  // drops what the closure captured
  virtual bool is_freed() const = 0;

  static void destroy(Node* node);  // iterative: a chain of a million nodes does not overflow the stack
  static void* operator new(std::size_t bytes);
  static void operator delete(void* block, std::size_t bytes);

  const char* op;
  uint64_t id;  // grows with time: consumers have larger ids than what they consume
  SmallVector<Edge, 2> inputs;
  SmallVector<Output, 1> outputs;
  std::vector<Hook> hooks;
  std::string path;  // module path, kept in anomaly mode only
};

int64_t live_nodes();  // nodes alive in the process; back to zero when no graph is held (tests check it)

}  // namespace korrel
