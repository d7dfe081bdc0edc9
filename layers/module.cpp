#include <korrel/layers/module.h>

#include <unordered_set>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/member_walk.h>
#include <korrel/layers/object_register.h>

namespace korrel::nn {

// Shared with the graphs that a call with backward hooks leaves: they ask whether the module still lives.
struct Module::Hooks : Counted {
  static void destroy(Hooks* hooks) { delete hooks; }

  std::vector<Ref<ModuleHook>> of_place[3];
  Module* owner;

  std::vector<Ref<ModuleHook>>& at(HookPlace place) {
    auto& hooks = of_place[static_cast<int>(place)];
    std::erase_if(hooks, [](const Ref<ModuleHook>& hook) { return hook->removed; });
    return hooks;
  }
  // What the hooks of a place make of `replaced`, the argument that they may replace.
  Tensor run(HookPlace place, Tensor input, Tensor output, bool replaces_input) {
    for (const Ref<ModuleHook>& hook : std::vector(at(place)))
      if (Tensor answer = hook->call(*owner, input, output); answer.defined())
        (replaces_input ? input : output) = answer;
    return replaces_input ? input : output;
  }
};

Module::Module() { register_object(this, ObjectKind::module); }
Module::Module(const Module& other) : training_(other.training_) { register_object(this, ObjectKind::module); }
Module::Module(Module&& other) noexcept : training_(other.training_) {
  register_object(this, ObjectKind::module);
  take_hooks(other);
}
Module& Module::operator=(const Module& other) {
  training_ = other.training_;
  members_checked_ = caller_checked_ = false;
  return *this;
}
Module& Module::operator=(Module&& other) noexcept {
  training_ = other.training_;
  members_checked_ = caller_checked_ = false;
  if (this != &other) take_hooks(other);
  return *this;
}
Module::~Module() {
  if (hooks_) hooks_->owner = nullptr;
  unregister_object(this);
}

void Module::take_hooks(Module& other) noexcept {
  if (hooks_) hooks_->owner = nullptr;
  hooks_ = std::move(other.hooks_);
  if (hooks_) hooks_->owner = this;
}

Tensor Module::forward(const Tensor&) {
  fail<ValueError>("{} has no forward of one tensor; call it with the inputs that its forward takes", type_name());
}

Tensor Module::operator()(const Tensor& x) {
  ModuleCall call(*this);
  return call.run([&] { return hooks_ ? forward_with_hooks(x) : forward(x); });
}

HookHandle Module::add_hook(HookPlace place, Ref<ModuleHook> hook) {
  if (!hooks_) {
    hooks_ = Ref<Hooks>(new Hooks);
    hooks_->owner = this;
  }
  hooks_->at(place).push_back(hook);
  return HookHandle(Ref<HookFunction>(hook.get()));
}

namespace {

struct GradOutput : Counted {
  Tensor gradient;
  static void destroy(GradOutput* self) { delete self; }
};

Tensor same_bytes(const Tensor& x) { return make_view(x, x.body().layout); }

}  // namespace

// Backward hooks sit on two identities around the module: the outer one keeps the gradient of y until that of x is
// there.
Tensor Module::forward_with_hooks(const Tensor& input) {
  Ref<Hooks> hooks = hooks_;
  Tensor x = hooks->run(HookPlace::forward_pre, input, {}, true);
  bool watched = grad_enabled() && !hooks->at(HookPlace::backward).empty();
  bool from_input = watched && x.requires_grad();
  Ref<GradOutput> kept(watched ? new GradOutput : nullptr);

  auto run_backward_hooks = [hooks](Tensor grad_input, const Tensor& grad_output) {
    if (!hooks->owner) return grad_input;
    Tensor answer = hooks->run(HookPlace::backward, grad_input, grad_output, true);
    if (grad_input.defined())
      check<ShapeError>(answer.shape() == grad_input.shape(),
                        "backward hook: it returned a gradient of shape {} for an input of shape {}", answer.shape(),
                        grad_input.shape());
    return answer;
  };
  if (from_input) {
    x = record("module_input", same_bytes(x), {x}, [kept, run_backward_hooks](const Backward& b) -> Gradients {
      Tensor grad_output = std::move(kept->gradient);
      kept->gradient = {};
      return {run_backward_hooks(b.grad, grad_output)};
    });
  }
  Tensor y = hooks->run(HookPlace::forward, x, forward(x), false);
  if (watched && y.requires_grad()) {
    y = record("module_output", same_bytes(y), {y},
               [kept, from_input, run_backward_hooks](const Backward& b) -> Gradients {
                 if (from_input)
                   kept->gradient = b.grad;
                 else
                   run_backward_hooks({}, b.grad);
                 return {b.grad};
               });
  }
  return y;
}

Tensor ModuleCall::finish(const Tensor& first_input, Tensor result) {
  if (!module_.hooks_) return result;
  auto hooks = module_.hooks_;
  check<ValueError>(hooks->at(Module::HookPlace::backward).empty() && hooks->at(Module::HookPlace::forward_pre).empty(),
                    "backward hooks and forward pre-hooks are for modules of one input tensor; {} takes others",
                    module_.type_name());
  return hooks->run(Module::HookPlace::forward, first_input, std::move(result), false);
}

namespace {

// Calls f(prefix, module) for `module` and all below, depth first, each once.
template <class F>
void walk(Module& module, const std::string& prefix, std::unordered_set<const Module*>& seen, const F& f) {
  if (!seen.insert(&module).second) return;
  f(prefix, module);
  for (const Member& member : members_of(module).list)
    if (member.module) walk(*member.module, prefix.empty() ? member.key() : prefix + '.' + member.key(), seen, f);
}

template <class F>
void walk(const Module& module, const F& f) {
  std::unordered_set<const Module*> seen;
  walk(const_cast<Module&>(module), "", seen, f);
}

// f(name, OwnedTensor&) for all defined tensors of `kind`, each once.
template <class F>
void each_tensor(const Module& root, Member::Kind kind, const F& f) {
  root.check_members();
  std::unordered_set<const void*> seen;
  walk(root, [&](const std::string& prefix, Module& module) {
    for (const Member& member : members_of(module).list)
      if (member.kind == kind && member.tensor->defined() && seen.insert(member.tensor->body_ref().get()).second)
        f(prefix, member, *member.tensor);
  });
}

std::string joined(const std::string& prefix, const Member& member) {
  return prefix.empty() ? member.key() : prefix + '.' + member.key();
}

std::vector<Tensor> tensors(const Module& root, Member::Kind kind) {
  std::vector<Tensor> result;
  each_tensor(root, kind, [&](const std::string&, const Member&, Tensor& tensor) { result.push_back(tensor); });
  return result;
}

StateDict named_tensors(const Module& root, Member::Kind kind) {
  StateDict result;
  each_tensor(root, kind, [&](const std::string& prefix, const Member& member, Tensor& tensor) {
    result.emplace_back(joined(prefix, member), tensor);
  });
  return result;
}

}  // namespace

std::vector<Tensor> Module::parameters() const { return tensors(*this, Member::Kind::parameter); }
std::vector<Tensor> Module::buffers() const { return tensors(*this, Member::Kind::buffer); }
StateDict Module::named_parameters() const { return named_tensors(*this, Member::Kind::parameter); }
StateDict Module::named_buffers() const { return named_tensors(*this, Member::Kind::buffer); }

std::vector<NamedModule> Module::children() const {
  std::vector<NamedModule> result;
  for (const Member& member : members_of(*this).list)
    if (member.module) result.push_back({member.key(), member.module});
  return result;
}

std::vector<NamedModule> Module::named_modules() const {
  check_members();
  std::vector<NamedModule> result;
  walk(*this, [&](const std::string& prefix, Module& module) { result.push_back({prefix, &module}); });
  return result;
}

int64_t Module::parameter_count() const {
  int64_t count = 0;
  each_tensor(*this, Member::Kind::parameter,
              [&](const std::string&, const Member&, Tensor& tensor) { count += tensor.numel(); });
  return count;
}

void Module::zero_grad() {
  each_tensor(*this, Member::Kind::parameter,
              [](const std::string&, const Member&, Tensor& tensor) { tensor.zero_grad(); });
}

void Module::train(bool mode) {
  check_members();
  walk(*this, [&](const std::string&, Module& module) { module.training_ = mode; });
}

void Module::requires_grad_(bool value) {
  each_tensor(*this, Member::Kind::parameter, [&](const std::string&, const Member&, Tensor& tensor) {
    if (is_floating(tensor.dtype())) tensor.requires_grad_(value);
  });
}

void Module::to(DType dtype) {
  check<DtypeError>(is_floating(dtype), "to: modules compute in f32 or f64, not {}", dtype);
  for (Member::Kind kind : {Member::Kind::parameter, Member::Kind::buffer})
    each_tensor(*this, kind, [&](const std::string&, const Member&, OwnedTensor& tensor) {
      if (is_floating(tensor.dtype())) tensor.convert_(dtype);
    });
}

std::string Module::extra_repr() const { return ""; }
LayerCost Module::cost(const Tensor&, const Tensor&) const { return {}; }

}  // namespace korrel::nn
