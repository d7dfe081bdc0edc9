#include <korrel/framework/ops/embedding.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <tests/message_of.h>

using namespace korrel;
using Numbers = std::vector<double>;

namespace {

Tensor ints(const std::vector<int64_t>& values) { return from_vector(values); }
Tensor table() { return tensor({{0, 1}, {10, 11}, {20, 21}, {30, 31}}); }

}  // namespace

TEST_CASE("rows by number; what is named twice gets both gradients, padding none") {
  Tensor w = table().requires_grad_();
  Tensor x = from_vector<int64_t>({3, 0, 3, 1}, {2, 2});
  Tensor y = embedding(x, w);
  CHECK(y.shape() == Shape{2, 2, 2});
  CHECK(y.to_vector() == Numbers{30, 31, 0, 1, 30, 31, 10, 11});
  CHECK(grad({sum(y)}, {w})[0].to_vector() == Numbers{1, 1, 1, 1, 0, 0, 2, 2});
  CHECK(grad({sum(embedding(x, w, {.padding_idx = 3}))}, {w})[0].to_vector() == Numbers{1, 1, 1, 1, 0, 0, 0, 0});
  CHECK(grad({sum(embedding(x, w, {.scale_grad_by_freq = true}))}, {w})[0].to_vector() ==
        Numbers{1, 1, 1, 1, 0, 0, 1, 1});
  CHECK(embedding(zeros({0, 3}, {i64}), w).shape() == Shape{0, 3, 2});
  CHECK(grad({sum(embedding_bag(x, w, {}, {.mode = EmbeddingBagMode::sum, .scale_grad_by_freq = true}))}, {w})[0]
            .to_vector() == Numbers{1, 1, 1, 1, 0, 0, 1, 1});

  // The gradient is linear in the upstream one: what it does to a row, its own gradient does to the row of v.
  Tensor upstream = ones({2, 2, 2}).requires_grad_();
  Tensor of_w = grad({embedding(x, w, {.padding_idx = 1, .scale_grad_by_freq = true})}, {w}, {upstream},
                     {.create_graph = true})[0];
  CHECK(grad({of_w}, {upstream}, {table()})[0].to_vector() == Numbers{15, 15.5, 0, 1, 15, 15.5, 0, 0});
}

TEST_CASE("max_norm shortens the rows that are read, in the table itself, once") {
  Tensor w = tensor({{3, 4}, {0, 1}, {-6, 8}});
  Numbers y = embedding(ints({0, 1, 0}), w, {.max_norm = 2.5}).to_vector();
  CHECK(y[0] == doctest::Approx(1.5));
  CHECK(y[1] == doctest::Approx(2));
  CHECK(y[3] == 1);
  CHECK(y[5] == doctest::Approx(2));
  Numbers after = w.to_vector();
  CHECK(after[0] == doctest::Approx(1.5));
  CHECK(after[5] == 8);  // row 2 was not named
  embedding(ints({2}), w, {.max_norm = 7, .norm_type = 1});
  CHECK(w.to_vector()[4] == doctest::Approx(-3));
  embedding_bag(from_vector<int64_t>({2}, {1, 1}), w, {},
                {.max_norm = 1, .norm_type = std::numeric_limits<double>::infinity()});
  CHECK(w.to_vector()[5] == doctest::Approx(1));
}

TEST_CASE("bags: sum, mean, max, empty ones, weights of entries") {
  Tensor w = table();
  Tensor x = ints({0, 1, 3, 2}), offsets = ints({0, 2, 2});
  auto bag = [&](EmbeddingBagOptions options) { return embedding_bag(x, w, offsets, options).to_vector(); };
  CHECK(bag({}) == Numbers{5, 6, 0, 0, 25, 26});
  CHECK(bag({.mode = EmbeddingBagMode::sum}) == Numbers{10, 12, 0, 0, 50, 52});
  CHECK(bag({.mode = EmbeddingBagMode::max}) == Numbers{10, 11, 0, 0, 30, 31});
  CHECK(bag({.padding_idx = 3}) == Numbers{5, 6, 0, 0, 20, 21});
  CHECK(bag({.mode = EmbeddingBagMode::sum, .per_sample_weights = tensor({1, 2, 0, -1})}) ==
        Numbers{20, 23, 0, 0, -20, -21});
  CHECK(bag({.mode = EmbeddingBagMode::sum, .include_last_offset = false}).size() == 6);
  CHECK(embedding_bag(x, w, ints({0, 1, 4}), {.include_last_offset = true}).to_vector() == Numbers{0, 1, 20, 21});
  CHECK(embedding_bag(x.reshape({2, 2}), w).to_vector() == Numbers{5, 6, 25, 26});
  CHECK(embedding_bag(ints({}), w, ints({0, 0})).to_vector() == Numbers{0, 0, 0, 0});
  CHECK(embedding_bag(zeros({3, 0}, {i64}), w, {}, {.mode = EmbeddingBagMode::max}).to_vector() == Numbers(6, 0.0));
  CHECK(embedding_bag(zeros({0, 3}, {i64}), w).shape() == Shape{0, 2});
}

