#include <korrel/layers/recurrent.h>

#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/dropout.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {
namespace {

Tensor& output_of(LSTMOutput& result) { return result.y; }
Tensor& output_of(PackedLSTMOutput& result) { return result.y.data; }

// What a call of an ordinary module does around forward: member checks, the call path, the path in messages, and
// forward hooks, which see x and y.
template <class F>
auto called(Module& module, const Tensor& x, const F& forward) {
  ModuleCall call(module);
  return call.run([&] {
    auto result = forward();
    Tensor& y = output_of(result);
    y = call.finish(x, y);
    return result;
  });
}

int64_t gates_of(RecurrentCell cell) { return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1; }

const char* op_of(RecurrentCell cell) {
  return cell == RecurrentCell::lstm ? "lstm" : cell == RecurrentCell::gru ? "gru" : "rnn";
}

}  // namespace

RecurrentLayer::RecurrentLayer(const char* layer, RecurrentCell cell, int64_t inputs, int64_t hidden,
                               const Options& options)
    : input_size(inputs),
      hidden_size(hidden),
      num_layers(options.num_layers),
      proj_size(options.proj_size),
      bias(options.bias),
      batch_first(options.batch_first),
      bidirectional(options.bidirectional),
      dropout(options.dropout),
      layer_(layer),
      cell_(cell),
      generator_(options.generator) {
  check_positive(layer, "input_size", input_size);
  check_positive(layer, "hidden_size", hidden_size);
  check_positive(layer, "num_layers", num_layers);
  check<ValueError>(dropout >= 0 && dropout <= 1, "{}: dropout must lie in [0, 1], got {}", layer, dropout);
  check<ValueError>(proj_size >= 0 && proj_size < hidden_size,
                    "{}: proj_size must be at least 0 and below hidden_size={}, got {}", layer, hidden_size, proj_size);
  int64_t height = gates_of(cell) * hidden_size, width = proj_size > 0 ? proj_size : hidden_size;
  for (int64_t l = 0; l < num_layers; ++l)
    for (int64_t direction = 0; direction < num_directions(); ++direction) {
      std::string suffix = fmt::format("_l{}{}", l, direction == 1 ? "_reverse" : "");
      auto own = [&](const char* name, const Shape& shape) {
        names_.push_back(name + suffix);
        parameters_.emplace_back(empty(shape));
      };
      own("weight_ih", {height, l == 0 ? input_size : width * num_directions()});
      own("weight_hh", {height, width});
      if (bias) own("bias_ih", {height});
      if (bias) own("bias_hh", {height});
      if (proj_size > 0) own("weight_hr", {proj_size, hidden_size});
    }
  reset_parameters();
}

void RecurrentLayer::reset_parameters(Generator& generator) {
  double bound = 1 / std::sqrt(static_cast<double>(hidden_size));
  for (Parameter& parameter : parameters_) init::uniform_(parameter, -bound, bound, generator);
}

Parameter& RecurrentLayer::parameter(std::string_view name) {
  std::string names;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return parameters_[i];
    names += (i == 0 ? "" : ", ") + names_[i];
  }
  fail<ValueError>("{}: there is no parameter \"{}\", there are: {}", layer_, name, names);
}

void RecurrentLayer::visit_contents(Members& members) {
  for (std::size_t i = 0; i < names_.size(); ++i) members.add(names_[i], parameters_[i]);
}

std::string RecurrentLayer::extra_repr() const {
  std::string text = fmt::format("{}, {}", input_size, hidden_size);
  if (proj_size != 0) text += fmt::format(", proj_size={}", proj_size);
  if (num_layers != 1) text += fmt::format(", num_layers={}", num_layers);
  if (!bias) text += ", bias=False";
  if (batch_first) text += ", batch_first=True";
  if (dropout != 0) text += ", dropout=" + python_number(dropout);
  if (bidirectional) text += ", bidirectional=True";
  return text;
}

LayerCost RecurrentLayer::cost(const Tensor& x, const Tensor&) const {
  int64_t of_a_row = 0;
  for (const Parameter& weight : parameters_)
    if (weight.dim() == 2) of_a_row += weight.numel();
  return {.multiply_adds = x.numel() / input_size * of_a_row, .global = true};
}

void RecurrentLayer::check_state(const char* name, const Tensor& state, const Shape& expected) const {
  if (state.defined())
    check<ShapeError>(state.shape() == expected,
                      "{}: {} expects shape {} (num_layers * directions, batch, width), got {}", op_of(cell_), name,
                      expected, state.shape());
}

// All layers over packed rows [rows,features]; states [num_layers*directions,N,width].
Recurrence RecurrentLayer::layers(const Tensor& rows, const std::vector<int64_t>& batch_sizes, RecurrentState initial) {
  int64_t count = num_layers * num_directions(), batch = batch_sizes[0];
  check<ShapeError>(rows.size(-1) == input_size, "{}: expects {} features, x has {} (x {})", op_of(cell_), input_size,
                    rows.size(-1), rows.shape());
  check_state("h_0", initial.h, {count, batch, proj_size > 0 ? proj_size : hidden_size});
  check_state("c_0", initial.c, {count, batch, hidden_size});
  std::vector<Tensor> h_n, c_n;
  std::size_t next = 0;
  auto take = [&](bool there) { return there ? static_cast<Tensor>(parameters_[next++]) : Tensor(); };
  Tensor x = rows;
  for (int64_t l = 0; l < num_layers; ++l) {
    std::vector<Tensor> ys;
    for (int64_t direction = 0; direction < num_directions(); ++direction) {
      int64_t i = l * num_directions() + direction;
      RecurrentWeights weights;
      weights.weight_ih = take(true);
      weights.weight_hh = take(true);
      weights.bias_ih = take(bias);
      weights.bias_hh = take(bias);
      weights.weight_hr = take(proj_size > 0);
      RecurrentState state{initial.h.defined() ? initial.h[i] : Tensor(),
                           initial.c.defined() ? initial.c[i] : Tensor()};
      Recurrence result = recurrence(cell_, x, batch_sizes, state, weights, {.reverse = direction == 1});
      ys.push_back(result.y);
      h_n.push_back(result.h_n);
      if (result.c_n.defined()) c_n.push_back(result.c_n);
    }
    x = ys.size() == 1 ? ys[0] : cat(ys, 1);
    if (l + 1 < num_layers)
      x = korrel::dropout(x, {.p = dropout, .training = training()}, generator_ ? *generator_ : default_generator());
  }
  return {x, stack(h_n), c_n.empty() ? Tensor() : stack(c_n)};
}

