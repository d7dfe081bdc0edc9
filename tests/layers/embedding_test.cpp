#include <korrel/layers/embedding.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/containers.h>
#include <korrel/layers/linear.h>
#include <tests/message_of.h>

using namespace korrel;
using Numbers = std::vector<double>;

TEST_CASE("Embedding starts standard normal, its padding row zero and untrained") {
  nn::Embedding table(400, 50, {.padding_idx = -2});
  Numbers values = table.weight.to_vector();
  CHECK(table.options.padding_idx == 398);
  for (int64_t j = 0; j < 50; ++j) CHECK(values[static_cast<std::size_t>(398 * 50 + j)] == 0);
  CHECK(korrel::std(table.weight).item() == doctest::Approx(1).epsilon(0.03));
  CHECK(std::abs(mean(table.weight).item()) < 0.03);
  Tensor x = from_vector<int64_t>({398, 1}, {1, 2});
  sum(table(x)).backward();
  Numbers gradient = table.weight.grad().to_vector();
  CHECK(gradient[398 * 50] == 0);
  CHECK(gradient[50] == 1);
  CHECK(table.state_dict()[0].first == "weight");
  CHECK(to_string(table) == "Embedding(400, 50, padding_idx=398)");
  CHECK(to_string(nn::Embedding(4, 2, {.max_norm = 1, .norm_type = 1, .scale_grad_by_freq = true})) ==
        "Embedding(4, 2, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True)");
}

TEST_CASE("tables from given rows; states go out and in") {
  Tensor given = tensor({{1, 2}, {3, 4}, {5, 6}});
  manual_seed(5);
  nn::Embedding frozen = nn::Embedding::from_pretrained(given), free = nn::Embedding::from_pretrained(given, false);
  CHECK(default_generator().draws() == 0);
  CHECK(!frozen.weight.requires_grad());
  CHECK(free.weight.requires_grad());
  Tensor x = from_vector<int64_t>({2, 0});
  CHECK(frozen(x).to_vector() == Numbers{5, 6, 1, 2});
  nn::Embedding other(3, 2);
  other.load_state_dict(free.state_dict());
  CHECK(other(x).to_vector() == Numbers{5, 6, 1, 2});
}

TEST_CASE("EmbeddingBag: bags by shape, by offsets, with weights, and in a Sequential") {
  nn::EmbeddingBag bag =
      nn::EmbeddingBag::from_pretrained(tensor({{1, 2}, {3, 4}, {5, 6}}), false, {.mode = EmbeddingBagMode::sum});
  Tensor x = from_vector<int64_t>({0, 1, 2}), offsets = from_vector<int64_t>({0, 2});
  CHECK(bag(x, offsets).to_vector() == Numbers{4, 6, 5, 6});
  CHECK(bag(x.reshape({1, 3})).to_vector() == Numbers{9, 12});
  CHECK(bag(x, offsets, tensor({1, 0, -1})).to_vector() == Numbers{1, 2, -5, -6});
  nn::Sequential net{bag, nn::Linear(2, 4)};
  CHECK(net(x.reshape({1, 3})).shape() == Shape{1, 4});
  CHECK(to_string(nn::EmbeddingBag(10, 3, {.padding_idx = 1})) == "EmbeddingBag(10, 3, mode=mean, padding_idx=1)");
}

TEST_CASE("what the tables refuse") {
  CHECK(message_of<ValueError>([] { nn::Embedding(0, 3); }) == "Embedding: num_embeddings must be positive, got 0");
  CHECK(message_of<ValueError>([] { nn::Embedding(3, -1); }) == "Embedding: embedding_dim must be positive, got -1");
  CHECK(message_of<ValueError>([] { nn::Embedding(3, 2, {.padding_idx = 3}); }) ==
        "Embedding: padding_idx must lie in [-3, 3), got 3");
  CHECK(message_of<ValueError>([] { nn::EmbeddingBag(3, 2, {.norm_type = 0}); }) ==
        "EmbeddingBag: norm_type must be positive, got 0");
  CHECK(message_of<ValueError>([] {
          nn::EmbeddingBag(3, 2, {.mode = EmbeddingBagMode::max, .scale_grad_by_freq = true});
        }) == "EmbeddingBag: scale_grad_by_freq is not for mode max");
  CHECK(message_of<ShapeError>([] { nn::Embedding::from_pretrained(ones({3})); }) ==
        "Embedding: from_pretrained needs a weight [num_embeddings,embedding_dim], got f32 [3]");
  nn::Embedding table(3, 2);
  CHECK(message_of<ValueError>([&] { table(from_vector<int64_t>({3})); }) ==
        "Embedding: embedding: x holds the number 3, weight [3,2] has rows 0 to 2");
}
