#include <korrel/framework/autograd/backward.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <korrel/framework/autograd/anomaly.h>
#include <korrel/framework/autograd/profile.h>
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/cached_vector.h>
#include <korrel/framework/base/check.h>

namespace korrel {

// All that the engine asks of the ops (defined in ops/; recorded like any op when create_graph asks for it).
Tensor add(const Tensor& a, const Tensor& b);
Tensor sum_to(const Tensor& x, const Shape& shape);  // undoes broadcasting
void accumulate(Tensor& sum, const Tensor& term);    // sum += term, in place, outside any graph
Tensor ones_like(const Tensor& x);

namespace {

// The gradients that wait for a node or a leaf.
struct Slot {
  Ref<Node> node;
  Ref<TensorBody> leaf;
  SmallVector<Tensor, 1> grads;  // one per output of the node; one for a leaf
};

// From node or leaf to its slot: open addressing on the pointer, cheaper than a node-based map (10 against 50 ns).
class SlotTable {
 public:
  Slot& of_node(const Ref<Node>& node) {
    auto [slot, created] = find(node.get());
    if (created) {
      slot->node = node;
      slot->grads.resize(node->outputs.size());
    }
    return *slot;
  }
  Slot& of_leaf(const Ref<TensorBody>& leaf) {
    auto [slot, created] = find(leaf.get());
    if (created) {
      slot->leaf = leaf;
      slot->grads.resize(1);
    }
    return *slot;
  }
  Slot& at(std::size_t index) { return slots_[index]; }
  CachedVector<Slot>& slots() { return slots_; }

 private:
  std::pair<Slot*, bool> find(const void* key) {
    if (2 * (slots_.size() + 1) > table_.size()) grow();
    std::size_t place = position(key);
    if (table_[place].key) return {&slots_[table_[place].slot], false};
    table_[place] = {key, slots_.size()};
    return {&slots_.emplace_back(), true};
  }
  std::size_t position(const void* key) const {
    std::size_t mask = table_.size() - 1;
    std::size_t place = (reinterpret_cast<std::size_t>(key) >> 6) * 0x9E3779B97F4A7C15ull >> 20 & mask;
    while (table_[place].key && table_[place].key != key) place = (place + 1) & mask;
    return place;
  }
  void grow() {
    CachedVector<Entry> old = std::exchange(table_, CachedVector<Entry>(std::max<std::size_t>(64, 2 * table_.size())));
    for (const Entry& entry : old)
      if (entry.key) table_[position(entry.key)] = entry;
  }

  struct Entry {
    const void* key = nullptr;
    std::size_t slot = 0;
  };
  CachedVector<Entry> table_;
  CachedVector<Slot> slots_;
};

struct Target {  // an input of grad(): a leaf, or an output of a node
  const void* key;
  int output;
};

class Pass {
 public:
  Pass(bool retain_graph, bool create_graph) : retain_(retain_graph || create_graph), create_graph_(create_graph) {}

  // For grad(): nothing is done that does not lead to one of `inputs`.
  void restrict_to(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs) {
    restricted_ = true;
    for (const Tensor& input : inputs) {
      TensorBody& body = input.body();
      targets_.push_back(body.node ? Target{body.node, body.output_index} : Target{&body, 0});
      target_keys_.insert(targets_.back().key);
    }
    captured_.resize(inputs.size());
    std::vector<Node*> order, stack;
    std::unordered_set<const void*> seen;
    for (const Tensor& output : outputs)
      if (output.body().node) stack.push_back(output.body().node);
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      if (!seen.insert(node).second) continue;
      order.push_back(node);
      for (const Node::Edge& edge : node->inputs)
        if (edge.node) stack.push_back(edge.node.get());
    }
    std::sort(order.begin(), order.end(), [](Node* a, Node* b) { return a->id < b->id; });
    for (Node* node : order)  // inputs first
      for (const Node::Edge& edge : node->inputs)
        if (leads_to_target(edge)) needed_.insert(node);
  }

  void seed(const Tensor& output, Tensor gradient) {
    check<ValueError>(output.defined(), "backward: an output is undefined");
    TensorBody& body = output.body();
    check<ValueError>(body.requires_grad, "backward: the output, {} {}, requires no gradient (no input of it does)",
                      output.dtype(), output.shape());
    if (!gradient.defined()) {
      check<ShapeError>(output.numel() == 1, "backward: an output of shape {} needs an upstream gradient",
                        output.shape());
      gradient = no_grad([&] { return ones_like(output); });
    }
    check<ShapeError>(gradient.shape() == output.shape(), "backward: the upstream gradient is {}, the output {}",
                      gradient.shape(), output.shape());
    check<DtypeError>(gradient.dtype() == output.dtype(), "backward: the upstream gradient is {}, the output {}",
                      gradient.dtype(), output.dtype());
    Node::Edge edge;
    if (body.node) {
      edge.node = Ref<Node>(body.node);
      edge.output = body.output_index;
    } else {
      edge.leaf = output.body_ref();
    }
    edge.shape = output.shape();
    edge.dtype = output.dtype();
    if (restricted_ && !leads_to_target(edge)) return;
    deliver(edge, std::move(gradient));
  }

