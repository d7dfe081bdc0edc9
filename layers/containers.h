// Modules that hold modules decided at run time: Sequential, which runs them in order, ModuleList and ModuleDict, which
// only keep them. They own their children by value: a copy has children of its own. A fixed list needs none of these: a
// std::vector<Block> in KORREL_MODULE serves as well.
#pragma once

#include <concepts>
#include <initializer_list>
#include <utility>

#include <korrel/layers/module.h>

namespace korrel::nn {

// A module of any type, owned. Copying copies the module.
class AnyModule {
 public:
  template <std::derived_from<Module> M>
  AnyModule(M module) : module_(new M(std::move(module))), bytes_(sizeof(M)), clone_(&clone<M>) {}
  AnyModule(const AnyModule& other)
      : module_(other.clone_(*other.module_)), bytes_(other.bytes_), clone_(other.clone_) {}
  AnyModule(AnyModule&& other) noexcept
      : module_(std::exchange(other.module_, nullptr)), bytes_(other.bytes_), clone_(other.clone_) {}
  AnyModule& operator=(AnyModule other) noexcept {
    std::swap(module_, other.module_);
    bytes_ = other.bytes_;
    clone_ = other.clone_;
    return *this;
  }
  ~AnyModule() { delete module_; }

  Module& operator*() const { return *module_; }
  Module* operator->() const { return module_; }
  std::size_t bytes() const { return bytes_; }

 private:
  template <class M>
  static Module* clone(const Module& module) {
    if constexpr (std::is_copy_constructible_v<M>)
      return new M(static_cast<const M&>(module));
    else
      cannot_copy(module);
  }
  [[noreturn]] static void cannot_copy(const Module& module);

  Module* module_;
  std::size_t bytes_;
  Module* (*clone_)(const Module&);
};

// A child with a name: {"conv1", nn::Conv2d(1, 6, 5)}.
struct NamedChild {
  std::string name;
  mutable AnyModule module;  // mutable: a container moves it out of an initializer list
};

// What the containers share: children in order, each with a name ("0", "1", ... unless given).
class ModuleContainer : public Module {
 public:
  std::size_t size() const { return children_.size(); }
  bool empty() const { return children_.empty(); }
  Module& operator[](std::size_t index) const;  // throws ValueError naming the index and the size
  template <class M>
  M& get(std::size_t index) const {  // the same as its own type; throws ValueError when it is of another
    if (auto* module = dynamic_cast<M*>(&(*this)[index])) return *module;
    wrong_type(index);
  }
  void visit_contents(Members& members) override;

 protected:
  void own(AnyModule module);                    // named by its position
  void own(std::string name, AnyModule module);  // throws ValueError for a name that is taken, empty or has a dot
  Module* find(std::string_view name) const;     // or null

  struct Child {
    std::string name;
    AnyModule module;
  };
  std::vector<Child> children_;

 private:
  [[noreturn]] void wrong_type(std::size_t index) const;
};

// Runs its children one after the other; an empty one is the identity.
//   nn::Sequential net{nn::Conv2d(1, 6, 5), nn::ReLU(), nn::Flatten(), nn::Linear(3456, 10)};
//   nn::Sequential named{{"conv", nn::Conv2d(1, 6, 5)}, {"relu", nn::ReLU()}};
class Sequential : public ModuleContainer {
 public:
  Sequential() = default;
  template <std::derived_from<Module>... M>
  requires(sizeof...(M) > 0) explicit Sequential(M... modules) {
    children_.reserve(sizeof...(M));
    (own(AnyModule(std::move(modules))), ...);
  }
  Sequential(std::initializer_list<NamedChild> children);

  Sequential& append(AnyModule module) { return own(std::move(module)), *this; }
  Sequential& append(std::string name, AnyModule module) { return own(std::move(name), std::move(module)), *this; }

  Tensor forward(const Tensor& x) override;
  KORREL_MODULE()
};

class ModuleList : public ModuleContainer {  // children by number; they are called by their owner
 public:
  ModuleList() = default;
  template <std::derived_from<Module>... M>
  requires(sizeof...(M) > 0) explicit ModuleList(M... modules) { (own(AnyModule(std::move(modules))), ...); }
  ModuleList& append(AnyModule module) { return own(std::move(module)), *this; }
  KORREL_MODULE()
};

class ModuleDict : public ModuleContainer {  // children by name; they are called by their owner
 public:
  ModuleDict() = default;
  ModuleDict(std::initializer_list<NamedChild> children);
  ModuleDict& append(std::string name, AnyModule module) { return own(std::move(name), std::move(module)), *this; }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  using ModuleContainer::operator[];
  Module& operator[](std::string_view name) const;  // throws ValueError naming what there is
  KORREL_MODULE()
};

}  // namespace korrel::nn
