// ModuleHook: a hook on a module's forward or backward, type-erased without <functional>. Made by
// Module::register_forward_hook and its sisters.
#pragma once

#include <type_traits>
#include <utility>

#include <korrel/framework/tensor/tensor.h>

namespace korrel::nn {

class Module;

struct ModuleHook : HookFunction {
  Tensor call(const Tensor&) final { return {}; }  // a module's hook is not a tensor's; it shares HookHandle only
  virtual Tensor call(Module& module, const Tensor& input, const Tensor& output) = 0;
};

// f(module, input, output) returns void or a tensor that replaces; undefined replaces nothing.
template <class F>
Ref<ModuleHook> make_module_hook(F f) {
  struct Hook final : ModuleHook {
    explicit Hook(F f) : function(std::move(f)) {}
    using ModuleHook::call;
    Tensor call(Module& module, const Tensor& input, const Tensor& output) override {
      if constexpr (std::is_void_v<decltype(function(module, input, output))>) {
        function(module, input, output);
        return {};
      } else {
        return function(module, input, output);
      }
    }
    F function;
  };
  return Ref<ModuleHook>(new Hook(std::move(f)));
}

}  // namespace korrel::nn
