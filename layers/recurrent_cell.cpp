#include <korrel/layers/recurrent_cell.h>

#include <cmath>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {
namespace {

template <class Cell>
void make_weights(const char* layer, Cell& cell, int64_t gates, bool bias) {
  check_positive(layer, "input_size", cell.input_size);
  check_positive(layer, "hidden_size", cell.hidden_size);
  cell.weight_ih = Parameter(empty({gates * cell.hidden_size, cell.input_size}));
  cell.weight_hh = Parameter(empty({gates * cell.hidden_size, cell.hidden_size}));
  if (bias) {
    cell.bias_ih = Parameter(empty({gates * cell.hidden_size}));
    cell.bias_hh = Parameter(empty({gates * cell.hidden_size}));
  }
  cell.reset_parameters();
}

template <class Cell>
void fill_weights(Cell& cell, Generator& generator) {
  double bound = 1 / std::sqrt(static_cast<double>(cell.hidden_size));
  for (Parameter* parameter : {&cell.weight_ih, &cell.weight_hh, &cell.bias_ih, &cell.bias_hh})
    if (parameter->defined()) init::uniform_(*parameter, -bound, bound, generator);
}

template <class Cell>
RecurrentWeights weights_of(const Cell& cell) {
  return {cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh};
}

template <class Cell>
std::string text_of(const Cell& cell) {
  return fmt::format("{}, {}{}", cell.input_size, cell.hidden_size, cell.bias_ih.defined() ? "" : ", bias=False");
}

}  // namespace

RNNCell::RNNCell(int64_t inputs, int64_t hidden, const RNNCellOptions& options)
    : input_size(inputs), hidden_size(hidden), nonlinearity(options.nonlinearity) {
  make_weights("RNNCell", *this, 1, options.bias);
}
Tensor RNNCell::forward(const Tensor& x, const Tensor& h) {
  return nonlinearity == Nonlinearity::relu ? rnn_relu_cell(x, h, weights_of(*this))
                                            : rnn_tanh_cell(x, h, weights_of(*this));
}
std::string RNNCell::extra_repr() const {
  return text_of(*this) + (nonlinearity == Nonlinearity::relu ? ", nonlinearity=relu" : "");
}
void RNNCell::reset_parameters(Generator& generator) { fill_weights(*this, generator); }

LSTMCell::LSTMCell(int64_t inputs, int64_t hidden, const RecurrentCellOptions& options)
    : input_size(inputs), hidden_size(hidden) {
  make_weights("LSTMCell", *this, 4, options.bias);
}
RecurrentState LSTMCell::forward(const Tensor& x, const RecurrentState& state) {
  return lstm_cell(x, state, weights_of(*this));
}
std::string LSTMCell::extra_repr() const { return text_of(*this); }
void LSTMCell::reset_parameters(Generator& generator) { fill_weights(*this, generator); }

GRUCell::GRUCell(int64_t inputs, int64_t hidden, const RecurrentCellOptions& options)
    : input_size(inputs), hidden_size(hidden) {
  make_weights("GRUCell", *this, 3, options.bias);
}
Tensor GRUCell::forward(const Tensor& x, const Tensor& h) { return gru_cell(x, h, weights_of(*this)); }
std::string GRUCell::extra_repr() const { return text_of(*this); }
void GRUCell::reset_parameters(Generator& generator) { fill_weights(*this, generator); }

}  // namespace korrel::nn
