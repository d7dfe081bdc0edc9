// Finds what a KORREL_MODULE forgot: of the modules, parameters and buffers that lie inside the object, each must lie
// in a member that is named.
#include <korrel/framework/base/check.h>
#include <korrel/layers/member_walk.h>
#include <korrel/layers/object_register.h>

namespace korrel::nn {
namespace {

bool lies_in(const void* address, const void* begin, std::size_t bytes) {
  auto number = reinterpret_cast<std::uintptr_t>(address), start = reinterpret_cast<std::uintptr_t>(begin);
  return number >= start && number < start + bytes;
}

bool is_named(const Members& members, const void* address) {
  for (const Member& member : members.list)
    if (lies_in(address, member.address, member.bytes)) return true;
  return false;
}

std::string describe_object(const RegisteredObject& object) {
  if (object.kind == ObjectKind::tensor) {
    auto* tensor = static_cast<const OwnedTensor*>(object.address);
    const char* kind = tensor->is_parameter() ? "nn::Parameter" : "nn::Buffer";
    return tensor->defined() ? fmt::format("{} {}", kind, tensor->shape()) : fmt::format("{} (undefined)", kind);
  }
  auto* module = static_cast<const Module*>(object.address);
  return fmt::format("{}({})", module->type_name(), module->extra_repr());
}

// "after conv2", by which the reader finds a member whose name nobody knows.
std::string describe_position(const Members& members, const void* address) {
  const Member* before = nullptr;
  for (const Member& member : members.list) {
    if (!lies_in(member.address, members.begin, members.bytes) || member.address > address) continue;
    if (!before || member.address > before->address) before = &member;
  }
  return before ? "after " + std::string(before->name) : "before all named ones";
}

}  // namespace

void Module::check_members() const {
  if (members_checked_.load(std::memory_order_acquire)) return;
  Members members = members_of(*this);
  check<ValueError>(
      *members.type == typeid(*this),
      "{} derives from a module and has no KORREL_MODULE of its own: end the class with KORREL_MODULE({}) and "
      "add what the class itself holds",
      type_name(), members.names);
  for (const RegisteredObject& object : registered_objects(members.begin, members.bytes)) {
    if (object.address == static_cast<const void*>(this) || is_named(members, object.address)) continue;
    fail<ValueError>(
        "{}: the member {} ({}) is not named in KORREL_MODULE({}): it would be neither trained nor saved. Every "
        "module, "
        "nn::Parameter and nn::Buffer of a module is named there",
        type_name(), describe_object(object), describe_position(members, object.address), members.names);
  }
  for (const Member& member : members.list)
    if (member.module) member.module->check_members();
  members_checked_.store(true, std::memory_order_release);
}

}  // namespace korrel::nn
