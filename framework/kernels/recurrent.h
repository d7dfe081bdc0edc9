// The pointwise part of recurrent cells and its gradient, one step at a time, on raw memory: f32 and f64, on Highway.
// The matrix products around it are kernels/matmul.h; framework/ops/recurrent.cpp runs both over a sequence. Each
// number is computed in one way whatever the threads.
#pragma once

#include <cstdint>

namespace korrel::kernels {

enum class Cell { rnn_tanh, rnn_relu, lstm, gru };

// Blocks of `hidden` numbers side by side in a row of gates: i, f, g, o of lstm; r, z, n of gru; h of rnn.
constexpr int gates_of(Cell cell) { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }

// With p the input's part and q the recurrent part of each gate:
//   rnn: h = tanh(p + q) or relu(p + q)
//   lstm: i, f, o = sigmoid(p + q), g = tanh(p + q); c = f c + i g, h = o tanh(c)   (Hochreiter and Schmidhuber 1997)
//   gru: r, z = sigmoid(p + q), n = tanh(p + r q); h = (1 - z) n + z h              (Cho et al. 2014)
template <class T>
struct CellStep {
  int64_t rows, hidden;
  T* gates;            // [rows, gates * hidden]: p, replaced by the gates' values
  const T* recurrent;  // [gates, rows, hidden]: q without its bias
  const T* bias;       // [gates * hidden]: the bias of q; or null
  T* h;                // [rows, hidden]: the state before, replaced by the one after
  T* c;                // lstm: likewise
  T* y;                // [rows, hidden]: the new h once more
  T* candidate;        // gru: [rows, hidden], q of gate n, which the gradient needs; or null
};
template <class T>
void cell_step(Cell cell, const CellStep<T>& step);

template <class T>
struct CellGradientStep {
  int64_t rows, hidden;
  const T* gates;         // the gates' values
  const T* h_before;      // gru: [rows, hidden]
  const T* c_before;      // lstm: [rows, hidden]
  const T* candidate;     // gru
  const T* gy;            // [rows, hidden]: gradient of the new h from outside,
  const T* gh;            // and from the step after
  T* gc;                  // lstm: gradient of the new c, replaced by that of the one before
  T* kept;                // gru: in: a further part of gh; out: the part of the gradient of the h before that comes
                          // past the gates
  T* gradient;            // [rows, gates * hidden]: gradient of p, and of q but for gate n of gru
  T* recurrent_gradient;  // gru: [rows, gates * hidden]: gradient of q
};
template <class T>
void cell_gradient_step(Cell cell, const CellGradientStep<T>& step);

}  // namespace korrel::kernels