LSTMOutput RecurrentLayer::run(const Tensor& x, const RecurrentState& initial) {
  return called(*this, x, [&]() -> LSTMOutput {
    check<ValueError>(x.defined(), "{}: x is undefined", op_of(cell_));
    check_defined(op_of(cell_), x);
    check<ShapeError>(x.dim() == 2 || x.dim() == 3, "{}: x needs shape {} or [T,features], has {}", op_of(cell_),
                      batch_first ? "[N,T,features]" : "[T,N,features]", x.shape());
    bool single = x.dim() == 2, swapped = !single && batch_first;
    RecurrentState state = initial;
    if (single)
      for (Tensor* part : {&state.h, &state.c})
        if (part->defined()) {
          check<ShapeError>(part->dim() == 2, "{}: the state of one sequence {} needs 2 dimensions, has {}",
                            op_of(cell_), x.shape(), part->shape());
          *part = part->unsqueeze(1);
        }
    Tensor steps = single ? x.unsqueeze(1) : swapped ? x.transpose(0, 1) : x;
    int64_t count = steps.size(0), batch = steps.size(1);
    check<ShapeError>(count > 0, "{}: needs at least one step, x is {}", op_of(cell_), x.shape());
    Recurrence result = layers(steps.reshape({count * batch, steps.size(2)}),
                               std::vector<int64_t>(static_cast<std::size_t>(count), batch), state);
    Tensor y = result.y.reshape({count, batch, result.y.size(1)});
    if (!single) return {swapped ? y.transpose(0, 1) : y, result.h_n, result.c_n};
    return {y.squeeze(1), result.h_n.squeeze(1), result.c_n.defined() ? result.c_n.squeeze(1) : Tensor()};
  });
}

PackedLSTMOutput RecurrentLayer::run(const PackedSequence& x, const RecurrentState& initial) {
  return called(*this, x.data, [&]() -> PackedLSTMOutput {
    check<ValueError>(x.data.defined() && !x.batch_sizes.empty(), "{}: the packed sequence is empty", op_of(cell_));
    check<ShapeError>(x.data.dim() == 2, "{}: packed data needs shape [rows,features], has {}", op_of(cell_),
                      x.data.shape());
    auto reordered = [&](const Tensor& state, const std::vector<int64_t>& order) {
      return !state.defined() || order.empty() ? state : index_select(state, 1, from_vector(order));
    };
    Recurrence result =
        layers(x.data, x.batch_sizes, {reordered(initial.h, x.sorted_indices), reordered(initial.c, x.sorted_indices)});
    return {{result.y, x.batch_sizes, x.sorted_indices, x.unsorted_indices},
            reordered(result.h_n, x.unsorted_indices),
            reordered(result.c_n, x.unsorted_indices)};
  });
}

RNN::RNN(int64_t inputs, int64_t hidden, const RNNOptions& o)
    : RecurrentLayer("RNN", o.nonlinearity == Nonlinearity::relu ? RecurrentCell::rnn_relu : RecurrentCell::rnn_tanh,
                     inputs, hidden,
                     {o.num_layers, 0, o.bias, o.batch_first, o.bidirectional, o.dropout, o.generator}) {}
RNNOutput RNN::operator()(const Tensor& x, const Tensor& h_0) {
  LSTMOutput result = run(x, {h_0});
  return {result.y, result.h_n};
}
PackedRNNOutput RNN::operator()(const PackedSequence& x, const Tensor& h_0) {
  PackedLSTMOutput result = run(x, {h_0});
  return {result.y, result.h_n};
}

LSTM::LSTM(int64_t inputs, int64_t hidden, const LSTMOptions& o)
    : RecurrentLayer("LSTM", RecurrentCell::lstm, inputs, hidden,
                     {o.num_layers, o.proj_size, o.bias, o.batch_first, o.bidirectional, o.dropout, o.generator}) {}
LSTMOutput LSTM::operator()(const Tensor& x, const RecurrentState& initial) { return run(x, initial); }
PackedLSTMOutput LSTM::operator()(const PackedSequence& x, const RecurrentState& initial) { return run(x, initial); }

GRU::GRU(int64_t inputs, int64_t hidden, const GRUOptions& o)
    : RecurrentLayer("GRU", RecurrentCell::gru, inputs, hidden,
                     {o.num_layers, 0, o.bias, o.batch_first, o.bidirectional, o.dropout, o.generator}) {}
RNNOutput GRU::operator()(const Tensor& x, const Tensor& h_0) {
  LSTMOutput result = run(x, {h_0});
  return {result.y, result.h_n};
}
PackedRNNOutput GRU::operator()(const PackedSequence& x, const Tensor& h_0) {
  PackedLSTMOutput result = run(x, {h_0});
  return {result.y, result.h_n};
}

}  // namespace korrel::nn
