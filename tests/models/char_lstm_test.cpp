// The character model learns a tiny text by heart and goes on with it.
#include <korrel/models/char_lstm.h>

#include <doctest/doctest.h>

#include <korrel/datasets/characters.h>
#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/loss.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/optim/adam.h>
#include <korrel/optim/clip_grad.h>
#include <tests/message_of.h>

using namespace korrel;

TEST_CASE("state_dict names and parameter counts are PyTorch's") {
  models::CharLSTM net(65);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : net.state_dict()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"embedding.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0",
                                          "lstm.bias_ih_l0", "lstm.bias_hh_l0", "lstm.weight_ih_l1",
                                          "lstm.weight_hh_l1", "lstm.bias_ih_l1", "lstm.bias_hh_l1", "fc.weight",
                                          "fc.bias"});
  // 65 64 + 4 256 (64 + 256 + 2) + 4 256 (256 + 256 + 2) + 65 (256 + 1)
  CHECK(net.parameter_count() == 876929);
  CHECK(models::CharLSTM(10, {.embedding_dim = 3, .hidden_size = 5, .num_layers = 1}).parameter_count() ==
        10 * 3 + 20 * (3 + 5 + 2) + 10 * 6);
  CHECK(net(zeros({2, 7}, {i64})).shape() == Shape{2, 65, 7});
}

TEST_CASE("it learns a verse to a loss below 0.1 and 97 % of the characters, and recites it") {
  const std::string text =
      "the rain in spain stays mainly in the plain; in hertford, hereford and hampshire hurricanes hardly ever "
      "happen. ";
  datasets::Characters characters(text);
  datasets::TextWindows windows = datasets::text_windows(characters.encode(text + text), 48, 3);
  manual_seed(1);
  models::CharLSTM net(characters.size(), {.embedding_dim = 16, .hidden_size = 64, .num_layers = 1});
  optim::Adam adam(net.parameters(), {.lr = 1e-2});
  double loss = 0;
  for (int step = 0; step < 150; ++step) {
    adam.zero_grad();
    Tensor value = cross_entropy(net(windows.inputs), windows.targets);
    value.backward();
    optim::clip_grad_norm_(net.parameters(), 1);
    adam.step();
    loss = value.item();
  }
  Tensor guesses = no_grad([&] { return argmax(net(windows.inputs), 1); });
  double accuracy = mean(eq(guesses, windows.targets).to(f64)).item();
  MESSAGE("report: CharLSTM on a verse: loss " << loss << ", accuracy " << 100 * accuracy << " %");
  CHECK(loss < 0.1);
  CHECK(accuracy > 0.97);

  net.train();
  Tensor said = net.generate(characters.encode("the rain in spain "), 60, {.temperature = 0});
  CHECK(net.training());
  CHECK(characters.decode(said) == text.substr(18, 60));
  Generator a(3), b(3);
  CHECK(net.generate(said, 20, {}, a).to_vector() == net.generate(said, 20, {}, b).to_vector());
}

TEST_CASE("what the character model refuses") {
  models::CharLSTM net(5, {.embedding_dim = 2, .hidden_size = 3});
  CHECK(message_of<ShapeError>([&] { net(zeros({4}, {i64})); }) == "CharLSTM: CharLSTM: x needs shape [N,T], has [4]");
  CHECK(message_of<ValueError>([&] {
          net(full({1, 2}, 5, {i64}));
        }) == "CharLSTM.embedding (Embedding): embedding: x holds the number 5, weight [5,2] has rows 0 to 4");
  CHECK(message_of<ShapeError>([&] { net.generate(zeros({0}, {i64}), 3); }) ==
        "CharLSTM: generate needs a prompt [T] of at least one character, got i64 [0]");
  CHECK(message_of<ValueError>([&] { net.generate(zeros({1}, {i64}), -1); }) ==
        "CharLSTM: generate needs a count of at least 0, got -1");
  CHECK(message_of<ValueError>([&] { net.generate(zeros({1}, {i64}), 1, {.temperature = -1}); }) ==
        "CharLSTM: generate needs a temperature of at least 0, got -1");
  CHECK(message_of<ValueError>([] { models::CharLSTM(0); }) == "Embedding: num_embeddings must be positive, got 0");
}
