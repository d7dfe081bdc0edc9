#include <tests/golden/golden.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>

namespace golden {

using korrel::DType;
using korrel::Tensor;
using nlohmann::json;

struct Args::Json {
  json value;
  std::set<std::string> read;
  std::vector<std::pair<std::string, Args>> children;

  const json& at(const std::string& name) {
    read.insert(name);
    if (!value.contains(name)) throw korrel::ValueError("golden: the case has no argument " + name);
    return value.at(name);
  }
};

namespace {

double to_number(const json& value) {
  if (value.is_string()) return value == "inf" ? INFINITY : value == "-inf" ? -INFINITY : NAN;
  if (value.is_boolean()) return value.get<bool>();
  return value.get<double>();
}

struct Family {
  json cases;
  std::map<std::string, Tensor> tensors;
};

// Its own small reader: what checks the library does not read its numbers through the library.
Family load(const std::string& name) {
  std::string path = std::string(KORREL_GOLDEN_DIR) + "/" + name + ".safetensors";
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path);
  std::string blob((std::istreambuf_iterator<char>(file)), {});
  uint64_t length;
  std::memcpy(&length, blob.data(), 8);
  json header = json::parse(blob.substr(8, length));
  Family family;
  family.cases = json::parse(header.at("__metadata__").at("cases").get<std::string>());
  for (auto& [key, entry] : header.items()) {
    if (key == "__metadata__") continue;
    std::string kind = entry.at("dtype");
    DType dtype = kind == "F64" ? korrel::f64 : kind == "I64" ? korrel::i64 : korrel::boolean;
    Tensor x = korrel::make_tensor(entry.at("shape").get<std::vector<int64_t>>(), dtype);
    auto offsets = entry.at("data_offsets").get<std::vector<uint64_t>>();
    std::memcpy(x.raw_data(), blob.data() + 8 + length + offsets[0], offsets[1] - offsets[0]);
    family.tensors[key] = x;
  }
  return family;
}

// f64 tensors as `dtype`, a leaf of its own.
Tensor narrow(const Tensor& x, DType dtype) {
  if (x.dtype() != korrel::f64) return x;
  std::vector<double> values = x.to_vector();
  if (dtype == korrel::f64) return korrel::from_vector(values, x.shape());
  return korrel::from_vector(std::vector<float>(values.begin(), values.end()), x.shape());
}

std::map<std::string, Call>& calls() {
  static std::map<std::string, Call> table;
  return table;
}

// "" when `actual` agrees with `expected`: |difference| <= t * max(1, max |expected|), non-finite values in the same
// places.
std::string difference(const Tensor& actual, const Tensor& expected, DType dtype) {
  if (!actual.defined()) return "is undefined";
  if (actual.shape() != expected.shape())
    return fmt::format("has shape {}, expected {}", actual.shape(), expected.shape());
  if (expected.dtype() == korrel::f64 ? actual.dtype() != dtype : actual.dtype() != expected.dtype())
    return fmt::format("is {}, expected {}", actual.dtype(),
                       expected.dtype() == korrel::f64 ? dtype : expected.dtype());
  std::vector<double> a = actual.to_vector(), e = expected.to_vector();
  double scale = 1;
  for (double value : e)
    if (std::isfinite(value)) scale = std::max(scale, std::abs(value));
  double tolerance = expected.dtype() != korrel::f64 ? 0 : (dtype == korrel::f64 ? 1e-9 : 1e-4) * scale;
  for (std::size_t i = 0; i < a.size(); ++i) {
    bool same =
        std::isfinite(e[i]) ? std::abs(a[i] - e[i]) <= tolerance : (std::isnan(e[i]) ? std::isnan(a[i]) : a[i] == e[i]);
    if (!same)
      return fmt::format("element {} is {:.12g}, expected {:.12g} (tolerance {:.3g})", i, a[i], e[i], tolerance);
  }
  return "";
}

class Run {
 public:
  Run(const Family& family, const json& description, DType dtype)
      : family_(family), json_(description), dtype_(dtype), id_(description.at("id")) {}

  void check() {
    try {
      check_case();
    } catch (const std::exception& error) {
      fail("threw " + std::string(error.what()));
    }
  }

