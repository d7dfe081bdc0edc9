#include <korrel/layers/containers.h>

#include <korrel/framework/base/check.h>

namespace korrel::nn {

void AnyModule::cannot_copy(const Module& module) {
  fail<ValueError>("{} cannot be copied: it has a member that cannot", module.type_name());
}

Module& ModuleContainer::operator[](std::size_t index) const {
  check<ValueError>(index < children_.size(), "{}: there is no module {}, it has {}", type_name(), index,
                    children_.size());
  return *children_[index].module;
}

void ModuleContainer::wrong_type(std::size_t index) const {
  fail<ValueError>("{}: module {} is a {}, not of the type asked for", type_name(), index, (*this)[index].type_name());
}

void ModuleContainer::own(AnyModule module) { own(std::to_string(children_.size()), std::move(module)); }

void ModuleContainer::own(std::string name, AnyModule module) {
  check<ValueError>(!name.empty() && name.find('.') == name.npos,
                    "{}: a module's name must not be empty or have a dot, got \"{}\"", type_name(), name);
  check<ValueError>(!find(name), "{}: there is already a module named \"{}\"", type_name(), name);
  children_.push_back({std::move(name), std::move(module)});
}

Module* ModuleContainer::find(std::string_view name) const {
  for (const Child& child : children_)
    if (child.name == name) return &*child.module;
  return nullptr;
}

void ModuleContainer::visit_contents(Members& members) {
  for (Child& child : children_)
    members.add_module(child.name, -1, *child.module, &*child.module, child.module.bytes());
}

Sequential::Sequential(std::initializer_list<NamedChild> children) {
  for (const NamedChild& child : children) own(child.name, std::move(child.module));
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (Child& child : children_) y = (*child.module)(y);
  return y;
}

ModuleDict::ModuleDict(std::initializer_list<NamedChild> children) {
  for (const NamedChild& child : children) own(child.name, std::move(child.module));
}

Module& ModuleDict::operator[](std::string_view name) const {
  if (Module* module = find(name)) return *module;
  std::string names;
  for (const Child& child : children_) names += (names.empty() ? "" : ", ") + child.name;
  fail<ValueError>("{}: there is no module \"{}\", it has: {}", type_name(), name, names);
}

}  // namespace korrel::nn
