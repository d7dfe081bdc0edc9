// Tensor: a cheap value, one pointer to a counted body of storage + layout + dtype + gradient node. Copies share the
// body, as in PyTorch; a view shares the storage. Ops are free functions (framework/ops/); the methods are what a
// tensor is, autograd, and the shape views that read better chained. There are no in-place ops: data() writes outside
// any graph.
#pragma once

#include <initializer_list>
#include <iosfwd>
#include <string>
#include <vector>

#include <korrel/framework/tensor/body.h>

namespace korrel {

class Tensor;

// A hook on a tensor's gradient, type-erased without <functional>.
struct HookFunction : Counted {
  virtual ~HookFunction() = default;
  virtual Tensor call(const Tensor& gradient) = 0;
  static void destroy(HookFunction* hook) { delete hook; }
  bool removed = false;
};

struct TensorOptions {
  DType dtype = f32;
  bool requires_grad = false;
};

struct BackwardOptions {
  bool retain_graph = false;  // keep what backward needs, for another backward through the same graph
  bool create_graph = false;  // record the gradients' own graph, for higher orders (implies retain_graph)
};

// Removes the hook when asked to; the hook stays when the handle is dropped.
class HookHandle {
 public:
  HookHandle() = default;
  HookHandle(Ref<HookFunction> hook) : hook_(std::move(hook)) {}
  void remove();

 private:
  Ref<HookFunction> hook_;
};

class Tensor {
 public:
  Tensor() = default;  // undefined: stands for an absent tensor (no bias, no gradient)
  bool defined() const { return static_cast<bool>(body_); }

  // What it is. All of these throw ValueError on an undefined tensor.
  const Shape& shape() const;
  const Strides& strides() const;   // in elements
  int64_t size(int64_t dim) const;  // negative counts from the end
  int dim() const { return shape().rank(); }
  int64_t numel() const { return shape().numel(); }
  DType dtype() const;
  bool is_contiguous() const;

  // The elements. T must be the dtype's type (DtypeError) and the tensor contiguous (ValueError): call contiguous()
  // first.
  template <class T>
  T* data();
  template <class T>
  const T* data() const;
  template <class T = double>
  T item() const;  // the only element, converted to T; throws ValueError when there is not exactly one
  template <class T = double>
  std::vector<T> to_vector() const;  // all elements in row-major order, converted to T

  // Autograd.
  bool requires_grad() const;
  Tensor& requires_grad_(bool value = true);  // leaves only
  bool is_leaf() const;
  Tensor grad() const;  // undefined before the first backward
  void set_grad(const Tensor& grad);
  void zero_grad();  // forgets the gradient (PyTorch's set_to_none)
  // Gradients of this tensor into every leaf it came from. `gradient` is its upstream gradient; a single element needs
  // none.
  void backward(const Tensor& gradient = {}, BackwardOptions options = {}) const;
  Tensor detach() const;  // the same bytes outside the graph
  void retain_grad();     // keep this intermediate tensor's gradient at the next backward
  // Calls hook(gradient) when the gradient of this tensor is complete; a defined return value replaces it.
  template <class F>
  HookHandle register_hook(F hook);

  // Shape. Views wherever the layout admits one; differentiable. Defined in ops/shape.cpp and ops/copy.cpp.
  Tensor reshape(const Shape& shape) const;  // one size may be -1
  Tensor view(const Shape& shape) const;     // as reshape, but throws where it would have to copy
  Tensor flatten(int64_t start_dim = 0, int64_t end_dim = -1) const;
  Tensor permute(const Dims& dims) const;
  Tensor transpose(int64_t dim0, int64_t dim1) const;
  Tensor t() const;  // transpose of a matrix
  Tensor squeeze() const;
  Tensor squeeze(int64_t dim) const;
  Tensor unsqueeze(int64_t dim) const;
  Tensor expand(const Shape& shape) const;  // -1 keeps a size
  Tensor select(int64_t dim, int64_t index) const;
  Tensor narrow(int64_t dim, int64_t start, int64_t length) const;
  Tensor operator[](int64_t index) const { return select(0, index); }
  Tensor contiguous() const;  // itself where it already is
  Tensor clone() const;
  Tensor to(DType dtype) const;  // itself where it already is

  // For ops and the engine.
  explicit Tensor(Ref<TensorBody> body) : body_(std::move(body)) {}
  TensorBody& body() const;  // throws ValueError when undefined
  const Ref<TensorBody>& body_ref() const { return body_; }
  void* raw_data() const;                                                   // first element, whatever the strides
  bool same_as(const Tensor& other) const { return body_ == other.body_; }  // the same object, not equal values

 private:
  void* checked_data(DType expected) const;
  HookHandle add_hook(Ref<HookFunction> hook);

  Ref<TensorBody> body_;
};

// Autograd state that few tensors have: leaves with a gradient, tensors with hooks.
struct GradState : Counted {
  static void destroy(GradState* state) { delete state; }

  Tensor grad;
  std::vector<Ref<HookFunction>> hooks;  // of a leaf; those of other tensors are kept by their node
  bool retains_grad = false;
};

// New tensors for ops: uninitialised and contiguous, or another layout on the bytes of `x`. No graph.
Tensor make_tensor(const Shape& shape, DType dtype);
Tensor make_view(const Tensor& x, const Layout& layout);

template <class T>
T* Tensor::data() {
  return static_cast<T*>(checked_data(dtype_of<T>));
}
template <class T>
const T* Tensor::data() const {
  return static_cast<const T*>(checked_data(dtype_of<T>));
}

template <class F>
HookHandle Tensor::register_hook(F hook) {
  struct Hook final : HookFunction {
    explicit Hook(F f) : function(std::move(f)) {}
    Tensor call(const Tensor& gradient) override {
      if constexpr (std::is_void_v<decltype(function(gradient))>) {
        function(gradient);
        return {};
      } else {
        return function(gradient);
      }
    }
    F function;
  };
  return add_hook(Ref<HookFunction>(new Hook(std::move(hook))));
}

std::string to_string(const Tensor& tensor);  // values in PyTorch's style, long dimensions elided
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);
std::string describe(const Tensor& tensor);  // "f32 [2,3]" or "undefined", for messages

}  // namespace korrel
