#include <korrel/models/char_lstm.h>

#include <cmath>
#include <vector>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>

namespace korrel::models {
namespace {

// A number drawn with probabilities softmax(logits / temperature); the largest if that is 0.
int64_t draw(const std::vector<double>& logits, double temperature, Generator& generator) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (logits[i] > logits[best]) best = i;
  if (temperature == 0) return static_cast<int64_t>(best);
  double total = 0;
  std::vector<double> sums;
  for (double logit : logits) sums.push_back(total += std::exp((logit - logits[best]) / temperature));
  double at = generator.next_uniform() * total;
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (at < sums[i]) return static_cast<int64_t>(i);
  return static_cast<int64_t>(best);  // only if a logit is NaN
}

// A module in eval mode for as long as this lives.
struct Evaluating {
  explicit Evaluating(nn::Module& to_evaluate) : module(to_evaluate), was_training(to_evaluate.training()) {
    module.eval();
  }
  ~Evaluating() { module.train(was_training); }
  nn::Module& module;
  bool was_training;
};

}  // namespace

CharLSTM::CharLSTM(int64_t vocabulary, const CharLSTMOptions& options)
    : embedding(vocabulary, options.embedding_dim),
      lstm(options.embedding_dim, options.hidden_size,
           {.num_layers = options.num_layers, .batch_first = true, .dropout = options.dropout}),
      fc(options.hidden_size, vocabulary) {}

Tensor CharLSTM::forward(const Tensor& x) {
  check<ShapeError>(x.dim() == 2, "CharLSTM: x needs shape [N,T], has {}", x.shape());
  return fc(lstm(embedding(x)).y).transpose(1, 2);
}

Tensor CharLSTM::generate(const Tensor& prompt, int64_t count, const GenerateOptions& options, Generator& generator) {
  check<ShapeError>(prompt.defined() && prompt.dim() == 1 && prompt.numel() > 0,
                    "CharLSTM: generate needs a prompt [T] of at least one character, got {}", describe(prompt));
  check<ValueError>(count >= 0, "CharLSTM: generate needs a count of at least 0, got {}", count);
  check<ValueError>(options.temperature >= 0, "CharLSTM: generate needs a temperature of at least 0, got {}",
                    options.temperature);
  NoGradGuard no_grad;
  Evaluating mode(*this);
  std::vector<int64_t> drawn;
  RecurrentState state;
  Tensor next = prompt;
  while (static_cast<int64_t>(drawn.size()) < count) {
    nn::LSTMOutput result = lstm(embedding(next), state);
    state = {result.h_n, result.c_n};
    drawn.push_back(draw(fc(result.y[-1]).to_vector(), options.temperature, generator));
    next = from_vector<int64_t>({drawn.back()});
  }
  return from_vector(drawn);
}

}  // namespace korrel::models
