// RNNCell, LSTMCell and GRUCell, as in torch.nn: one step, x [N,input_size] or [input_size], for loops that decide step
// by step. Whole sequences are faster through the layers of layers/recurrent.h.
#pragma once

#include <korrel/framework/ops/recurrent.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/module.h>
#include <korrel/layers/recurrent.h>

namespace korrel::nn {

struct RNNCellOptions {
  bool bias = true;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
};
struct RNNCell : ModuleOf<Tensor(const Tensor&, const Tensor&)> {  // (x, h) -> h': see rnn_tanh_cell, rnn_relu_cell
  RNNCell(int64_t input_size, int64_t hidden_size, const RNNCellOptions& options = {});
  Parameter weight_ih, weight_hh;  // [hidden_size, input_size], [hidden_size, hidden_size]
  Parameter bias_ih, bias_hh;      // [hidden_size]; absent with .bias = false

  using ModuleOf::operator();
  Tensor operator()(const Tensor& x) { return (*this)(x, {}); }  // from zeros
  Tensor forward(const Tensor& x, const Tensor& h) override;     // -> h after the step
  std::string extra_repr() const override;
  void reset_parameters(Generator& generator = default_generator());

  int64_t input_size, hidden_size;
  Nonlinearity nonlinearity;
  KORREL_MODULE(weight_ih, weight_hh, bias_ih, bias_hh)
};

struct RecurrentCellOptions {
  bool bias = true;
};
struct LSTMCell : ModuleOf<RecurrentState(const Tensor&, const RecurrentState&)> {  // (x, {h, c}) -> {h, c}: lstm_cell
  LSTMCell(int64_t input_size, int64_t hidden_size, const RecurrentCellOptions& options = {});
  Parameter weight_ih, weight_hh;  // [4*hidden_size, input_size], [4*hidden_size, hidden_size]
  Parameter bias_ih, bias_hh;      // [4*hidden_size]

  using ModuleOf::operator();
  RecurrentState operator()(const Tensor& x) { return (*this)(x, RecurrentState()); }
  RecurrentState forward(const Tensor& x, const RecurrentState& state) override;
  std::string extra_repr() const override;
  void reset_parameters(Generator& generator = default_generator());

  int64_t input_size, hidden_size;
  KORREL_MODULE(weight_ih, weight_hh, bias_ih, bias_hh)
};

struct GRUCell : ModuleOf<Tensor(const Tensor&, const Tensor&)> {  // (x, h) -> h': see gru_cell
  GRUCell(int64_t input_size, int64_t hidden_size, const RecurrentCellOptions& options = {});
  Parameter weight_ih, weight_hh;  // [3*hidden_size, input_size], [3*hidden_size, hidden_size]
  Parameter bias_ih, bias_hh;      // [3*hidden_size]

  using ModuleOf::operator();
  Tensor operator()(const Tensor& x) { return (*this)(x, {}); }
  Tensor forward(const Tensor& x, const Tensor& h) override;
  std::string extra_repr() const override;
  void reset_parameters(Generator& generator = default_generator());

  int64_t input_size, hidden_size;
  KORREL_MODULE(weight_ih, weight_hh, bias_ih, bias_hh)
};

}  // namespace korrel::nn
