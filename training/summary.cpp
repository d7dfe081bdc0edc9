#include <korrel/training/summary.h>

#include <algorithm>
#include <set>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/cost.h>
#include <korrel/training/eval_mode.h>

namespace korrel::training {
namespace {

// How a tensor on the way looks back at the input: what one of its elements sees, and the step between two neighbours.
struct View {
  Dims field, jump;
  Dims sizes;  // of the tensor's image
  bool whole = false;
};

Dims image_of(const Tensor& x) { return x.dim() > 2 ? x.shape().slice(2, x.dim()) : Dims(); }

class Tracer {
 public:
  Tracer(const Tensor& input, ModelSummary& summary) : summary_(summary) {
    Dims sizes = image_of(input);
    View view{Dims::filled(sizes.rank(), 1), Dims::filled(sizes.rank(), 1), sizes, sizes.empty()};
    remember(input, view);
    latest_ = view;
  }

  void layer(const std::string& path, nn::Module& module, const Tensor& x, const Tensor& y) {
    View view = view_of(x);
    nn::LayerCost cost = module.cost(x, y);
    apply(cost, view);
    view.sizes = image_of(y);
    LayerSummary row{.path = path.empty() ? module.type_name() : path,
                     .type = module.type_name(),
                     .output = y.dim() > 0 ? y.shape().slice(1, y.dim()) : y.shape(),
                     .multiply_adds = cost.multiply_adds};
    if (counted_.insert(&module).second) row.parameters = module.parameter_count();
    if (!view.whole && !view.sizes.empty()) row.receptive_field = view.field;
    summary_.multiply_adds += cost.multiply_adds;
    summary_.layers.push_back(row);
    remember(y, view);
    if (view.whole || latest_.whole || latest_.field.empty() || view.field[0] >= latest_.field[0]) latest_ = view;
  }

 private:
  void remember(const Tensor& x, const View& view) { seen_.emplace_back(x, view); }

  // A tensor that no layer made (by relu(x), say) is taken as coming from what sees most so far. Seen again, as the
  // shortcut of a residual block sees its input, it is the same.
  View view_of(const Tensor& x) {
    for (auto entry = seen_.rbegin(); entry != seen_.rend(); ++entry) {
      if (entry->first.same_as(x)) return entry->second;
    }
    View view = latest_;
    Dims sizes = image_of(x);
    if (sizes.rank() != view.sizes.rank()) view.whole = true;
    for (int axis = 0; !view.whole && axis < sizes.rank(); ++axis) {
      int64_t factor = std::max<int64_t>(sizes[axis] > 0 ? view.sizes[axis] / sizes[axis] : 1, 1);
      view.field[axis] += (factor - 1) * view.jump[axis];
      view.jump[axis] *= factor;
    }
    view.sizes = sizes;
    remember(x, view);
    return view;
  }

  static void apply(const nn::LayerCost& cost, View& view) {
    if (cost.global) view.whole = true;
    if (view.whole || cost.kernel.rank() != view.field.rank()) return;
    for (int axis = 0; axis < cost.kernel.rank(); ++axis) {
      int64_t stride = axis < cost.stride.rank() ? cost.stride[axis] : 1,
              dilation = axis < cost.dilation.rank() ? cost.dilation[axis] : 1;
      int64_t reach = (cost.kernel[axis] - 1) * dilation;
      if (cost.transposed) {  // an output lies between the inputs: of the window, every stride-th element meets one
        view.field[axis] += reach / stride * view.jump[axis];
        view.jump[axis] = std::max<int64_t>(view.jump[axis] / stride, 1);
      } else {
        view.field[axis] += reach * view.jump[axis];
        view.jump[axis] *= stride;
      }
    }
  }

  ModelSummary& summary_;
  std::vector<std::pair<Tensor, View>> seen_;  // kept alive: no address is used twice
  View latest_;
  std::set<const nn::Module*> counted_;
};

class Hooks {
 public:
  Hooks() = default;
  ~Hooks() {
    for (HookHandle& handle : handles_) handle.remove();
  }
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;
  void add(HookHandle handle) { handles_.push_back(std::move(handle)); }

 private:
  std::vector<HookHandle> handles_;
};

std::string grouped(int64_t number) {  // 61,706
  std::string text = std::to_string(number);
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string sizes(const Dims& dims) {
  std::string text;
  for (int64_t size : dims) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

std::string field_text(const LayerSummary& layer) {
  return layer.receptive_field.empty() ? "all" : sizes(layer.receptive_field);
}

}  // namespace

ModelSummary summarize(nn::Module& model, const Shape& input) {
  for (int64_t size : input) check<ValueError>(size > 0, "summary: the input's sizes must be positive, got {}", input);
  ModelSummary summary{.input = input};
  Shape batch = input;
  batch.insert(0, 1);
  Tensor x = zeros(batch);
  Tracer tracer(x, summary);
  EvalMode eval(model);
  NoGradGuard no_grad;
  Hooks hooks;
  for (const nn::NamedModule& named : model.named_modules()) {
    if (!named.module->children().empty()) continue;
    hooks.add(named.module->register_forward_hook(
        [&tracer, path = named.name](nn::Module& module, const Tensor& in, const Tensor& out) {
          tracer.layer(path, module, in, out);
        }));
  }
  Tensor y = model(x);
  summary.output = y.dim() > 0 ? y.shape().slice(1, y.dim()) : y.shape();
  for (const Tensor& parameter : model.parameters()) {
    summary.parameters += parameter.numel();
    if (parameter.requires_grad()) summary.trainable += parameter.numel();
  }
  return summary;
}

std::string to_string(const ModelSummary& summary) {
  std::vector<std::vector<std::string>> rows = {
      {"layer", "type", "output", "parameters", "multiply-adds", "receptive field"}};
  rows.push_back({"input", "", sizes(summary.input), "", "", ""});
  for (const LayerSummary& layer : summary.layers) {
    rows.push_back({layer.path, layer.type, sizes(layer.output), grouped(layer.parameters),
                    grouped(layer.multiply_adds), field_text(layer)});
  }
  rows.push_back({"total", "", sizes(summary.output), grouped(summary.parameters), grouped(summary.multiply_adds), ""});
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {  // names to the left, numbers to the right
      line += i < 3 ? fmt::format("{:<{}}  ", rows[r][i], widths[i]) : fmt::format("{:>{}}  ", rows[r][i], widths[i]);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    if (r + 1 == rows.size()) text += std::string(line.size(), '-') + "\n";
    text += line + "\n";
  }
  return text +
         fmt::format("{} of {} parameters are trained\n", grouped(summary.trainable), grouped(summary.parameters));
}

}  // namespace korrel::training
