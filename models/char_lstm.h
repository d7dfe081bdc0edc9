// A character language model: embedding, LSTM, and a linear layer that scores the next character. Which number stands
// for which character is datasets/characters.h. Not in the catalogue: it takes numbers, not samples with one label.
#pragma once

#include <korrel/layers/embedding.h>
#include <korrel/layers/linear.h>
#include <korrel/layers/recurrent.h>

namespace korrel::models {

struct CharLSTMOptions {
  int64_t embedding_dim = 64;
  int64_t hidden_size = 256;
  int64_t num_layers = 2;
  double dropout = 0;  // between the LSTM's layers
};
struct GenerateOptions {
  double temperature = 1;  // of the softmax that is drawn from; 0: always the likeliest
};

struct CharLSTM : nn::Module {
  explicit CharLSTM(int64_t vocabulary, const CharLSTMOptions& options = {});

  nn::Embedding embedding;
  nn::LSTM lstm;  // batch first
  nn::Linear fc;
  KORREL_MODULE(embedding, lstm, fc)

  // x [N,T] i64 -> logits [N,vocabulary,T] of the character after each, as cross_entropy takes them with targets [N,T].
  Tensor forward(const Tensor& x) override;
  // The characters, [count] i64, that follow `prompt` [T] i64, T >= 1. In eval mode and without gradients; the mode is
  // put back.
  Tensor generate(const Tensor& prompt, int64_t count, const GenerateOptions& options = {},
                  Generator& generator = default_generator());
};

}  // namespace korrel::models
