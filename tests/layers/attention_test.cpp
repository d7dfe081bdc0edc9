// MultiheadAttention and LayerNorm: PyTorch's names and shapes, what they compute, what they refuse.
#include <korrel/layers/attention.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/normalization.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <korrel/layers/cost.h>
#include <korrel/layers/init.h>
#include <korrel/layers/layer_norm.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

std::vector<std::string> keys(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : module.state_dict()) names.push_back(name);
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("multi-head attention has PyTorch's parameters, under its names") {
  nn::MultiheadAttention plain(8, 2);
  CHECK(keys(plain) == Names{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
  CHECK(plain.parameter_count() == 24 * 8 + 24 + 8 * 8 + 8);
  CHECK(sum(abs(plain.in_proj_bias)).item() == 0);
  CHECK(sum(abs(plain.out_proj.bias)).item() == 0);
  double bound = std::sqrt(6.0 / (8 + 24));
  for (double w : plain.in_proj_weight.to_vector()) CHECK(std::abs(w) <= bound);

  nn::MultiheadAttention apart(8, 4, {.bias = false, .add_bias_kv = true, .kdim = 5, .vdim = 3});
  CHECK(keys(apart) == Names{"q_proj_weight", "k_proj_weight", "v_proj_weight", "bias_k", "bias_v", "out_proj.weight"});
  CHECK(apart.v_proj_weight.shape() == Shape{8, 3});
  CHECK(apart.bias_k.shape() == Shape{1, 1, 8});
}

TEST_CASE("multi-head attention computes the function, and a loaded copy the same") {
  Tensor q = randn({5, 2, 8}), memory = randn({7, 2, 8});
  nn::MultiheadAttention attention(8, 2, {.add_zero_attn = true}), other(8, 2, {.add_zero_attn = true});
  MultiHeadResult result = attention(q, memory, memory);
  CHECK(result.y.shape() == Shape{5, 2, 8});
  CHECK(result.weights.shape() == Shape{2, 5, 8});  // one key more
  for (double total : sum(result.weights, -1).to_vector()) CHECK(total == doctest::Approx(1));
  CHECK(other(q, memory, memory).y.to_vector() != result.y.to_vector());
  other.load_state_dict(attention.state_dict());
  CHECK(other(q, memory, memory).y.to_vector() == result.y.to_vector());

  MultiHeadResult without = attention(q, q, q, {.need_weights = false});
  CHECK(!without.weights.defined());
  CHECK(attention(q, q, q, {.average_attn_weights = false}).weights.shape() == Shape{2, 2, 5, 6});

  nn::MultiheadAttention dropping(8, 2, {.dropout = 0.5});
  dropping.eval();
  std::vector<double> first = dropping(q, q, q).y.to_vector();
  CHECK(dropping(q, q, q).y.to_vector() == first);
  dropping.train();
  CHECK(dropping(q, q, q).y.to_vector() != first);
  dropping.to(f64);
  CHECK(dropping(q.to(f64), q.to(f64), q.to(f64)).y.dtype() == f64);
}

TEST_CASE("multi-head attention runs forward hooks and tells its multiply-adds") {
  nn::MultiheadAttention attention(8, 2);
  Tensor q = randn({5, 2, 8});
  int calls = 0;
  attention.register_forward_hook([&](nn::Module&, const Tensor& x, const Tensor& y) {
    ++calls;
    CHECK(x.shape() == Shape{5, 2, 8});
    return y * 0;
  });
  MultiHeadResult result = attention(q, q, q);
  CHECK(calls == 1);
  CHECK(sum(abs(result.y)).item() == 0);
  CHECK(attention.cost(q, result.y).multiply_adds == 10 * (24 * 8 + 8 * 8 + 2 * 5 * 8));
}

TEST_CASE("layer norm is its function") {
  Tensor x = randn({4, 3, 5});
  nn::LayerNorm norm(5), matrix(Shape{3, 5}, {.eps = 0.1}), plain(5, {.elementwise_affine = false});
  CHECK(keys(norm) == Names{"weight", "bias"});
  CHECK(keys(plain).empty());
  nn::init::uniform_(norm.weight);
  nn::init::uniform_(norm.bias);
  CHECK(norm(x).to_vector() == layer_norm(x, {5}, norm.weight, norm.bias).to_vector());
  CHECK(matrix(x).to_vector() == layer_norm(x, {3, 5}, matrix.weight, matrix.bias, {.eps = 0.1}).to_vector());
  CHECK(plain(x).to_vector() == layer_norm(x, {5}).to_vector());
  CHECK(to_string(norm) == "LayerNorm((5,), eps=1e-05, elementwise_affine=True)");
  nn::LayerNorm other(5);
  other.load_state_dict(norm.state_dict());
  CHECK(other(x).to_vector() == norm(x).to_vector());
}

TEST_CASE("what the layers refuse") {
  CHECK(message_of<ValueError>([] { nn::MultiheadAttention a(8, 3); }) ==
        "MultiheadAttention: num_heads=3 does not divide embed_dim=8");
  CHECK(message_of<ValueError>([] { nn::MultiheadAttention a(0, 1); }) ==
        "MultiheadAttention: embed_dim must be positive, got 0");
  CHECK(message_of<ValueError>([] { nn::MultiheadAttention a(8, 0); }) ==
        "MultiheadAttention: num_heads must be positive, got 0");
  CHECK(message_of<ValueError>([] { nn::MultiheadAttention a(8, 2, {.dropout = -0.1}); }) ==
        "MultiheadAttention: dropout must lie in [0, 1], got -0.1");
  CHECK(message_of<ValueError>([] { nn::MultiheadAttention a(8, 2, {.kdim = 0}); }) ==
        "MultiheadAttention: kdim must be positive, got 0");
  nn::MultiheadAttention attention(8, 2);
  Tensor x = zeros({3, 2, 4});
  CHECK(message_of<ShapeError>([&] { attention(x, x, x); })
            .starts_with("MultiheadAttention: multi_head_attention_forward: in_proj_weight needs shape [12,4], has "
                         "[24,8]"));
  CHECK(message_of<ValueError>([] { nn::LayerNorm norm(Shape{}); }) ==
        "LayerNorm: normalized_shape needs positive sizes, got []");
  CHECK(message_of<ValueError>([] { nn::LayerNorm norm(0); }) ==
        "LayerNorm: normalized_shape needs positive sizes, got [0]");
  nn::LayerNorm norm(5);
  CHECK(message_of<ShapeError>([&] { norm(x); }).starts_with("LayerNorm: layer_norm: "));
}
