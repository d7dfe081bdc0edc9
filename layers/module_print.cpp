#include <ostream>

#include <korrel/layers/member_walk.h>

namespace korrel::nn {
namespace {

std::string indented(const std::string& text) {
  std::string result;
  for (char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result;
}

std::string block(const std::string& name, const std::string& first, const std::string& lines) {
  if (lines.empty()) return name + '(' + first + ')';
  return name + '(' + (first.empty() ? "" : "\n  " + indented(first)) + lines + "\n)";
}

std::string line(std::string_view name, const std::string& text) {
  return "\n  (" + std::string(name) + "): " + indented(text);
}

}  // namespace

std::string to_string(const Module& module) {
  std::string lines;
  Members members = members_of(module);
  for (std::size_t i = 0; i < members.list.size(); ++i) {
    const Member& member = members.list[i];
    if (member.kind == Member::Kind::list) {  // a vector of modules prints as PyTorch's ModuleList
      std::string items;
      int64_t count = 0;
      for (; i + 1 < members.list.size() && count < member.index && members.list[i + 1].index >= 0; ++i, ++count)
        if (const Member& item = members.list[i + 1]; item.module)
          items += line(std::to_string(item.index), to_string(*item.module));
      if (!items.empty() || count == 0) lines += line(member.name, block("ModuleList", "", items));
    } else if (member.module) {
      lines += line(member.name, to_string(*member.module));
    }
  }
  return block(module.type_name(), module.extra_repr(), lines);
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << to_string(module); }

}  // namespace korrel::nn
