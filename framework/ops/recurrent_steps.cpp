#include <korrel/framework/ops/recurrent_steps.h>

#include <korrel/framework/ops/activation.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/shape.h>

namespace korrel {
namespace {

// `input`: the input's part of the gates, [n,G*hidden].
RecurrentState step(RecurrentCell cell, const Tensor& input, const RecurrentState& before, const RecurrentWeights& w) {
  Tensor recurrent = linear(before.h, w.weight_hh, w.bias_hh);
  switch (cell) {
    case RecurrentCell::rnn_tanh:
      return {tanh(input + recurrent)};
    case RecurrentCell::rnn_relu:
      return {relu(input + recurrent)};
    case RecurrentCell::lstm: {
      std::vector<Tensor> gates = chunk(input + recurrent, 4, 1);
      Tensor c = sigmoid(gates[1]) * before.c + sigmoid(gates[0]) * tanh(gates[2]);
      Tensor h = sigmoid(gates[3]) * tanh(c);
      return {w.weight_hr.defined() ? linear(h, w.weight_hr) : h, c};
    }
    case RecurrentCell::gru: {
      std::vector<Tensor> p = chunk(input, 3, 1), q = chunk(recurrent, 3, 1);
      Tensor r = sigmoid(p[0] + q[0]), z = sigmoid(p[1] + q[1]), n = tanh(p[2] + r * q[2]);
      return {n + z * (before.h - n)};
    }
  }
  return {};
}

}  // namespace

Recurrence recurrence_of_ops(RecurrentCell cell, const Tensor& x, const RecurrentSteps& steps,
                             const RecurrentState& initial, const RecurrentWeights& weights) {
  Tensor input = linear(x, weights.weight_ih, weights.bias_ih);
  RecurrentState state = initial;
  std::vector<Tensor> outputs(steps.sizes.size());
  for (int64_t k = 0; k < steps.count(); ++k) {
    std::size_t t = steps.nth(k);
    int64_t n = steps.sizes[t], resting = steps.batch() - n;
    auto active = [&](const Tensor& whole) { return resting == 0 ? whole : narrow(whole, 0, 0, n); };
    auto merged = [&](const Tensor& part, const Tensor& whole) {
      return resting == 0 ? part : cat({part, narrow(whole, 0, n, resting)});
    };
    RecurrentState before{active(state.h), state.c.defined() ? active(state.c) : Tensor()};
    RecurrentState after = step(cell, narrow(input, 0, steps.begins[t], n), before, weights);
    outputs[t] = after.h;
    state = {merged(after.h, state.h), state.c.defined() ? merged(after.c, state.c) : Tensor()};
  }
  return {cat(outputs), state.h, state.c};
}

}  // namespace korrel
