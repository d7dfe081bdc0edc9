// Drives every sample row; see samples.h. KORREL_SAMPLES=conv limits the run to ops whose name contains that.
#include <tests/framework/ops/samples.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/gradcheck.h>
#include <korrel/framework/autograd/node.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>

namespace samples {

static std::vector<Row>& table() {
  static std::vector<Row> rows;
  return rows;
}
Rows::Rows(std::initializer_list<Row> rows) { table().insert(table().end(), rows.begin(), rows.end()); }
const std::vector<Row>& all_rows() { return table(); }

}  // namespace samples

using namespace korrel;
using samples::Arg;
using samples::Row;

namespace {

Tensor make(const Arg& arg, DType dtype, int position, int64_t batch) {
  Generator generator(1000 + static_cast<uint64_t>(position));
  Shape shape = arg.shape;
  if (batch >= 0 && arg.batch_dim >= 0) shape[arg.batch_dim] = batch;
  switch (arg.kind) {
    case Arg::Kind::index:
      return randint(0, static_cast<int64_t>(arg.high), shape, {.dtype = i64}, generator);
    case Arg::Kind::mask:
      return randint(0, 2, shape, {.dtype = boolean}, generator);
    case Arg::Kind::distinct: {
      std::vector<int64_t> order = randperm(shape.numel(), generator).to_vector<int64_t>();
      Tensor x = zeros(shape, {dtype});
      double half = static_cast<double>(order.size()) / 2;
      visit_floating(dtype, [&]<class T>() {
        for (std::size_t i = 0; i < order.size(); ++i)
          x.data<T>()[i] = static_cast<T>(0.1 * (static_cast<double>(order[i]) - half) + 0.03);
      });
      if (arg.differentiable) x.requires_grad_();
      return x;
    }
    default: {
      // Drawn as f32 numbers, so that the f32 run sees exactly the values of the f64 run.
      Tensor x = zeros(shape, {f32});
      fill_uniform(x, arg.low, arg.high, generator);
      std::vector<float> values = x.to_vector<float>();
      if (dtype == f64) x = from_vector(std::vector<double>(values.begin(), values.end()), shape);
      if (arg.differentiable) x.requires_grad_();
      return x;
    }
  }
}

std::vector<Tensor> make_inputs(const Row& row, DType dtype, int64_t batch = -1) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < row.args.size(); ++i)
    inputs.push_back(make(row.args[i], dtype, static_cast<int>(i), batch));
  return inputs;
}

bool has_gradient(const Row& row) {
  bool any = false;
  for (const Arg& arg : row.args)
    any |= arg.differentiable && (arg.kind == Arg::Kind::real || arg.kind == Arg::Kind::distinct);
  return any && row.differentiable;
}

// Outputs, then the gradients of sum(output * its own values' sine) for every input that takes one.
std::vector<Tensor> results(const Row& row, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> outputs = row.call(inputs), roots, upstream, leaves;
  if (has_gradient(row)) {
    for (const Tensor& y : outputs) {
      if (!y.requires_grad()) continue;
      roots.push_back(y);
      Generator generator(77);
      upstream.push_back(randn(y.shape(), {f32}, generator).to(y.dtype()));
    }
    for (const Tensor& x : inputs)
      if (x.requires_grad()) leaves.push_back(x);
    for (const Tensor& gradient : grad(roots, leaves, upstream, {.allow_unused = true})) outputs.push_back(gradient);
  }
  return outputs;
}

// "" if the two agree; tolerance relative to max(1, |value|), 0 asks for the same bits.
std::string disagreement(const std::vector<Tensor>& a, const std::vector<Tensor>& b, double tolerance) {
  if (a.size() != b.size()) return "different numbers of results";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].defined() != b[i].defined()) return fmt::format("result {}: one is undefined", i);
    if (!a[i].defined()) continue;
    if (a[i].shape() != b[i].shape()) return fmt::format("result {}: shapes {} and {}", i, a[i].shape(), b[i].shape());
    std::vector<double> x = a[i].to_vector(), y = b[i].to_vector();
    for (std::size_t j = 0; j < x.size(); ++j) {
      bool same = x[j] == y[j] || (std::isnan(x[j]) && std::isnan(y[j])) ||
                  std::abs(x[j] - y[j]) <= tolerance * std::max(1.0, std::abs(y[j]));
      if (!same) return fmt::format("result {} element {}: {:.9g} and {:.9g}", i, j, x[j], y[j]);
    }
  }
  return "";
}

// Runs `check` on every row; it returns what is wrong, or "".
template <class F>
void for_each_row(const char* what, F check) {
  const char* filter = std::getenv("KORREL_SAMPLES");
  int index = 0;
  for (const Row& row : samples::all_rows()) {
    ++index;
    if (filter && row.op.find(filter) == std::string::npos) continue;
    std::string wrong;
    try {
      wrong = check(row);
    } catch (const std::exception& error) {
      wrong = std::string("threw ") + error.what();
    }
    CHECK_MESSAGE(wrong.empty(), what << ": row " << index << " (" << row.op << "): " << wrong);
  }
}

