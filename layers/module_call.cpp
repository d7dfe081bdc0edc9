#include <cxxabi.h>

#include <cstdlib>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/autograd/profile.h>
#include <korrel/framework/base/check.h>
#include <korrel/layers/member_walk.h>

namespace korrel::nn {
namespace {

const ModuleCall* caller_of(const ModuleCall& call) {
  const CallFrame* frame = call.caller();
  while (frame) {
    if (auto* module_call = dynamic_cast<const ModuleCall*>(frame)) return module_call;
    frame = frame->caller();
  }
  return nullptr;
}

// Appends ".conv2", the way from `from` down to `target`; false if there is none.
bool append_path(const Module& from, const Module& target, std::string& path) {
  for (const Member& member : members_of(from).list) {
    if (!member.module) continue;
    std::size_t length = path.size();
    path += '.' + member.key();
    if (member.module == &target || append_path(*member.module, target, path)) return true;
    path.resize(length);
  }
  return false;
}

}  // namespace

ModuleCall::ModuleCall(Module& module) : module_(module) {
  module.check_members();
  if (caller() == nullptr) profiling::end_of("(outside ops)");
  if (!module.caller_checked_.load(std::memory_order_relaxed) && caller() != nullptr) check_caller_names_it();
}

// A layer held by a std::vector or unique_ptr that KORREL_MODULE does not name lies outside the object, where
// check_members cannot see it. It shows when it is called.
void ModuleCall::check_caller_names_it() const {
  const ModuleCall* by = caller_of(*this);
  if (!by) return;
  bool named = false;
  for (const ModuleCall* call = by; call && !named; call = caller_of(*call)) {
    std::string path;
    named = &call->module_ == &module_ || append_path(call->module_, module_, path);
  }
  std::vector<Tensor> parameters = module_.parameters();
  if (named || parameters.empty()) {
    module_.caller_checked_.store(true, std::memory_order_relaxed);
    return;
  }
  bool trained = false;
  for (const Tensor& parameter : parameters) trained = trained || parameter.requires_grad();
  check<ValueError>(
      !trained || !grad_enabled(),
      "forward calls {}({}), but no KORREL_MODULE names the member that holds it: its parameters would be "
      "neither trained nor saved. Name that member, or freeze the layer with requires_grad_(false)",
      module_.type_name(), module_.extra_repr());
}

std::string ModuleCall::path() const {
  const ModuleCall* by = caller_of(*this);
  if (!by) return module_.type_name();
  std::string path = by->path();
  if (&by->module_ == &module_) return path;
  std::string below;
  return append_path(by->module_, module_, below) ? path + below : path + ".(" + module_.type_name() + ')';
}

void ModuleCall::name_place(Error& error) const {
  if (error.placed()) return;
  bool outermost = caller_of(*this) == nullptr;
  error.prepend(outermost ? path() + ": " : path() + " (" + module_.type_name() + "): ");
}

// "korrel::nn::(anonymous namespace)::Net<korrel::nn::Conv2d>" gives "Net<korrel::nn::Conv2d>".
std::string Module::type_name() const {
  int status = 0;
  const char* mangled = typeid(*this).name();
  char* demangled = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = status == 0 ? demangled : mangled;
  std::free(demangled);
  int depth = 0;
  for (std::size_t i = name.size(); i-- > 0;) {
    char c = name[i];
    if (c == '>' || c == ')') ++depth;
    if (c == '<' || c == '(') --depth;
    if (c == ':' && depth == 0) return name.substr(i + 1);
  }
  return name;
}

}  // namespace korrel::nn
