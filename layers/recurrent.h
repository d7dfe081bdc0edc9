// RNN, LSTM and GRU over sequences, and their cells for single steps, as in torch.nn: the same names of parameters
// (weight_ih_l0, weight_hh_l0_reverse, bias_ih_l1, ...), the same options and the same start, uniform within
// 1 / sqrt(hidden_size). The layers take x [T,N,features], [N,T,features] with .batch_first, one sequence [T,features],
// or a PackedSequence; without an initial state they start from zeros.
//
//   nn::LSTM lstm(28, 64, {.num_layers = 2, .batch_first = true});
//   auto [y, h_n, c_n] = lstm(x);
#pragma once

#include <string>
#include <vector>

#include <korrel/framework/ops/packed_sequence.h>
#include <korrel/framework/ops/recurrent.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/module.h>

namespace korrel::nn {

enum class Nonlinearity { tanh, relu };

// directions = 2 if bidirectional, else 1; width = proj_size if that is not 0, else hidden_size.
struct RNNOutput {
  Tensor y;    // h of the last layer after every step: [T,N,directions*width], or laid out as x was
  Tensor h_n;  // of every layer and direction after the last step: [num_layers*directions,N,width]
};
struct LSTMOutput {
  Tensor y, h_n;
  Tensor c_n;  // [num_layers*directions,N,hidden_size]
};
struct PackedRNNOutput {
  PackedSequence y;
  Tensor h_n;  // in the order of the sequences that were packed
};
struct PackedLSTMOutput {
  PackedSequence y;
  Tensor h_n, c_n;
};

// What the three layers share. Users make an RNN, LSTM or GRU.
class RecurrentLayer : public Module {
 public:
  int64_t num_directions() const { return bidirectional ? 2 : 1; }
  // The parameters of one layer and direction, by PyTorch's name: parameter("weight_hh_l1_reverse"). Throws ValueError
  // naming what there is.
  Parameter& parameter(std::string_view name);
  std::string extra_repr() const override;
  LayerCost cost(const Tensor& x, const Tensor& y) const override;
  void visit_contents(Members& members) override;
  void reset_parameters(Generator& generator = default_generator());

  int64_t input_size, hidden_size, num_layers, proj_size;
  bool bias, batch_first, bidirectional;
  double dropout;  // of the output of every layer but the last, while training

 protected:
  struct Options {
    int64_t num_layers, proj_size;
    bool bias, batch_first, bidirectional;
    double dropout;
    Generator* generator;
  };
  RecurrentLayer(const char* layer, RecurrentCell cell, int64_t input_size, int64_t hidden_size,
                 const Options& options);

  LSTMOutput run(const Tensor& x, const RecurrentState& initial);
  PackedLSTMOutput run(const PackedSequence& x, const RecurrentState& initial);

 private:
  Recurrence layers(const Tensor& rows, const std::vector<int64_t>& batch_sizes, RecurrentState initial);
  void check_state(const char* name, const Tensor& state, const Shape& expected) const;

  const char* layer_;
  RecurrentCell cell_;
  Generator* generator_;  // null: the default one
  std::vector<std::string> names_;
  std::vector<Parameter> parameters_;  // by layer, direction, and in each as in RecurrentWeights
};

struct RNNOptions {
  int64_t num_layers = 1;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  Generator* generator = nullptr;  // for dropout; null: the default one
};
// h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.
struct RNN : RecurrentLayer {
  RNN(int64_t input_size, int64_t hidden_size, const RNNOptions& options = {});
  RNNOutput operator()(const Tensor& x, const Tensor& h_0 = {});
  PackedRNNOutput operator()(const PackedSequence& x, const Tensor& h_0 = {});
  KORREL_MODULE()
};

struct LSTMOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  int64_t proj_size = 0;  // h is projected to this width (weight_hr_l0, ...); 0: it is not
  Generator* generator = nullptr;
};
// c' = f c + i g, h' = o tanh(c'): see lstm_cell. The initial state has both h and c or neither.
struct LSTM : RecurrentLayer {
  LSTM(int64_t input_size, int64_t hidden_size, const LSTMOptions& options = {});
  LSTMOutput operator()(const Tensor& x, const RecurrentState& initial = {});
  PackedLSTMOutput operator()(const PackedSequence& x, const RecurrentState& initial = {});
  KORREL_MODULE()
};

struct GRUOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  Generator* generator = nullptr;
};
// h' = (1 - z) n + z h: see gru_cell.
struct GRU : RecurrentLayer {
  GRU(int64_t input_size, int64_t hidden_size, const GRUOptions& options = {});
  RNNOutput operator()(const Tensor& x, const Tensor& h_0 = {});
  PackedRNNOutput operator()(const PackedSequence& x, const Tensor& h_0 = {});
  KORREL_MODULE()
};

}  // namespace korrel::nn