 private:
  Tensor stored(const std::string& name) const { return family_.tensors.at(id_ + "/" + name); }
  bool is_stored(const std::string& name) const { return family_.tensors.contains(id_ + "/" + name); }

  void fail(const std::string& what) const {
    FAIL_CHECK(id_ << " (" << json_.at("op").get<std::string>() << ", " << korrel::name(dtype_) << "): " << what
                   << "\n  args " << json_.at("args").dump()
                   << (json_.contains("note") ? "\n  note " + json_.at("note").dump() : ""));
  }
  void compare(const std::string& name, const Tensor& actual) const {
    std::string wrong = difference(actual, stored(name), dtype_);
    if (!wrong.empty()) fail(name + " " + wrong);
  }

  Case make_case() const {
    std::map<std::string, Tensor> inputs;
    std::vector<std::string> with_grad = json_.at("grads");
    for (std::string name : json_.at("inputs")) {
      Tensor x = narrow(stored(name), dtype_);
      if (std::find(with_grad.begin(), with_grad.end(), name) != with_grad.end()) x.requires_grad_();
      inputs[name] = x;
    }
    auto args = std::make_shared<Args::Json>();
    args->value = json_.at("args");
    Case result(id_, json_.at("op"), Args(args), inputs);
    result.dtype = dtype_;
    return result;
  }

  void check_case() {
    Case given = make_case();
    Outputs outputs = calls().at(given.op)(given).outputs;
    for (const std::string& name : given.args.unread()) fail("the argument " + name + " was not looked at");
    for (std::string name : json_.at("outputs")) {
      if (outputs.contains(name))
        compare(name, outputs[name]);
      else
        fail("the output " + name + " is missing");
    }
    check_gradients(given, outputs);
    if (json_.contains("second_order") && json_.at("second_order").get<bool>()) check_second_order();
  }

  void check_gradients(const Case& given, const Outputs& outputs) {
    std::vector<std::string> names = json_.at("grads");
    std::vector<Tensor> roots, upstream, leaves;
    std::vector<std::string> from_engine;
    for (const auto& [name, y] : outputs) {
      if (!is_stored("grad_" + name) || given.has(name)) continue;
      if (y.requires_grad()) {
        roots.push_back(y);
        upstream.push_back(narrow(stored("grad_" + name), dtype_));
      }
    }
    for (const std::string& name : names) {
      auto own = outputs.find("grad_" + name);
      if (own != outputs.end())
        compare("grad_" + name, own->second);
      else {
        leaves.push_back(given[name]);
        from_engine.push_back(name);
      }
    }
    if (leaves.empty()) return;
    std::vector<Tensor> grads(leaves.size());
    if (!roots.empty()) grads = korrel::grad(roots, leaves, upstream, {.allow_unused = true});
    for (std::size_t i = 0; i < leaves.size(); ++i)
      compare("grad_" + from_engine[i], grads[i].defined() ? grads[i] : korrel::zeros_like(leaves[i]));
  }

  void check_second_order() {
    Case given = make_case();
    Outputs outputs = calls().at(given.op)(given).outputs;
    std::vector<Tensor> roots, upstream;
    std::map<std::string, Tensor> variables = given.inputs;
    for (const auto& [name, y] : outputs) {
      if (!is_stored("grad_" + name) || given.has(name) || !y.requires_grad()) continue;
      roots.push_back(y);
      upstream.push_back(narrow(stored("grad_" + name), dtype_).requires_grad_());
      variables["grad_" + name] = upstream.back();
    }
    Tensor s = given[json_.at("second_order_of").get<std::string>()];
    Tensor grad_s = korrel::grad(roots, {s}, upstream, {.create_graph = true})[0];
    std::vector<std::string> names = json_.at("second_order_wrt");
    std::vector<Tensor> wanted, grads;
    for (const std::string& name : names) wanted.push_back(variables.at(name));
    grads.resize(wanted.size());
    if (grad_s.requires_grad())
      grads = korrel::grad({grad_s}, wanted, {narrow(stored("v"), dtype_)}, {.allow_unused = true});
    for (std::size_t i = 0; i < names.size(); ++i)
      compare("grad2_" + names[i], grads[i].defined() ? grads[i] : korrel::zeros_like(wanted[i]));
  }

  const Family& family_;
  const json& json_;
  DType dtype_;
  std::string id_;
};

}  // namespace

