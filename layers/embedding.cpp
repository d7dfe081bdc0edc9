#include <korrel/layers/embedding.h>

#include <algorithm>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/argument_check.h>
#include <korrel/layers/init.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {
namespace {

template <class Options>
void check_table(const char* layer, int64_t num_embeddings, int64_t embedding_dim, Options& options) {
  check_positive(layer, "num_embeddings", num_embeddings);
  check_positive(layer, "embedding_dim", embedding_dim);
  if (options.max_norm)
    check<ValueError>(*options.max_norm >= 0, "{}: max_norm must not be negative, got {}", layer, *options.max_norm);
  check<ValueError>(options.norm_type > 0, "{}: norm_type must be positive, got {}", layer, options.norm_type);
  if (!options.padding_idx) return;
  check<ValueError>(*options.padding_idx >= -num_embeddings && *options.padding_idx < num_embeddings,
                    "{}: padding_idx must lie in [{}, {}), got {}", layer, -num_embeddings, num_embeddings,
                    *options.padding_idx);
  if (*options.padding_idx < 0) *options.padding_idx += num_embeddings;
}

void fill_table(Parameter& weight, const std::optional<int64_t>& padding_idx, Generator& generator) {
  init::normal_(weight, 0, 1, generator);
  if (!padding_idx) return;
  visit_floating(weight.dtype(), [&]<class T>() {
    std::fill_n(weight.data<T>() + *padding_idx * weight.size(1), weight.size(1), T(0));
  });
}

template <class Layer, class Options>
Layer with_rows(const char* name, const Tensor& weight, bool freeze, const Options& options) {
  check<ShapeError>(weight.defined() && weight.dim() == 2,
                    "{}: from_pretrained needs a weight [num_embeddings,embedding_dim], got {}", name,
                    describe(weight));
  check<DtypeError>(is_floating(weight.dtype()), "{}: from_pretrained needs a floating weight, got {}", name,
                    weight.dtype());
  Generator before = default_generator();
  Layer layer(weight.size(0), weight.size(1), options);
  default_generator() = before;  // nothing that is kept was drawn
  layer.weight = Parameter(weight.detach().clone(), !freeze);
  return layer;
}

template <class Options>
std::string norm_text(const Options& options) {
  std::string text;
  if (options.max_norm) text += ", max_norm=" + python_number(*options.max_norm);
  if (options.norm_type != 2) text += ", norm_type=" + python_number(options.norm_type);
  if (options.scale_grad_by_freq) text += ", scale_grad_by_freq=True";
  return text;
}
std::string padding_text(const std::optional<int64_t>& padding_idx) {
  return padding_idx ? fmt::format(", padding_idx={}", *padding_idx) : "";
}

}  // namespace

Embedding::Embedding(int64_t rows, int64_t dim, const EmbeddingOptions& given)
    : num_embeddings(rows), embedding_dim(dim), options(given) {
  check_table("Embedding", num_embeddings, embedding_dim, options);
  weight = Parameter(empty({num_embeddings, embedding_dim}));
  reset_parameters();
}
Embedding Embedding::from_pretrained(const Tensor& weight, bool freeze, const EmbeddingOptions& options) {
  return with_rows<Embedding>("Embedding", weight, freeze, options);
}
void Embedding::reset_parameters(Generator& generator) { fill_table(weight, options.padding_idx, generator); }
Tensor Embedding::forward(const Tensor& x) { return embedding(x, weight, options); }
std::string Embedding::extra_repr() const {
  return fmt::format("{}, {}{}{}", num_embeddings, embedding_dim, padding_text(options.padding_idx),
                     norm_text(options));
}

EmbeddingBag::EmbeddingBag(int64_t rows, int64_t dim, const EmbeddingBagOptions& given)
    : num_embeddings(rows), embedding_dim(dim), options(given) {
  check_table("EmbeddingBag", num_embeddings, embedding_dim, options);
  check<ValueError>(!options.per_sample_weights.defined(),
                    "EmbeddingBag: per_sample_weights are given at the call, not to the layer");
  check<ValueError>(options.mode != EmbeddingBagMode::max || !options.scale_grad_by_freq,
                    "EmbeddingBag: scale_grad_by_freq is not for mode max");
  weight = Parameter(empty({num_embeddings, embedding_dim}));
  reset_parameters();
}
EmbeddingBag EmbeddingBag::from_pretrained(const Tensor& weight, bool freeze, const EmbeddingBagOptions& options) {
  return with_rows<EmbeddingBag>("EmbeddingBag", weight, freeze, options);
}
void EmbeddingBag::reset_parameters(Generator& generator) { fill_table(weight, options.padding_idx, generator); }
Tensor EmbeddingBag::forward(const Tensor& x, const Tensor& offsets, const Tensor& per_sample_weights) {
  EmbeddingBagOptions at_call = options;
  at_call.per_sample_weights = per_sample_weights;
  return embedding_bag(x, weight, offsets, at_call);
}
std::string EmbeddingBag::extra_repr() const {
  const char* mode = options.mode == EmbeddingBagMode::sum    ? "sum"
                     : options.mode == EmbeddingBagMode::mean ? "mean"
                                                              : "max";
  return fmt::format("{}, {}{}, mode={}{}", num_embeddings, embedding_dim, norm_text(options), mode,
                     padding_text(options.padding_idx));
}

}  // namespace korrel::nn