  void run() {
    GradModeGuard mode(create_graph_);
    profiling::end_of("(outside ops)");
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      std::size_t index = heap_.back().slot;
      heap_.pop_back();
      step(index);
    }
  }

  // Leaves are filled last, and after all of their hooks: an exception on the way leaves every gradient as it was.
  void fill_leaves() {
    GradModeGuard mode(create_graph_);
    struct Leaf {
      Slot* slot;
      bool in_place;
    };
    CachedVector<Leaf> leaves;
    for (Slot& slot : table_.slots()) {
      if (!slot.leaf) continue;
      if (slot.leaf->state) run_hooks(slot.leaf->state->hooks, slot.grads[0]);
      if (restricted_)
        capture(slot.leaf.get(), 0, slot.grads[0]);
      else
        leaves.push_back({&slot, false});
    }
    for (Leaf& leaf : leaves) {
      const Tensor& grad = leaf.slot->leaf->grad_state().grad;
      Tensor& total = leaf.slot->grads[0];
      leaf.in_place = grad.defined() && takes_more(grad);
      if (!grad.defined())
        total = owned(std::move(total));
      else if (!leaf.in_place)
        total = add(grad, total);
    }
    for (const Leaf& leaf : leaves) {
      Tensor& grad = leaf.slot->leaf->state->grad;
      if (leaf.in_place)
        accumulate(grad, leaf.slot->grads[0]);
      else
        grad = std::move(leaf.slot->grads[0]);
    }
    profiling::end_of("(gradients of leaves)");
  }

  std::vector<Tensor> take_captured() { return std::move(captured_); }

 private:
  struct Waiting {
    uint64_t id;
    std::size_t slot;
    bool operator<(const Waiting& other) const { return id < other.id; }
  };

  void step(std::size_t index) {
    // The slot table may grow while the gradients are delivered: take what is needed out of the slot first.
    Ref<Node> node = table_.at(index).node;
    SmallVector<Tensor, 1> grads = std::move(table_.at(index).grads);
    profiling::NodeScope timed(*node);
    for (std::size_t i = 0; i < node->hooks.size(); ++i) {  // by number: a hook may register another
      Node::Hook hook = node->hooks[i];
      if (grads[hook.output].defined()) run_hook(*hook.function, grads[hook.output]);
    }
    if (restricted_) {
      for (std::size_t i = 0; i < grads.size(); ++i) capture(node.get(), static_cast<int>(i), grads[i]);
      if (!needed_.contains(node.get())) return;
    }
    check<ValueError>(!node->is_freed(),
                      "backward: the graph of {} was freed by an earlier backward; pass {{.retain_graph = true}} to it",
                      node->op);
    uint64_t needed = 0;
    for (std::size_t i = 0; i < node->inputs.size() && i < 64; ++i)
      if (wants(node->inputs[i])) needed |= uint64_t{1} << i;
    Backward backward(*node, grads.begin(), needed);
    Tensor first;  // an op with several outputs may have received a gradient for a later one only
    if (!grads[0].defined()) grads[0] = first = backward.grad_of(0);
    Gradients result = [&] {
      recording::GradientScope scope(*node);
      return node->gradients(backward);
    }();
    if (!retain_) node->free_saved();
    check(result.size() == node->inputs.size(), "{}: its gradient closure returned {} gradients for {} inputs",
          node->op, result.size(), node->inputs.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (!result[i].defined() || !wants(node->inputs[i])) continue;
      if (anomaly_enabled()) check_gradient(*node, static_cast<int>(i), result[i]);
      deliver(node->inputs[i], std::move(result[i]));
    }
  }

  void deliver(const Node::Edge& edge, Tensor gradient) {
    if (gradient.shape() != edge.shape) gradient = sum_to(gradient, edge.shape);
    if (gradient.dtype() != edge.dtype) gradient = gradient.to(edge.dtype);
    std::size_t known = table_.slots().size();
    Slot& slot = edge.node ? table_.of_node(edge.node) : table_.of_leaf(edge.leaf);
    Tensor& sum = slot.grads[edge.output];
    if (!sum.defined())
      sum = std::move(gradient);
    else if (!create_graph_ && sole_owner(sum))
      accumulate(sum, gradient);
    else
      sum = add(sum, gradient);
    if (edge.node && table_.slots().size() > known) {
      heap_.push_back({edge.node->id, known});
      std::push_heap(heap_.begin(), heap_.end());
    }
  }

