// PyTorch's numbers for recurrent layers and cells, through the modules.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/tensor/create.h>
#include <korrel/layers/recurrent.h>
#include <korrel/layers/recurrent_cell.h>

using namespace korrel;
using golden::Case;

namespace {

// The case's own tensor takes the parameter's place, so that the gradient arrives there.
void put(const Case& c, const std::string& name, nn::Parameter& parameter) {
  if (!parameter.defined()) return;
  REQUIRE(c.has(name));
  REQUIRE(c[name].shape() == parameter.shape());
  static_cast<Tensor&>(parameter) = c[name];
}

template <class Layer>
Layer layer_of(const Case& c, Layer layer) {
  for (const auto& [name, tensor] : layer.state_dict()) put(c, name, layer.parameter(name));
  return layer;
}
template <class Cell>
Cell cell_of(const Case& c, Cell cell) {
  put(c, "weight_ih", cell.weight_ih);
  put(c, "weight_hh", cell.weight_hh);
  put(c, "bias_ih", cell.bias_ih);
  put(c, "bias_hh", cell.bias_hh);
  return cell;
}

int64_t number(const Case& c, const char* name) { return c.args.integer(name); }
nn::Nonlinearity nonlinearity(const Case& c) {
  return c.args.text("nonlinearity") == "relu" ? nn::Nonlinearity::relu : nn::Nonlinearity::tanh;
}

// Padded in and padded out, whether the case has lengths or not.
template <class Layer, class State>
golden::Outputs run(const Case& c, Layer layer, const State& state) {
  golden::Outputs outputs;
  auto add = [&](const auto& result) {
    outputs["h_n"] = result.h_n;
    if constexpr (requires { result.c_n; }) outputs["c_n"] = result.c_n;
  };
  if (c.has("lengths")) {
    PackedSequence packed = pack_padded_sequence(c["x"], c["lengths"].to_vector<int64_t>(),
                                                 {.batch_first = layer.batch_first, .enforce_sorted = false});
    auto result = layer(packed, state);
    add(result);
    outputs["y"] = pad_packed_sequence(result.y, {.batch_first = layer.batch_first}).data;
  } else {
    auto result = layer(c["x"], state);
    add(result);
    outputs["y"] = result.y;
  }
  return outputs;
}

const golden::Ops ops = {
    {"rnn",
     [](const Case& c) {
       return run(c,
                  layer_of(c, nn::RNN(number(c, "input_size"), number(c, "hidden_size"),
                                      {.num_layers = number(c, "num_layers"),
                                       .nonlinearity = nonlinearity(c),
                                       .bias = c.args.flag("bias"),
                                       .batch_first = c.args.flag("batch_first"),
                                       .bidirectional = c.args.flag("bidirectional")})),
                  c["h_0"]);
     }},
    {"lstm",
     [](const Case& c) {
       return run(c,
                  layer_of(c, nn::LSTM(number(c, "input_size"), number(c, "hidden_size"),
                                       {.num_layers = number(c, "num_layers"),
                                        .bias = c.args.flag("bias"),
                                        .batch_first = c.args.flag("batch_first"),
                                        .bidirectional = c.args.flag("bidirectional"),
                                        .proj_size = number(c, "proj_size")})),
                  RecurrentState{c["h_0"], c["c_0"]});
     }},
    {"gru",
     [](const Case& c) {
       return run(c,
                  layer_of(c, nn::GRU(number(c, "input_size"), number(c, "hidden_size"),
                                      {.num_layers = number(c, "num_layers"),
                                       .bias = c.args.flag("bias"),
                                       .batch_first = c.args.flag("batch_first"),
                                       .bidirectional = c.args.flag("bidirectional")})),
                  c["h_0"]);
     }},
    {"rnn_cell",
     [](const Case& c) {
       nn::RNNCell cell(number(c, "input_size"), number(c, "hidden_size"),
                        {.bias = c.args.flag("bias"), .nonlinearity = nonlinearity(c)});
       return golden::Outputs{{"h_1", cell_of(c, cell)(c["x"], c["h_0"])}};
     }},
    {"lstm_cell",
     [](const Case& c) {
       nn::LSTMCell cell(number(c, "input_size"), number(c, "hidden_size"), {.bias = c.args.flag("bias")});
       RecurrentState after = cell_of(c, cell)(c["x"], {c["h_0"], c["c_0"]});
       return golden::Outputs{{"h_1", after.h}, {"c_1", after.c}};
     }},
    {"gru_cell",
     [](const Case& c) {
       nn::GRUCell cell(number(c, "input_size"), number(c, "hidden_size"), {.bias = c.args.flag("bias")});
       return golden::Outputs{{"h_1", cell_of(c, cell)(c["x"], c["h_0"])}};
     }},
};

}  // namespace

TEST_CASE("rnn") { golden::run("rnn"); }
TEST_CASE("lstm") { golden::run("lstm"); }
TEST_CASE("gru") { golden::run("gru"); }
