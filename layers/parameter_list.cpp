#include <korrel/layers/parameter_list.h>

#include <korrel/framework/base/check.h>

namespace korrel::nn {

void ParameterContainer::own(std::string name, const Tensor& value) {
  check<ValueError>(!name.empty() && name.find('.') == name.npos,
                    "{}: a parameter's name must not be empty or have a dot, got \"{}\"", type_name(), name);
  for (const Entry& entry : entries_)
    check<ValueError>(entry.name != name, "{}: there is already a parameter named \"{}\"", type_name(), name);
  check<ValueError>(value.defined() && is_floating(value.dtype()),
                    "{}: a parameter must be a floating tensor, \"{}\" is {}", type_name(), name, describe(value));
  entries_.push_back({std::move(name), Parameter(value)});
}

void ParameterContainer::visit_contents(Members& members) {
  for (Entry& entry : entries_) members.add(entry.name, entry.value);
}

std::string ParameterContainer::extra_repr() const {
  std::string text;
  for (const Entry& entry : entries_)
    text += fmt::format("{}({}): Parameter {}", text.empty() ? "" : "\n", entry.name, describe(entry.value));
  return text;
}

ParameterList::ParameterList(std::initializer_list<Tensor> values) {
  for (const Tensor& value : values) append(value);
}
ParameterList& ParameterList::append(const Tensor& value) {
  own(std::to_string(size()), value);
  return *this;
}
Parameter& ParameterList::operator[](std::size_t index) {
  check<ValueError>(index < size(), "ParameterList: there is no parameter {}, it has {}", index, size());
  return entries_[index].value;
}

ParameterDict::ParameterDict(std::initializer_list<NamedValue> values) {
  for (const NamedValue& value : values) append(value.name, value.value);
}
ParameterDict& ParameterDict::append(std::string name, const Tensor& value) {
  own(std::move(name), value);
  return *this;
}
bool ParameterDict::contains(std::string_view name) const {
  for (const Entry& entry : entries_)
    if (entry.name == name) return true;
  return false;
}
Parameter& ParameterDict::operator[](std::string_view name) {
  std::string names;
  for (Entry& entry : entries_) {
    if (entry.name == name) return entry.value;
    names += (names.empty() ? "" : ", ") + entry.name;
  }
  fail<ValueError>("ParameterDict: there is no parameter \"{}\", it has: {}", name, names);
}

}  // namespace korrel::nn
