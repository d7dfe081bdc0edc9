// Module: what every layer and network derives from, as torch.nn.Module. Members are plain members; KORREL_MODULE names
// them once and gives state_dict, to, train, print and the rest. Not a holder: copying a module copies its weights.
//
//   struct Net : nn::Module {
//     nn::Conv2d conv{1, 6, 5};
//     nn::Linear fc{600, 10};
//     KORREL_MODULE(conv, fc)  // last in the struct; a member left out is an error at first use
//
//     Tensor forward(const Tensor& x) override { return fc(relu(conv(x)).flatten(1)); }
//   };
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <korrel/framework/autograd/call_path.h>
#include <korrel/framework/base/error.h>
#include <korrel/layers/members.h>
#include <korrel/layers/module_hook.h>

// Names the members of a module that hold weights or buffers: modules, nn::Parameter, nn::Buffer, and std::vector,
// array, optional, unique_ptr of them. Every class derived from nn::Module has one; a class derived from a layer names
// the inherited ones too (KORREL_MODULE(weight, bias)). What follows it in the class is public.
#define KORREL_MODULE(...)                                         \
 public:                                                           \
  void visit_members(::korrel::nn::Members& members) override {    \
    members.visit(*this, #__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__); \
  }                                                                \
  using ::korrel::nn::Module::forward;

namespace korrel::nn {

class Module;
struct LayerCost;  // layers/cost.h

using StateDict = std::vector<std::pair<std::string, Tensor>>;  // PyTorch's keys, in PyTorch's order
struct NamedModule {
  std::string name;  // "" for the module itself, else "features.0"
  Module* module;
};

struct LoadOptions {
  bool strict = true;              // missing and unexpected keys are errors
  bool ignore_mismatched = false;  // a tensor of another shape is left out and reported instead of being an error
};
struct Mismatch {
  std::string key, why;  // "fc.weight", "is [10,84] in the module and [100,84] in the dictionary"
};
struct LoadReport {
  std::vector<std::string> missing;     // of the module, not in the dictionary
  std::vector<std::string> unexpected;  // in the dictionary, not of the module
  std::vector<Mismatch> mismatched;     // in both, of another shape or kind of dtype, undefined or given twice
  bool clean() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
};
// What load_state_dict throws: the message lists all that does not fit, the report has it as data.
struct LoadError : ValueError {
  LoadError(const std::string& message, LoadReport what) : ValueError(message), report(std::move(what)) {}
  LoadReport report;
};

class Module {
 public:
  Module();
  Module(const Module& other);  // copies weights, buffers and mode; hooks stay with the original
  Module(Module&& other) noexcept;
  Module& operator=(const Module& other);
  Module& operator=(Module&& other) noexcept;
  virtual ~Module();

  // The computation. Overridden by modules of one tensor; those of several inputs declare a forward of their own.
  virtual Tensor forward(const Tensor& x);
  // forward with hooks. An Error thrown inside gets the path in front: "LeNet5.conv2 (Conv2d): conv2d: weight expects
  // ...".
  Tensor operator()(const Tensor& x);

  // Tensors of this module and all below it. Shared ones come once, absent ones never. Each checks first that no
  // KORREL_MODULE forgot a member (ValueError).
  std::vector<Tensor> parameters() const;
  std::vector<std::pair<std::string, Tensor>> named_parameters() const;
  std::vector<Tensor> buffers() const;
  std::vector<std::pair<std::string, Tensor>> named_buffers() const;
  std::vector<NamedModule> children() const;       // direct ones
  std::vector<NamedModule> named_modules() const;  // this one first, then depth first
  int64_t parameter_count() const;                 // numbers in all parameters

  // Parameters and buffers by name. The tensors are the module's own, not copies.
  StateDict state_dict() const;
  // Copies values in, converted to the module's dtypes. Throws LoadError, a ValueError that lists missing and
  // unexpected keys (strict) and shapes that differ (strict or not, as PyTorch; unless ignore_mismatched); then nothing
  // has changed.
  LoadReport load_state_dict(const StateDict& state, LoadOptions options = {});

  void zero_grad();
  bool training() const { return training_; }
  void train(bool mode = true);
  void eval() { train(false); }
  void requires_grad_(bool value = true);
  void to(DType dtype);  // f32 or f64: floating parameters and buffers, in place
  // Calls f(Module&) for every module below and then this one.
  template <class F>
  void apply(F f) {
    for (const NamedModule& named : children()) named.module->apply(f);
    f(*this);
  }

  // hook(module, x, y) after forward; hook(module, x) before it; hook(module, grad_x, grad_y) when the gradient of x is
  // complete (grad_x undefined if x needs none). A tensor that a hook returns replaces y, x or grad_x.
  template <class F>
  HookHandle register_forward_hook(F hook) {
    return add_hook(HookPlace::forward, make_module_hook(std::move(hook)));
  }
  template <class F>
  HookHandle register_forward_pre_hook(F hook) {
    return add_hook(
        HookPlace::forward_pre,
        make_module_hook([f = std::move(hook)](Module& m, const Tensor& x, const Tensor&) mutable { return f(m, x); }));
  }
  template <class F>
  HookHandle register_backward_hook(F hook) {
    return add_hook(HookPlace::backward, make_module_hook(std::move(hook)));
  }

  std::string type_name() const;                                   // "Conv2d": the class without namespaces
  virtual std::string extra_repr() const;                          // "1, 6, kernel_size=(5, 5), stride=(1, 1)"
  virtual LayerCost cost(const Tensor& x, const Tensor& y) const;  // for summary(): of one forward from x to y

  virtual void visit_members(Members& members) = 0;  // written by KORREL_MODULE
  virtual void visit_contents(Members&) {}           // of containers: children that are not members

  // Throws ValueError if a KORREL_MODULE here or below forgot a member. Done once per object; thread-safe.
  void check_members() const;

 protected:
  bool has_hooks() const { return static_cast<bool>(hooks_); }  // someone may be looking at x or y of a call

 private:
  friend class ModuleCall;
  enum class HookPlace : uint8_t { forward_pre, forward, backward };
  struct Hooks;

  HookHandle add_hook(HookPlace place, Ref<ModuleHook> hook);
  Tensor forward_with_hooks(const Tensor& x);
  void take_hooks(Module& other) noexcept;

  Ref<Hooks> hooks_;
  // What the checks have found good, for this object at this address: copies and moves start anew.
  mutable std::atomic<bool> members_checked_{false}, caller_checked_{false};
  bool training_ = true;
};

// One call of a module: checks its members, puts it on the call path, and names it in errors. Made by operator().
class ModuleCall final : public CallFrame {
 public:
  explicit ModuleCall(Module& module);
  std::string path() const override;
  // forward(); an error from there gets "LeNet5.conv2 (Conv2d): " at its head, once.
  template <class F>
  auto run(const F& forward) const {
    try {
      return forward();
    } catch (Error& error) {
      name_place(error);
      throw;
    }
  }
  // Forward hooks of a module of several inputs; throws ValueError if it has hooks that need exactly one.
  Tensor finish(const Tensor& first_input, Tensor result);
  Module& module() const { return module_; }

 private:
  void check_caller_names_it() const;
  void name_place(Error& error) const;

  Module& module_;
};

// A module whose forward takes something else than one tensor:
//   struct Attention : nn::ModuleOf<Tensor(const Tensor&, const Tensor&)> {
//     Tensor forward(const Tensor& query, const Tensor& key) override { ... }
template <class Signature>
class ModuleOf;
template <class Result, class... Inputs>
class ModuleOf<Result(Inputs...)> : public Module {
 public:
  using Module::forward;
  virtual Result forward(Inputs... inputs) = 0;

  Result operator()(Inputs... inputs) {
    ModuleCall call(*this);
    return call.run([&]() -> Result {
      if constexpr (std::is_same_v<Result, Tensor>)
        return call.finish(first_tensor(inputs...), forward(inputs...));
      else
        return forward(inputs...);
    });
  }

 private:
  static const Tensor& first_tensor(const Tensor& first, const auto&...) { return first; }
  static Tensor first_tensor(const auto&...) { return {}; }
};

// As Python prints it: "Net(\n  (conv): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))\n)".
std::string to_string(const Module& module);
std::ostream& operator<<(std::ostream& out, const Module& module);

}  // namespace korrel::nn
