#include <korrel/framework/ops/recurrent.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/ops/packed_sequence.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;
using samples::Inputs;
using samples::Outputs;
using samples::real;

namespace {

Outputs all(const Recurrence& r) {
  return r.c_n.defined() ? std::vector<Tensor>{r.y, r.h_n, r.c_n} : std::vector<Tensor>{r.y, r.h_n};
}
std::vector<int64_t> equal(const Tensor& x, int64_t steps) {
  return std::vector<int64_t>(static_cast<std::size_t>(steps), x.size(0) / steps);
}

const samples::Rows rows = {
    {"rnn_tanh_cell",
     {real({3, 2}).batch(), real({3, 5}).batch(), real({5, 2}), real({5, 5}), real({5}), real({5})},
     [](Inputs x) {
       return rnn_tanh_cell(x[0], x[1], {x[2], x[3], x[4], x[5]});
     }},
    {"rnn_relu_cell",
     {real({3, 2}).batch(), real({3, 5}).batch(), real({5, 2}), real({5, 5})},
     [](Inputs x) {
       return rnn_relu_cell(x[0], x[1], {x[2], x[3]});
     }},
    {"lstm_cell",
     {real({2, 3}).batch(), real({2, 4}).batch(), real({2, 4}).batch(), real({16, 3}), real({16, 4}), real({16}),
      real({16})},
     [](Inputs x) {
       RecurrentState after = lstm_cell(x[0], {x[1], x[2]}, {x[3], x[4], x[5], x[6]});
       return std::vector<Tensor>{after.h, after.c};
     }},
    {"gru_cell",
     {real({2, 3}).batch(), real({2, 4}).batch(), real({12, 3}), real({12, 4}), real({12}), real({12})},
     [](Inputs x) {
       return gru_cell(x[0], x[1], {x[2], x[3], x[4], x[5]});
     }},
    // Sequences of 3, 3 and 1 steps, both directions; 21 columns leave a part of a vector on every target.
    {"recurrence",
     {real({7, 2}), real({3, 5}), real({3, 5}), real({20, 2}), real({20, 5}), real({20}), real({20})},
     [](Inputs x) {
       return all(recurrence(RecurrentCell::lstm, x[0], {3, 2, 2}, {x[1], x[2]}, {x[3], x[4], x[5], x[6]}));
     }},
    {"recurrence",
     {real({7, 2}), real({3, 5}), real({3, 5}), real({20, 2}, -1, 1), real({20, 5}, -1, 1), real({20}), real({20})},
     [](Inputs x) {
       return all(
           recurrence(RecurrentCell::lstm, x[0], {3, 2, 2}, {x[1], x[2]}, {x[3], x[4], x[5], x[6]}, {.reverse = true}));
     }},
    {"recurrence",
     {real({6, 3}), real({2, 2}), real({2, 4}), real({16, 3}), real({16, 2}), real({16}), real({16}), real({2, 4})},
     [](Inputs x) {
       return all(recurrence(RecurrentCell::lstm, x[0], {2, 2, 2}, {x[1], x[2]}, {x[3], x[4], x[5], x[6], x[7]}));
     }},
    {"recurrence",
     {real({7, 2}), real({3, 5}), real({15, 2}), real({15, 5}), real({15}), real({15})},
     [](Inputs x) {
       return all(recurrence(RecurrentCell::gru, x[0], {3, 2, 2}, {x[1]}, {x[2], x[3], x[4], x[5]}));
     }},
    {"recurrence",
     {real({7, 2}), real({3, 21}), real({63, 2}, -0.5, 0.5), real({63, 21}, -0.5, 0.5)},
     [](Inputs x) {
       return all(recurrence(RecurrentCell::gru, x[0], {3, 3, 1}, {x[1]}, {x[2], x[3]}, {.reverse = true}));
     }},
    {"recurrence",
     {real({6, 2}).batch(), real({21, 2}, -0.5, 0.5), real({21, 21}, -0.5, 0.5), real({21}), real({21})},
     [](Inputs x) {
       int64_t steps = x[0].size(0) == 1 ? 1 : 3;
       return all(recurrence(RecurrentCell::rnn_tanh, x[0], equal(x[0], steps), {}, {x[1], x[2], x[3], x[4]}));
     }},
    {"recurrence",
     {real({5, 2}), real({3, 4}), real({4, 2}), real({4, 4})},
     [](Inputs x) {
       return all(recurrence(RecurrentCell::rnn_relu, x[0], {3, 1, 1}, {x[1]}, {x[2], x[3]}, {.reverse = true}));
     }},
    {"pack_padded_sequence",
     {real({4, 3, 2})},
     [](Inputs x) {
       return pack_padded_sequence(x[0], {2, 4, 1}, {.enforce_sorted = false}).data;
     }},
    {"pack_padded_sequence",
     {real({3, 4, 2})},
     [](Inputs x) {
       return pack_padded_sequence(x[0], {4, 2, 1}, {.batch_first = true}).data;
     }},
    {"pad_packed_sequence",
     {real({7, 2})},
     [](Inputs x) {
       return pad_packed_sequence({x[0], {3, 2, 1, 1}, {2, 0, 1}, {1, 2, 0}}, {.padding_value = 1, .total_length = 5})
           .data;
     }},
    {"pad_sequence",
     {real({2, 3}), real({4, 3}), real({1, 3})},
     [](Inputs x) {
       return pad_sequence({x[0], x[1], x[2]}, {.batch_first = true, .padding_value = -1});
     }},
    {"pack_sequence",
     {real({2, 3}), real({4, 3}), real({1, 3})},
     [](Inputs x) {
       return pack_sequence({x[0], x[1], x[2]}, {.enforce_sorted = false}).data;
     }},
};

}  // namespace