// The same values in another layout: dimensions stored in reverse order, every second element of a larger one.
Tensor strided(const Tensor& x) {
  if (x.dim() == 0) return x;
  Shape reversed;
  for (int i = x.dim() - 1; i >= 0; --i) reversed.push_back(x.size(i));
  reversed.push_back(2);
  Tensor store = zeros(reversed, {x.dtype()});
  Layout layout = store.body().layout;
  Layout view{x.shape(), {}, 0};
  for (int i = 0; i < x.dim(); ++i) view.strides.push_back(layout.strides[x.dim() - 1 - i]);
  Tensor result = make_view(store, view);
  visit(x.dtype(), [&]<class T>() {
    std::vector<int64_t> at(x.dim(), 0);
    const T* in = x.data<T>();
    T* out = static_cast<T*>(result.raw_data());
    for (int64_t i = 0; i < x.numel(); ++i) {
      int64_t offset = 0, rest = i;
      for (int d = x.dim() - 1; d >= 0; --d) {
        offset += rest % x.size(d) * view.strides[d];
        rest /= x.size(d);
      }
      out[offset] = in[i];
    }
  });
  if (x.requires_grad()) result.requires_grad_();
  return result;
}

}  // namespace

TEST_CASE("gradients agree with central differences") {
  for_each_row("gradcheck", [](const Row& row) {
    if (!has_gradient(row)) return std::string();
    GradcheckResult result = gradcheck([&](const std::vector<Tensor>& x) { return std::vector<Tensor>(row.call(x)); },
                                       make_inputs(row, f64));
    return result.message;
  });
}

TEST_CASE("second-order gradients agree with central differences") {
  for_each_row("gradgradcheck", [](const Row& row) {
    if (!has_gradient(row) || !row.second_order) return std::string();
    GradcheckResult result = gradgradcheck(
        [&](const std::vector<Tensor>& x) { return std::vector<Tensor>(row.call(x)); }, make_inputs(row, f64));
    return result.message;
  });
}

TEST_CASE("f32 agrees with f64") {
  for_each_row("f32", [](const Row& row) {
    return disagreement(results(row, make_inputs(row, f32)), results(row, make_inputs(row, f64)), row.f32_tolerance);
  });
}

TEST_CASE("strided inputs give what contiguous ones give") {
  for_each_row("strided", [](const Row& row) {
    std::vector<Tensor> inputs = make_inputs(row, f64), views;
    for (const Tensor& x : inputs) views.push_back(strided(x));
    return disagreement(results(row, views), results(row, inputs), 1e-12);
  });
}

TEST_CASE("batches of one and of none") {
  for_each_row("batch", [](const Row& row) {
    bool batched = false;
    for (const Arg& arg : row.args) batched |= arg.batch_dim >= 0;
    if (!batched) return std::string();
    for (int64_t batch : {1, 0}) {
      std::vector<Tensor> ys = results(row, make_inputs(row, f32, batch));
      for (const Tensor& y : ys)
        for (double value : y.defined() ? y.to_vector() : std::vector<double>{})
          if (std::isnan(value) && batch > 0) return fmt::format("a NaN at batch {}", batch);
    }
    return std::string();
  });
}

TEST_CASE("every SIMD target gives what the others give") {
  std::vector<std::string> targets = kernels::available_targets();
  std::string active = kernels::active_target();
  for (const std::string& target : targets) {
    CAPTURE(target);
    for_each_row(target.c_str(), [&](const Row& row) {
      for (DType dtype : {f64, f32}) {
        kernels::force_target(targets.back());
        std::vector<Tensor> expected = results(row, make_inputs(row, dtype));
        kernels::force_target(target);
        std::string wrong =
            disagreement(results(row, make_inputs(row, dtype)), expected, dtype == f64 ? 1e-10 : row.f32_tolerance);
        if (!wrong.empty()) return wrong;
      }
      return std::string();
    });
  }
  kernels::force_target(active);
}

TEST_CASE("any number of threads gives the same bits") {
  int before = num_threads();
  for_each_row("threads", [](const Row& row) {
    set_num_threads(1);
    std::vector<Tensor> one = results(row, make_inputs(row, f32));
    set_num_threads(3);
    return disagreement(results(row, make_inputs(row, f32)), one, 0);
  });
  set_num_threads(before);
}

TEST_CASE("no graph node is left behind") {
  for_each_row("nodes", [](const Row& row) {
    int64_t before = live_nodes();
    results(row, make_inputs(row, f32));
    return live_nodes() == before ? std::string() : fmt::format("{} nodes more than before", live_nodes() - before);
  });
}

TEST_CASE("every op of the catalogue has a row") {
  std::set<std::string> known;
  for (const Row& row : samples::all_rows()) known.insert(row.op);
  // The catalogue is what korrel.h includes of framework/ops/. A declaration there that starts a line and returns a
  // tensor or a struct of tensors is an op.
  std::regex header(R"(^#include <korrel/(framework/ops/\w+\.h)>)");
  std::regex declaration(R"(^(?:Tensor|std::vector<Tensor>|[A-Z]\w*)\s+([a-z]\w*)\()");
  int ops = 0;
  std::ifstream umbrella(KORREL_SOURCE_DIR "/korrel.h");
  for (std::string line; std::getline(umbrella, line);) {
    std::smatch name;
    if (!std::regex_search(line, name, header)) continue;
    std::string path = name[1];
    std::ifstream file(KORREL_SOURCE_DIR "/" + path);
    for (std::string text; std::getline(file, text);) {
      std::smatch match;
      if (!std::regex_search(text, match, declaration)) continue;
      ++ops;
      CHECK_MESSAGE(known.contains(match[1]), path << ": " << match[1] << " has no sample row");
    }
  }
  CHECK(ops > 150);
}
