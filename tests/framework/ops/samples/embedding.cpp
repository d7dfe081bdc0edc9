#include <korrel/framework/ops/embedding.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/tensor/create.h>

using namespace korrel;
using samples::distinct;
using samples::index;
using samples::Inputs;
using samples::real;

// Not here: padding_idx of embedding and scale_grad_by_freq, which ask for another gradient than that of the result.
static const samples::Rows rows = {
    {"embedding", {index({2, 3}, 5).batch(), real({5, 4})}, [](Inputs x) { return embedding(x[0], x[1]); }},
    {"embedding_bag", {index({3, 4}, 6).batch(), real({6, 3})}, [](Inputs x) { return embedding_bag(x[0], x[1]); }},
    {"embedding_bag",
     {index({7}, 5), real({5, 3}), real({7})},
     [](Inputs x) {
       return embedding_bag(x[0], x[1], from_vector<int64_t>({0, 2, 2, 6}),
                            {.mode = EmbeddingBagMode::sum, .per_sample_weights = x[2], .padding_idx = 1});
     }},
    {"embedding_bag",
     {index({7}, 4), real({4, 3})},
     [](Inputs x) {
       return embedding_bag(x[0], x[1], from_vector<int64_t>({0, 3, 7}),
                            {.include_last_offset = true, .padding_idx = 2});
     }},
    {"embedding_bag",
     {index({3, 4}, 6).batch(), distinct({6, 3})},
     [](Inputs x) { return embedding_bag(x[0], x[1], {}, {.mode = EmbeddingBagMode::max, .padding_idx = 0}); }},
};
