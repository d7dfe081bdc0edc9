#include <korrel/framework/autograd/node.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include <korrel/framework/autograd/anomaly.h>
#include <korrel/framework/autograd/call_path.h>
#include <korrel/framework/autograd/profile.h>
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/check.h>

namespace korrel {
namespace {

std::atomic<uint64_t> next_id{1};
std::atomic<int64_t> alive{0};
thread_local recording::Watch watched;

thread_local const Node* differentiated = nullptr;  // the node whose gradient is being computed

// Nodes on their way out, linked through their ids. Deleting one releases what it owns, which may bring further nodes
// here; the outermost call works the list off, so the depth of the graph never becomes the depth of the stack. No
// destructor: static tensors may die after this thread's other data.
struct Graveyard {
  Node* first = nullptr;
  bool digging = false;
};
thread_local Graveyard graveyard;

}  // namespace

Node::Node(const char* op) : op(op), id(next_id.fetch_add(1, std::memory_order_relaxed)) {
  alive.fetch_add(1, std::memory_order_relaxed);
}
Node::~Node() { alive.fetch_sub(1, std::memory_order_relaxed); }
int64_t live_nodes() { return alive.load(std::memory_order_relaxed); }

void* Node::operator new(std::size_t bytes) { return memory::allocate(bytes); }
void Node::operator delete(void* block, std::size_t bytes) { memory::deallocate(block, bytes); }

void Node::destroy(Node* node) {
  node->id = reinterpret_cast<uint64_t>(graveyard.first);
  graveyard.first = node;
  if (graveyard.digging) return;
  graveyard.digging = true;
  while (Node* next = graveyard.first) {
    graveyard.first = reinterpret_cast<Node*>(next->id);
    delete next;
  }
  graveyard.digging = false;
}

const char* NodeCount::op(const Node* node) { return node->op; }
void NodeCount::retain(Node* node) { node->retain(); }
void NodeCount::release(Node* node) {
  if (node->release()) Node::destroy(node);
}

bool anomaly_enabled() { return watched.anomaly; }
AnomalyGuard::AnomalyGuard(bool enabled) : before_(std::exchange(watched.anomaly, enabled)) {}
AnomalyGuard::~AnomalyGuard() { watched.anomaly = before_; }

Tensor Backward::grad_of(int i) const {
  if (grads_[i].defined()) return grads_[i];
  const Node::Output& output = node_.outputs[i];
  Tensor zeros = make_tensor(output.shape, output.dtype);
  std::fill_n(static_cast<std::byte*>(zeros.raw_data()), zeros.numel() * size_of(output.dtype), std::byte{0});
  return zeros;
}

Tensor Backward::output(const Tensor& detached, int i) const {
  Tensor y = detached.detach();
  if (grad_enabled()) y.body().set_node(&node_, i);
  return y;
}

Tensor Backward::reusable_grad() const {
  const bool seen_here_only = grad.body().unique() && grad.body().storage->unique() && grad.is_contiguous();
  return seen_here_only && !grad_enabled() ? grad : Tensor();
}

namespace recording {

GradientScope::GradientScope(const Node& node) : before_(std::exchange(differentiated, &node)) {}
GradientScope::~GradientScope() { differentiated = before_; }

void connect(Node& node, const Input* inputs, std::size_t count) {
  node.inputs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Node::Edge edge;
    if (const Tensor& x = *inputs[i].tensor; x.requires_grad()) {
      TensorBody& body = x.body();
      edge.shape = body.layout.shape;
      edge.dtype = body.dtype;
      if (body.node) {
        edge.node = Ref<Node>(body.node);
        edge.output = body.output_index;
      } else {
        edge.leaf = x.body_ref();
      }
    }
    node.inputs.push_back(std::move(edge));
  }
  if (watched.anomaly || watched.profile) node.path = differentiated ? differentiated->path : current_call_path();
}

void attach(Node& node, Tensor& output) {
  // An op that returns its input itself (contiguous() of a contiguous tensor) must not be recorded onto that input.
  if (output.requires_grad()) output = output.detach();
  output.body().set_node(&node, static_cast<int>(node.outputs.size()));
  node.outputs.push_back({output.shape(), output.dtype()});
}

Watch& watch() { return watched; }

void observe(const char* op, const Tensor& y, const Input* inputs, std::size_t count) {
  if ((!watched.anomaly && !watched.profile) || differentiated) return;  // a gradient is judged and timed as a whole
  if (watched.profile) {
    int64_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Tensor& x = *inputs[i].tensor;
      if (!x.defined()) continue;  // a bias that is not there
      bytes += x.numel() * static_cast<int64_t>(size_of(x.dtype()));
      if (x.body().storage.get() == y.body().storage.get()) {  // a view: nothing is moved
        bytes = 0;
        break;
      }
    }
    profiling::end_op(op, y, bytes);
  }
  if (!watched.anomaly || !is_floating(y.dtype())) return;
  NoGradGuard guard;
  for (double value : y.to_vector<double>()) {
    if (std::isnan(value)) {
      std::string path = current_call_path();
      fail("anomaly: {} made a NaN{}{}", op, path.empty() ? "" : " in ", path);
    }
  }
}

}  // namespace recording
}  // namespace korrel
