// Parameters whose number is decided at run time, as torch.nn.ParameterList and ParameterDict. They are trained and
// saved with the module that holds the list; a copy has values of its own. A fixed number needs none of these: a
// std::vector<nn::Parameter> in KORREL_MODULE serves as well.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <korrel/layers/module.h>

namespace korrel::nn {

// What the two share: parameters in order, each with a name.
class ParameterContainer : public Module {
 public:
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::string extra_repr() const override;
  void visit_contents(Members& members) override;

 protected:
  struct Entry {
    std::string name;
    Parameter value;
  };
  void own(std::string name, const Tensor& value);  // throws ValueError for a name that is taken, empty or has a dot
  std::vector<Entry> entries_;
};

// Named "0", "1", ...
class ParameterList : public ParameterContainer {  // parameters by number
 public:
  ParameterList() = default;
  explicit ParameterList(std::initializer_list<Tensor> values);
  ParameterList& append(const Tensor& value);
  Parameter& operator[](std::size_t index);  // throws ValueError naming the index and the size
  KORREL_MODULE()
};

struct NamedValue {
  std::string name;
  Tensor value;
};

class ParameterDict : public ParameterContainer {  // parameters by name
 public:
  ParameterDict() = default;
  explicit ParameterDict(std::initializer_list<NamedValue> values);
  ParameterDict& append(std::string name, const Tensor& value);
  bool contains(std::string_view name) const;
  Parameter& operator[](std::string_view name);  // throws ValueError naming what there is
  KORREL_MODULE()
};

}  // namespace korrel::nn
