// Members: what a module's KORREL_MODULE names, in its order: parameters, buffers, child modules, and lists of them.
// One is filled by Module::visit_members; module.cpp walks modules over it. Users meet it only when they write a
// container.
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include <korrel/layers/parameter.h>

namespace korrel::nn {

class Module;

struct Member {
  enum class Kind : uint8_t { parameter, buffer, module, list };

  Kind kind;
  std::string_view name;  // as written in KORREL_MODULE; lives as long as the program or the container
  int64_t index;          // position in the list that has the name, or -1; of a list itself: how many follow
  void* address;          // where the member lies in the module
  std::size_t bytes;
  OwnedTensor* tensor;  // of a parameter or buffer
  Module* module;       // of a child

  std::string key() const;  // "conv1", or "blocks.0" in a list
};

// std::unique_ptr and shared_ptr of a module, without their header: it is a seventh of a user's compile time.
template <class P>
concept PointsToModule = std::derived_from<typename P::element_type, Module> && requires(P& pointer) {
  *pointer.get();
};

class Members {
 public:
  // What KORREL_MODULE expands to. `names` is the macro's text; `self` the module.
  template <class Self, class... M>
  void visit(Self& self, const char* names, M&... members) {
    declare(typeid(Self), &self, sizeof(Self), names);
    (add(next_name(), members), ...);
  }

  void add(std::string_view name, Parameter& member) { add_tensor(name, -1, member, sizeof(member)); }
  void add(std::string_view name, Buffer& member) { add_tensor(name, -1, member, sizeof(member)); }
  template <std::derived_from<Module> M>
  void add(std::string_view name, M& member) {
    add_module(name, -1, member, &member, sizeof(M));
  }
  template <class M>
  void add(std::string_view name, std::optional<M>& member) {
    if (member) add(name, *member);
  }
  template <PointsToModule P>
  void add(std::string_view name, P& member) {
    if (member) add_module(name, -1, *member, member.get(), sizeof(*member));
  }
  template <std::derived_from<Module> M>
  void add(std::string_view name, M*& member) {  // belongs to somebody else, but is trained and saved with this one
    if (member) add_module(name, -1, *member, member, sizeof(M));
  }
  template <class M>
  void add(std::string_view name, std::vector<M>& list) {
    add_range(name, list);
  }
  template <class M, std::size_t n>
  void add(std::string_view name, std::array<M, n>& list) {
    add_range(name, list);
  }
  template <class M>
  void add(std::string_view, M&) {
    static_assert(!sizeof(M),
                  "KORREL_MODULE names modules, nn::Parameter, nn::Buffer, and std::vector, array, optional or "
                  "unique_ptr of them; a plain Tensor is neither trained nor saved");
  }

  // For containers that keep their children themselves: child `name` at `module`, of a type known only there.
  void add_module(std::string_view name, int64_t index, Module& module, void* address, std::size_t bytes);

  std::vector<Member> list;
  // Of the innermost class with a KORREL_MODULE: its type, where the object lies, how large it is, what it wrote.
  const std::type_info* type = nullptr;
  const void* begin = nullptr;
  std::size_t bytes = 0;
  const char* names = "";

 private:
  void declare(const std::type_info& type, const void* begin, std::size_t bytes, const char* names);
  std::string_view next_name();
  void add_tensor(std::string_view name, int64_t index, OwnedTensor& member, std::size_t bytes);
  void add_list(std::string_view name, std::size_t size, void* address);

  template <class Range>
  void add_range(std::string_view name, Range& range) {
    add_list(name, range.size(), &range);
    int64_t index = 0;
    for (auto& item : range) add_item(name, index++, item);
  }
  template <std::derived_from<Module> M>
  void add_item(std::string_view name, int64_t index, M& item) {
    add_module(name, index, item, &item, sizeof(M));
  }
  template <PointsToModule P>
  void add_item(std::string_view name, int64_t index, P& item) {
    if (item) add_module(name, index, *item, item.get(), sizeof(*item));
  }
  template <std::derived_from<OwnedTensor> T>
  void add_item(std::string_view name, int64_t index, T& item) {
    add_tensor(name, index, item, sizeof(T));
  }

  const char* cursor_ = "";
};

}  // namespace korrel::nn