TEST_CASE("wrong use of tables is told") {
  Tensor w = table(), x = ints({0, 1});
  CHECK(message_of<ValueError>([&] {
          embedding(ints({1, 4}), w);
        }) == "embedding: x holds the number 4, weight [4,2] has rows 0 to 3");
  CHECK(message_of<ValueError>([&] { embedding(ints({-1}), w); }) ==
        "embedding: x holds the number -1, weight [4,2] has rows 0 to 3");
  CHECK(message_of<DtypeError>([&] { embedding(ones({2}), w); }) ==
        "embedding: x holds row numbers and must be i64, it is f32");
  CHECK(message_of<DtypeError>([&] {
          embedding(x, zeros({4, 2}, {i64}));
        }) == "embedding: weight must be f32 or f64, it is i64");
  CHECK(message_of<ShapeError>([&] { embedding(x, zeros({4})); }) ==
        "embedding: weight needs shape [num_embeddings,embedding_dim], has [4]");
  CHECK(message_of<ValueError>([&] { embedding({}, w); }) == "embedding: x is undefined");
  CHECK(message_of<ValueError>([&] { embedding(x, w, {.padding_idx = 4}); }) ==
        "embedding: padding_idx 4 is out of range for weight [4,2]");
  CHECK(message_of<ValueError>([&] { embedding(x, w, {.max_norm = -1}); }) ==
        "embedding: max_norm must not be negative, got -1");
  CHECK(message_of<ValueError>([&] { embedding(x, w, {.max_norm = 1, .norm_type = 0}); }) ==
        "embedding: norm_type must be positive, got 0");
  CHECK(message_of<ValueError>([&] { embedding(x, w.t(), {.max_norm = 1}); }) ==
        "embedding: max_norm changes weight in place, which must be contiguous");

  auto value = [&](const Tensor& at, const Tensor& offsets, EmbeddingBagOptions options = {}) {
    return message_of<ValueError>([&] { embedding_bag(at, w, offsets, options); });
  };
  CHECK(value(x, {}) == "embedding_bag: x of 1 dimension [2] needs offsets");
  CHECK(value(x.reshape({1, 2}), ints({0})) == "embedding_bag: offsets are for x of 1 dimension, x is [1,2]");
  CHECK(value(x, ints({1})) == "embedding_bag: the first offset must be 0, got 1");
  CHECK(value(x, ints({0, 2, 1})) == "embedding_bag: offsets must not decrease, 1 follows 2");
  CHECK(value(x, ints({0, 3})) == "embedding_bag: offset 3 lies behind the end of x [2]");
  CHECK(value(x, ints({0, 1}), {.include_last_offset = true}) ==
        "embedding_bag: the last offset must be the end of x [2], got 1");
  CHECK(value(x, ints({}), {.include_last_offset = true}) ==
        "embedding_bag: include_last_offset needs at least one offset, got none");
  CHECK(value(x, ints({})) == "embedding_bag: x [2] has entries before the first offset");
  CHECK(value(x, ints({0}), {.per_sample_weights = ones({2})}) ==
        "embedding_bag: per_sample_weights are for mode sum only");
  CHECK(value(x, ints({0}), {.mode = EmbeddingBagMode::max, .scale_grad_by_freq = true}) ==
        "embedding_bag: scale_grad_by_freq is not for mode max");
  CHECK(message_of<ShapeError>([&] {
          embedding_bag(x, w, ints({0}), {.mode = EmbeddingBagMode::sum, .per_sample_weights = ones({3})});
        }) == "embedding_bag: per_sample_weights must be shaped like x [2], are [3]");
  CHECK(message_of<ShapeError>([&] {
          embedding_bag(zeros({1, 1, 1}, {i64}), w);
        }) == "embedding_bag: x needs 1 or 2 dimensions, has [1,1,1]");
  CHECK(message_of<DtypeError>([&] { embedding_bag(x, w, ones({1})); }) ==
        "embedding_bag: offsets must be i64, are f32");
}
