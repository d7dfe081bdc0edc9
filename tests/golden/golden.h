// The table-driven runner of the golden vectors: PyTorch's own numbers in tests/golden/*.safetensors (see README.md
// there). A test file says how an op's name maps to a call (Ops) and which families to run (run); everything else is
// checked here: outputs, gradients and second-order gradients, in f64 to 1e-9 and in f32 to 1e-4, and that no argument
// was ignored.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace golden {

// The arguments of a case, under PyTorch's names. An argument that is never read fails the case.
class Args {
 public:
  struct Json;
  explicit Args(std::shared_ptr<Json> json) : json_(std::move(json)) {}

  bool has(const std::string& name) const;       // present and not null; counts as read
  double number(const std::string& name) const;  // "inf" and "-inf" too
  int64_t integer(const std::string& name) const;
  bool flag(const std::string& name) const;
  std::string text(const std::string& name) const;
  bool is_text(const std::string& name) const;
  bool is_list(const std::string& name) const;
  korrel::Dims ints(const std::string& name) const;  // a list, or one number as a list of one
  std::vector<double> numbers(const std::string& name) const;
  std::vector<std::string> texts(const std::string& name) const;
  std::vector<Args> objects(const std::string& name) const;  // a list of objects
  std::vector<Args> items(const std::string& name) const;    // a list of anything: each item is read as argument "item"
  Args object(const std::string& name) const;
  std::vector<std::string> names() const;
  std::string raw(const std::string& name) const;  // as JSON text
  void ignore(const std::string& name) const;      // for what is not an argument here ("inplace"): counts as read
  std::vector<std::string> unread() const;

 private:
  std::shared_ptr<Json> json_;
};

class Case {
 public:
  Case(std::string id, std::string op, Args args, std::map<std::string, korrel::Tensor> inputs)
      : id(std::move(id)), op(std::move(op)), args(std::move(args)), inputs(std::move(inputs)) {}

  std::string id, op;
  Args args;
  std::map<std::string, korrel::Tensor> inputs;  // in the dtype under test; those with a gradient require it
  korrel::DType dtype = korrel::f64;             // f64 or f32

  bool has(const std::string& name) const { return inputs.contains(name); }
  // The tensor, or an undefined one where the case has none.
  korrel::Tensor operator[](const std::string& name) const {
    auto found = inputs.find(name);
    return found == inputs.end() ? korrel::Tensor() : found->second;
  }
  std::vector<korrel::Tensor> numbered(const std::string& prefix) const;  // x0, x1, ...
};

// Results by name. An op whose gradients are not those of sum(output * grad_output) (models) returns "grad_<input>"
// itself.
using Outputs = std::map<std::string, korrel::Tensor>;

struct Result {
  Result(korrel::Tensor y) : outputs{{"y", std::move(y)}} {}
  Result(Outputs named) : outputs(std::move(named)) {}
  Result(const std::vector<korrel::Tensor>& several);  // y0, y1, ...
  Outputs outputs;
};
using Call = std::function<Result(const Case&)>;

// static const golden::Ops ops = {{"exp", [](const golden::Case& c) { return exp(c["x"]); }}, ...};
struct Ops {
  Ops(std::initializer_list<std::pair<const char*, Call>> calls);
};

// Thrown by a call for a case that needs what is left to later, though others of its op do not: it is listed as not yet
// run.
struct NotYet {
  std::string what;
};

// Runs every case of tests/golden/<family>.safetensors. Cases whose op has no call are listed as not yet run.
void run(const std::string& family);

}  // namespace golden
