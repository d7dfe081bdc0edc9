// The tables of wrong calls, one a family, which wrong_calls_test.cpp runs. A row: the kind of error that the call must
// throw, the call, and words that its message must have: op, rule and values; inside a model the way to the layer too.
#pragma once

#include <span>

#include <korrel/framework/tensor/create.h>

namespace wrong_calls {

struct Row {
  const char* kind;  // "shape", "dtype", "value" or "io"
  void (*call)();
  const char* words[3];  // unused ones are null
};

std::span<const Row> elementwise();
std::span<const Row> reductions();
std::span<const Row> shapes();
std::span<const Row> indexing();
std::span<const Row> products();
std::span<const Row> spatial();
std::span<const Row> normalization();
std::span<const Row> losses();
std::span<const Row> autograd();
std::span<const Row> optimizers();
std::span<const Row> modules();
std::span<const Row> data_and_files();
std::span<const Row> undefined();

// Tensors for the calls: x(2, 3) is f32 [2,3].
template <class... Sizes>
korrel::Tensor x(Sizes... sizes) {
  return korrel::zeros({static_cast<int64_t>(sizes)...});
}
template <class... Sizes>
korrel::Tensor ints(Sizes... sizes) {
  return korrel::zeros({static_cast<int64_t>(sizes)...}, {.dtype = korrel::i64});
}
template <class... Sizes>
korrel::Tensor bools(Sizes... sizes) {
  return korrel::zeros({static_cast<int64_t>(sizes)...}, {.dtype = korrel::boolean});
}
template <class... Sizes>
korrel::Tensor leaf(Sizes... sizes) {
  return korrel::zeros({static_cast<int64_t>(sizes)...}, {.requires_grad = true});
}

}  // namespace wrong_calls
