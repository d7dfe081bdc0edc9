// Recurrent cells, and one layer of them over a whole sequence in one direction. The modules of several layers and
// directions are in layers/recurrent.h, packed sequences in ops/packed_sequence.h.
#pragma once

#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

enum class RecurrentCell { rnn_tanh, rnn_relu, lstm, gru };

// Under PyTorch's names and in its order of gates (lstm: i, f, g, o; gru: r, z, n). G: gates, 4, 3 or 1.
struct RecurrentWeights {
  Tensor weight_ih;     // [G*hidden,features]
  Tensor weight_hh;     // [G*hidden,hidden]
  Tensor bias_ih = {};  // [G*hidden]; both or none
  Tensor bias_hh = {};  // [G*hidden]
  Tensor weight_hr =
      {};  // lstm: [proj,hidden], makes h as wide as proj (Sak et al. 2014); weight_hh is [G*hidden,proj]
};
struct RecurrentState {
  Tensor h;       // undefined: zeros
  Tensor c = {};  // lstm only
};

// One step: x [N,features] or [features], h and c [N,hidden] or [hidden] -> the state after it.
//   rnn: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu of that
Tensor rnn_tanh_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& weights);
Tensor rnn_relu_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& weights);
//   i, f, o = sigmoid(W_ih x + b_ih + W_hh h + b_hh), g = tanh(likewise); c' = f c + i g; h' = o tanh(c')
RecurrentState lstm_cell(const Tensor& x, const RecurrentState& state, const RecurrentWeights& weights);
//   r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh), n = tanh(W_in x + b_in + r (W_hn h + b_hn)); h' = (1 - z) n + z h
Tensor gru_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& weights);

struct Recurrence {
  Tensor y;    // h after every step: [rows,hidden]
  Tensor h_n;  // of each sequence after its last step: [N,hidden]
  Tensor c_n;  // lstm only
};
struct RecurrenceOptions {
  bool reverse = false;  // from the last step to the first; y stays in the order of x
};
// All steps. x [rows,features] holds the rows of step 0, then those of step 1, ...; step t has batch_sizes[t] of them,
// never more than the step before: longer sequences come first. N = batch_sizes[0]. The input's part of all steps is
// one matrix product, and so are the weights' gradients.
Recurrence recurrence(RecurrentCell cell, const Tensor& x, const std::vector<int64_t>& batch_sizes,
                      const RecurrentState& initial, const RecurrentWeights& weights,
                      const RecurrenceOptions& options = {});

}  // namespace korrel
