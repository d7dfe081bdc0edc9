#include <korrel/layers/members.h>

#include <korrel/layers/module.h>

namespace korrel::nn {

std::string Member::key() const {
  std::string text(name);
  return kind == Kind::list || index < 0 ? text : text + '.' + std::to_string(index);
}

void Members::declare(const std::type_info& declared, const void* object, std::size_t size, const char* text) {
  type = &declared;
  begin = object;
  bytes = size;
  names = cursor_ = text;
}

// "conv1, this->fc1" gives "conv1", then "fc1". A comma inside brackets does not end a name.
std::string_view Members::next_name() {
  int depth = 0;
  const char* end = cursor_;
  for (; *end && !(*end == ',' && depth == 0); ++end) {
    if (*end == '(' || *end == '[' || *end == '<') ++depth;
    if (*end == ')' || *end == ']' || (*end == '>' && end[-1] != '-')) --depth;
  }
  std::string_view name(cursor_, static_cast<std::size_t>(end - cursor_));
  cursor_ = *end ? end + 1 : end;
  constexpr std::string_view part_of_a_name = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  std::size_t last = name.find_last_of(part_of_a_name);
  name = name.substr(0, last + 1);
  std::size_t first = name.find_last_not_of(part_of_a_name);
  return first == name.npos ? name : name.substr(first + 1);
}

void Members::add_tensor(std::string_view name, int64_t index, OwnedTensor& member, std::size_t size) {
  Member::Kind kind = member.is_parameter() ? Member::Kind::parameter : Member::Kind::buffer;
  list.push_back({kind, name, index, &member, size, &member, nullptr});
}
void Members::add_module(std::string_view name, int64_t index, Module& module, void* address, std::size_t size) {
  list.push_back({Member::Kind::module, name, index, address, size, nullptr, &module});
}
void Members::add_list(std::string_view name, std::size_t size, void* address) {
  list.push_back({Member::Kind::list, name, static_cast<int64_t>(size), address, 0, nullptr, nullptr});
}

}  // namespace korrel::nn