bool Args::has(const std::string& name) const {
  json_->read.insert(name);
  return json_->value.contains(name) && !json_->value.at(name).is_null();
}
double Args::number(const std::string& name) const { return to_number(json_->at(name)); }
int64_t Args::integer(const std::string& name) const { return json_->at(name).get<int64_t>(); }
bool Args::flag(const std::string& name) const { return json_->at(name).get<bool>(); }
std::string Args::text(const std::string& name) const { return json_->at(name).get<std::string>(); }
bool Args::is_text(const std::string& name) const { return json_->at(name).is_string(); }
bool Args::is_list(const std::string& name) const { return json_->at(name).is_array(); }
korrel::Dims Args::ints(const std::string& name) const {
  const json& value = json_->at(name);
  return value.is_array() ? korrel::Dims(value.get<std::vector<int64_t>>()) : korrel::Dims{value.get<int64_t>()};
}
std::vector<double> Args::numbers(const std::string& name) const {
  const json& value = json_->at(name);
  if (!value.is_array()) return {to_number(value)};
  std::vector<double> result;
  for (const json& item : value) result.push_back(to_number(item));
  return result;
}
std::vector<std::string> Args::texts(const std::string& name) const {
  return json_->at(name).get<std::vector<std::string>>();
}

std::vector<Args> Args::objects(const std::string& name) const {
  std::vector<Args> result;
  for (const json& item : json_->at(name)) {
    auto child = std::make_shared<Json>();
    child->value = item;
    result.emplace_back(child);
    json_->children.emplace_back(name, result.back());
  }
  return result;
}
std::vector<Args> Args::items(const std::string& name) const {
  std::vector<Args> result;
  for (const json& item : json_->at(name)) {
    auto child = std::make_shared<Json>();
    child->value = json{{"item", item}};
    result.emplace_back(child);
  }
  return result;
}
Args Args::object(const std::string& name) const {
  auto child = std::make_shared<Json>();
  child->value = json_->at(name);
  json_->children.emplace_back(name, Args(child));
  return Args(child);
}
std::vector<std::string> Args::names() const {
  std::vector<std::string> result;
  for (auto& [key, value] : json_->value.items()) result.push_back(key);
  return result;
}
std::string Args::raw(const std::string& name) const { return json_->at(name).dump(); }
void Args::ignore(const std::string& name) const { json_->read.insert(name); }
std::vector<std::string> Args::unread() const {
  std::vector<std::string> result;
  for (const std::string& name : names())
    if (!json_->read.contains(name)) result.push_back(name);
  for (const auto& [parent, child] : json_->children)
    for (const std::string& name : child.unread()) result.push_back(parent + "." + name);
  return result;
}

std::vector<Tensor> Case::numbered(const std::string& prefix) const {
  std::vector<Tensor> result;
  while (has(prefix + std::to_string(result.size()))) result.push_back((*this)[prefix + std::to_string(result.size())]);
  return result;
}

Result::Result(const std::vector<Tensor>& several) {
  for (std::size_t i = 0; i < several.size(); ++i) outputs["y" + std::to_string(i)] = several[i];
}

Ops::Ops(std::initializer_list<std::pair<const char*, Call>> list) {
  for (const auto& [name, call] : list)
    if (!calls().emplace(name, call).second) throw korrel::Error(std::string("golden: two calls for ") + name);
}

void run(const std::string& name) {
  Family family = load(name);
  int done = 0;
  std::string missing;
  for (const json& description : family.cases) {
    if (!calls().contains(description.at("op"))) {
      missing += fmt::format("not yet run: {} ({})\n", description.at("id").get<std::string>(),
                             description.at("op").get<std::string>());
      continue;
    }
    try {
      Run(family, description, korrel::f64).check();
      Run(family, description, korrel::f32).check();
      ++done;
    } catch (const NotYet& later) {
      missing += fmt::format("not yet run: {} ({})\n", description.at("id").get<std::string>(), later.what);
    }
  }
  // ./dev test repeats these lines at its end.
  fmt::print("report: golden {}: {} of {} cases run in f64 and f32\n{}", name, done, family.cases.size(), missing);
  CHECK_MESSAGE(done > 0, "golden " << name << ": no case was run");
}

}  // namespace golden