  static bool sole_owner(const Tensor& x) {
    return x.body().unique() && x.body().storage->unique() && x.is_contiguous();
  }
  // A gradient to keep in a leaf: never bytes that another tensor sees too, nor a broadcast view.
  Tensor owned(Tensor gradient) const { return sole_owner(gradient) ? gradient : gradient.clone(); }
  // Whether a leaf's gradient may be added to in place.
  bool takes_more(const Tensor& grad) const {
    return !create_graph_ && !grad.requires_grad() && grad.is_contiguous() && grad.body().storage->unique();
  }

  bool wants(const Node::Edge& edge) const {
    return restricted_ ? edge.connected() && leads_to_target(edge) : edge.connected();
  }
  bool leads_to_target(const Node::Edge& edge) const {
    if (edge.node && needed_.contains(edge.node.get())) return true;
    const void* key = edge.node ? static_cast<const void*>(edge.node.get()) : edge.leaf.get();
    if (!target_keys_.contains(key)) return false;
    for (const Target& target : targets_)
      if (target.key == key && target.output == edge.output) return true;
    return false;
  }
  void capture(const void* key, int output, const Tensor& gradient) {
    for (std::size_t i = 0; i < targets_.size(); ++i)
      if (targets_[i].key == key && targets_[i].output == output) captured_[i] = gradient;
  }

  static void run_hook(HookFunction& hook, Tensor& gradient) {
    if (hook.removed) return;
    Tensor replaced = hook.call(gradient);
    if (!replaced.defined()) return;
    check<ShapeError>(replaced.shape() == gradient.shape(), "hook: returned {} for a gradient of shape {}",
                      replaced.shape(), gradient.shape());
    check<DtypeError>(replaced.dtype() == gradient.dtype(), "hook: returned {} for a gradient of {}", replaced.dtype(),
                      gradient.dtype());
    gradient = replaced;
  }
  static void run_hooks(const std::vector<Ref<HookFunction>>& hooks, Tensor& gradient) {
    for (std::size_t i = 0; i < hooks.size(); ++i) {
      Ref<HookFunction> hook = hooks[i];
      run_hook(*hook, gradient);
    }
  }

  static void check_gradient(const Node& node, int input, const Tensor& gradient) {
    for (double value : gradient.to_vector<double>())
      if (std::isnan(value))
        fail("anomaly: the gradient of {} made a NaN for its input {}{}{}", node.op, input,
             node.path.empty() ? "" : " in ", node.path);
  }

  bool retain_, create_graph_, restricted_ = false;
  SlotTable table_;
  CachedVector<Waiting> heap_;  // nodes that have received a gradient, youngest first
  std::vector<Target> targets_;
  std::vector<Tensor> captured_;
  std::unordered_set<const void*> target_keys_, needed_;
};

void seed_all(Pass& pass, const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs) {
  check<ValueError>(grad_outputs.empty() || grad_outputs.size() == outputs.size(),
                    "backward: {} upstream gradients for {} outputs", grad_outputs.size(), outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    pass.seed(outputs[i], grad_outputs.empty() ? Tensor() : grad_outputs[i]);
}

}  // namespace

void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs, BackwardOptions options) {
  Pass pass(options.retain_graph, options.create_graph);
  seed_all(pass, outputs, grad_outputs);
  pass.run();
  pass.fill_leaves();
}

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, GradOptions options) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    check<ValueError>(inputs[i].requires_grad(), "grad: input {} requires no gradient", i);
  Pass pass(options.retain_graph, options.create_graph);
  pass.restrict_to(outputs, inputs);
  seed_all(pass, outputs, grad_outputs);
  pass.run();
  pass.fill_leaves();
  std::vector<Tensor> result = pass.take_captured();
  for (std::size_t i = 0; i < result.size(); ++i)
    check<ValueError>(
        result[i].defined() || options.allow_unused,
        "grad: the outputs do not depend on input {} (shape {}); pass {{.allow_unused = true}} if that is meant", i,
        inputs[i].shape());
  return result;
}

void Tensor::backward(const Tensor& gradient, BackwardOptions options) const {
  Pass pass(options.retain_graph, options.create_graph);
  pass.seed(*this, gradient);
  pass.run();
  pass.fill_leaves();
}

void HookHandle::remove() {
  if (hook_) hook_->removed = true;
}

HookHandle Tensor::add_hook(Ref<HookFunction> hook) {
  check<ValueError>(requires_grad(), "register_hook: this tensor, {} {}, requires no gradient", dtype(), shape());
  if (Node* node = body().node)
    node->hooks.push_back({body().output_index, hook});
  else
    body().grad_state().hooks.push_back(hook);
  return HookHandle(std::move(hook));
}

void Tensor::retain_grad() {
  check<ValueError>(requires_grad(), "retain_grad: this tensor, {} {}, requires no gradient", dtype(), shape());
  if (is_leaf() || body().grad_state().retains_grad) return;
  body().state->retains_grad = true;
  // The hook holds the state, not the tensor: a tensor that owns its node must not be owned by it.
  register_hook([state = body().state](const Tensor& gradient) {
    state->grad = state->grad.defined() ? add(state->grad, gradient) : gradient;
  });
}

}  // namespace korrel
