#include <korrel/layers/summary.h>

#include <algorithm>
#include <unordered_set>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/member_walk.h>
#include <korrel/layers/receptive_field.h>

namespace korrel::nn {
namespace {

int64_t own_parameters(const Module& module) {
  int64_t count = 0;
  for (const Member& member : members_of(module).list)
    if (member.kind == Member::Kind::parameter && member.tensor->defined()) count += member.tensor->numel();
  return count;
}

bool has_children(const Module& module) {
  for (const Member& member : members_of(module).list)
    if (member.module) return true;
  return false;
}

// Evaluation mode, and back to what each module was in.
class EvaluationMode {
 public:
  explicit EvaluationMode(const std::vector<NamedModule>& modules) {
    for (const NamedModule& named : modules) before_.push_back({named.module, named.module->training()});
    modules[0].module->eval();
  }
  ~EvaluationMode() {
    for (auto [module, training] : before_)  // parents come before their children, whose own modes are set later
      module->train(training);
  }

 private:
  std::vector<std::pair<Module*, bool>> before_;
};

class HooksWhile {
 public:
  ~HooksWhile() {
    for (HookHandle& handle : handles_) handle.remove();
  }
  void add(HookHandle handle) { handles_.push_back(std::move(handle)); }

 private:
  std::vector<HookHandle> handles_;
};

std::string with_commas(int64_t value) {
  std::string digits = std::to_string(value);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

}  // namespace

Summary summary(Module& net, const Shape& input) {
  std::vector<NamedModule> modules = net.named_modules();
  std::vector<Tensor> parameters = net.parameters();
  Shape batch = input;
  batch.insert(0, 1);
  DType dtype = parameters.empty() ? f32 : parameters[0].dtype();
  Tensor x = zeros(batch, {.dtype = dtype, .requires_grad = true});  // so that a graph is recorded

  Summary result{.input = input};
  ReceptiveFields fields(x);
  std::unordered_set<const Module*> called;
  HooksWhile hooks;
  for (const NamedModule& named : modules) {
    if (has_children(*named.module) && own_parameters(*named.module) == 0) continue;
    std::string path = named.name.empty() ? named.module->type_name() : named.name;
    hooks.add(named.module->register_forward_hook([&, path](Module& module, const Tensor& in, const Tensor& out) {
      LayerCost cost = has_children(module) ? LayerCost{} : module.cost(in, out);
      if (in.defined()) fields.add_layer(in, out, cost);
      SummaryRow row{.path = path, .type = module.type_name()};
      row.output = out.dim() > 0 ? out.shape().slice(1, out.dim()) : Shape{};
      row.parameters = called.insert(&module).second ? own_parameters(module) : 0;
      row.multiply_adds = cost.multiply_adds;
      row.receptive_field = fields.of(out);
      result.rows.push_back(std::move(row));
    }));
  }
  {
    EvaluationMode mode(modules);
    EnableGradGuard grad;
    net(x);
  }
  for (const NamedModule& named : modules)
    if (!has_children(*named.module) && !called.contains(named.module))
      result.rows.push_back({.path = named.name,
                             .type = named.module->type_name(),
                             .called = false,
                             .parameters = own_parameters(*named.module)});

  for (const SummaryRow& row : result.rows) result.multiply_adds += row.multiply_adds;
  for (const Tensor& parameter : parameters) {
    result.parameters += parameter.numel();
    if (parameter.requires_grad()) result.trainable_parameters += parameter.numel();
  }
  return result;
}

// "1x28x28", as the command line takes it.
static std::string sizes_text(const Dims& sizes) {
  std::string text;
  for (int64_t size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "-" : text;
}

std::string to_string(const Summary& summary) {
  using Cells = std::vector<std::string>;
  std::vector<Cells> table{{"layer", "type", "output", "parameters", "multiply-adds", "receptive field"}};
  for (const SummaryRow& row : summary.rows) {
    table.push_back({row.path, row.type, row.called ? sizes_text(row.output) : "not called",
                     row.parameters ? with_commas(row.parameters) : "-",
                     row.multiply_adds ? with_commas(row.multiply_adds) : "-", sizes_text(row.receptive_field)});
  }
  table.push_back({"total", "", "", with_commas(summary.parameters), with_commas(summary.multiply_adds), ""});

  std::vector<std::size_t> widths(table[0].size());
  for (const Cells& cells : table)
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  std::string text;
  auto rule = [&] {
    std::size_t width = 2 * (widths.size() - 1);
    for (std::size_t w : widths) width += w;
    text += std::string(width, '-') + '\n';
  };
  for (std::size_t row = 0; row < table.size(); ++row) {
    if (row == 1 || row + 1 == table.size()) rule();
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      bool number = i >= 3;
      line += fmt::format(fmt::runtime(number ? "{:>{}}" : "{:<{}}"), table[row][i], widths[i]);
      if (i + 1 < widths.size()) line += "  ";
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  int64_t frozen = summary.parameters - summary.trainable_parameters;
  text += fmt::format("input {}", sizes_text(summary.input));
  if (frozen) text += fmt::format(", {} parameters frozen", with_commas(frozen));
  return text + '\n';
}

}  // namespace korrel::nn
