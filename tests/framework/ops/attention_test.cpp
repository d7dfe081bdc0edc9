// Attention against its definition in many shapes, long sequences included, on every SIMD target; what masks mean; what
// wrong use is told. PyTorch's numbers: tests/golden/attention_test.cpp; gradients: samples/attention.cpp.
#include <korrel/framework/ops/attention.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/targets.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

Tensor random(const Shape& shape, DType dtype = f64) {
  static Generator generator(7);
  return randn(shape, {.dtype = dtype}, generator);
}

Tensor by_definition(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, bool causal) {
  Tensor scores = matmul(q, k.transpose(-2, -1)) / std::sqrt(static_cast<double>(q.size(-1)));
  if (mask.defined()) scores = scores + mask;
  if (causal)
    scores = masked_fill(scores, triu(ones({q.size(-2), k.size(-2)}, {.dtype = boolean}), 1),
                         -std::numeric_limits<double>::infinity());
  return matmul(softmax(scores, -1), v);
}

void check_close(const Tensor& a, const Tensor& b, double tolerance) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(x[i] - y[i]) / std::max(1.0, std::abs(y[i]));
    if (!(difference <= worst)) worst = difference;
  }
  CHECK(worst <= tolerance);
}

// y and the gradients of sum(y w).
std::vector<Tensor> with_gradients(const Tensor& y, const std::vector<Tensor>& leaves, const Tensor& w) {
  std::vector<Tensor> result = grad({y}, leaves, {w});
  result.push_back(y);
  return result;
}

}  // namespace

TEST_CASE("the fused attention is its definition, with its gradients, on every SIMD target") {
  struct Sizes {
    Shape q, k, v;
    Shape mask;
    bool causal;
  };
  for (const std::string& target : kernels::available_targets()) {
    kernels::force_target(target);
    CAPTURE(target);
    for (const Sizes& s : std::vector<Sizes>{{{1, 1}, {1, 1}, {1, 1}, {}, false},
                                             {{7, 3}, {5, 3}, {5, 4}, {7, 5}, false},
                                             {{2, 3, 33, 20}, {2, 3, 17, 20}, {2, 3, 17, 19}, {2, 1, 1, 17}, false},
                                             {{2, 2, 20, 8}, {2, 2, 33, 8}, {2, 2, 33, 8}, {}, true},
                                             {{2, 2, 40, 8}, {2, 2, 13, 8}, {2, 2, 13, 8}, {40, 1}, true},
                                             // Several blocks of queries: more than 64K scores.
                                             {{300, 16}, {400, 16}, {400, 8}, {300, 400}, false},
                                             {{3, 400, 16}, {300, 16}, {300, 8}, {3, 1, 300}, true},
                                             {{2, 1, 2, 2, 3, 4}, {2, 2, 5, 4}, {5, 6}, {2, 1, 5}, false}}) {
      CAPTURE(to_string(s.q));
      Tensor q = random(s.q).requires_grad_(), k = random(s.k).requires_grad_(), v = random(s.v).requires_grad_();
      Tensor mask = s.mask.empty() ? Tensor() : random(s.mask);
      Tensor expected = by_definition(q, k, v, mask, s.causal), w = random(expected.shape());
      AttentionOptions options{.attn_mask = mask, .is_causal = s.causal};
      std::vector<Tensor> reference = with_gradients(expected, {q, k, v}, w),
                          fused = with_gradients(scaled_dot_product_attention(q, k, v, options), {q, k, v}, w);
      for (std::size_t i = 0; i < reference.size(); ++i) check_close(fused[i], reference[i], 1e-12);
      auto narrow = [](const Tensor& x) { return x.detach().to(f32).requires_grad_(); };
      Tensor q32 = narrow(q), k32 = narrow(k), v32 = narrow(v);
      if (mask.defined()) options.attn_mask = mask.to(f32);
      fused = with_gradients(scaled_dot_product_attention(q32, k32, v32, options), {q32, k32, v32}, w.to(f32));
      for (std::size_t i = 0; i < reference.size(); ++i) check_close(fused[i], reference[i], 2e-5);
    }
  }
  kernels::choose_default_target();
}

TEST_CASE("the same bits for one thread and for three") {
  Tensor q = random({2, 3, 70, 16}, f32).requires_grad_(), w = random({70, 2, 48}, f32);
  int before = num_threads();
  auto run = [&](int threads) {
    set_num_threads(threads);
    Generator generator(1);
    Tensor y = scaled_dot_product_attention(q, q, q, {.dropout_p = 0.1}, generator);
    std::vector<double> all = y.to_vector();
    for (double g : grad({y}, {q}, {ones(y.shape())})[0].to_vector()) all.push_back(g);
    return all;
  };
  std::vector<double> one = run(1), three = run(3);
  set_num_threads(before);
  CHECK(one == three);
}

TEST_CASE("masks: boolean ones keep in the function and hide in the modules, as in PyTorch") {
  Tensor q = random({3, 4}), k = random({2, 4}), v = random({2, 4});
  Tensor keep = tensor({{1, 0}, {0, 1}, {1, 1}}).to(boolean);
  Tensor y = scaled_dot_product_attention(q, k, v, {.attn_mask = keep});
  check_close(y[0], v[0], 1e-12);
  check_close(y[1], v[1], 1e-12);
  check_close(y[2], scaled_dot_product_attention(q, k, v)[2], 1e-12);
  // Nothing to see gives NaN.
  Tensor nothing = scaled_dot_product_attention(q, k, v, {.attn_mask = zeros({3, 2}, {.dtype = boolean})});
  CHECK(std::isnan(nothing.to_vector()[0]));

  Tensor same = eye(4, {.dtype = f64}), in = cat({same, same, same});
  MultiHeadWeights weights{.in_proj_weight = in, .out_proj_weight = same};
  MultiHeadResult hidden = multi_head_attention_forward(
      q, k, v, weights, {.num_heads = 2, .attn_mask = logical_not(keep), .average_attn_weights = false});
  CHECK(hidden.weights.shape() == Shape{2, 3, 2});
  CHECK(hidden.weights[0][0].to_vector() == std::vector<double>{1, 0});
  check_close(hidden.y[1], v[1], 1e-12);
  MultiHeadResult padded =
      multi_head_attention_forward(q, k, v, weights, {.num_heads = 2, .key_padding_mask = tensor({0, 1}).to(boolean)});
  CHECK(padded.weights[2].to_vector() == std::vector<double>{1, 0});
  Tensor both =
      multi_head_attention_forward(
          q, k, v, weights,
          {.num_heads = 2, .key_padding_mask = tensor({0, 1}).to(boolean), .attn_mask = zeros({3, 2}, {.dtype = f64})})
          .weights;
  check_close(both, padded.weights, 1e-12);
}

TEST_CASE("the batch may come first or second, packed or not") {
  Tensor x = random({5, 2, 8}), weight = random({24, 8}), bias = random({24}), out = random({8, 8});
  MultiHeadWeights packed{.in_proj_weight = weight, .in_proj_bias = bias, .out_proj_weight = out};
  MultiHeadWeights apart{.q_proj_weight = weight.narrow(0, 0, 8),
                         .k_proj_weight = weight.narrow(0, 8, 8),
                         .v_proj_weight = weight.narrow(0, 16, 8),
                         .in_proj_bias = bias,
                         .out_proj_weight = out};
  MultiHeadResult reference = multi_head_attention_forward(x, x, x, packed, {.num_heads = 4});
  Tensor swapped = x.transpose(0, 1).contiguous();
  MultiHeadResult first =
      multi_head_attention_forward(swapped, swapped, swapped, packed, {.num_heads = 4, .batch_first = true});
  check_close(first.y.transpose(0, 1), reference.y, 1e-12);
  check_close(first.weights, reference.weights, 1e-12);
  check_close(multi_head_attention_forward(x, x, x, apart, {.num_heads = 4}).y, reference.y, 1e-12);
  check_close(multi_head_attention_forward(x, x.clone(), x, packed, {.num_heads = 4}).y, reference.y, 1e-12);
  Tensor one = x.select(1, 1);
  check_close(multi_head_attention_forward(one, one, one, packed, {.num_heads = 4, .batch_first = true}).y,
              reference.y.select(1, 1), 1e-12);
}

TEST_CASE("dropout drops that share of the weights while training, and nothing else") {
  Generator generator(5);
  Tensor q = random({2, 64, 8}, f32), v = ones({2, 64, 8});
  std::vector<double> y = scaled_dot_product_attention(q, q, v, {.dropout_p = 0.5}, generator).to_vector();
  double sum = 0;
  for (double value : y) sum += value;
  CHECK(sum / static_cast<double>(y.size()) == doctest::Approx(1).epsilon(0.05));
  CHECK(generator.draws() == 1);
  scaled_dot_product_attention(q, q, v, {}, generator);
  CHECK(generator.draws() == 1);
  Tensor same = eye(8), in = cat({same, same, same});
  multi_head_attention_forward(q, q, q, {.in_proj_weight = in, .out_proj_weight = same},
                               {.num_heads = 2, .dropout_p = 0.5, .training = false}, generator);
  CHECK(generator.draws() == 1);
}

TEST_CASE("wrong use is told with the rule and the shapes") {
  auto x = [](const Shape& shape) { return zeros(shape); };
  auto sdpa = [](const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {}) {
    return [=] { scaled_dot_product_attention(q, k, v, options); };
  };
  std::string op = "scaled_dot_product_attention: ";
  CHECK(message_of<ShapeError>(sdpa(x({2, 3}), x({4, 5}), x({4, 5}))) ==
        op + "query has 3 features, key 5 (query [2,3], key [4,5], value [4,5])");
  CHECK(message_of<ShapeError>(sdpa(x({2, 3}), x({4, 3}), x({5, 3}))) ==
        op + "there are 4 keys, but 5 values (query [2,3], key [4,3], value [5,3])");
  CHECK(message_of<ShapeError>(sdpa(x({3}), x({4, 3}), x({4, 3}))) ==
        op + "query, key and value need at least 2 dimensions (query [3], key [4,3], value [4,3])");
  CHECK(message_of<ShapeError>(sdpa(x({2, 2, 3}), x({3, 4, 3}), x({4, 3}))).starts_with(op));
  CHECK(message_of<ShapeError>(sdpa(x({2, 3}), x({4, 3}), x({4, 3}), {.attn_mask = x({4, 4})})).starts_with(op));
  CHECK(message_of<ShapeError>(sdpa(x({2, 3}), x({4, 3}), x({4, 3}), {.attn_mask = x({5, 2, 4})})) ==
        op + "attn_mask [5,2,4] does not broadcast to the scores' [2,4]");
  CHECK(message_of<DtypeError>(sdpa(x({2, 3}), x({4, 3}), x({4, 3}), {.attn_mask = zeros({2, 4}, {.dtype = i64})})) ==
        op + "attn_mask must be boolean or floating, is i64");
  CHECK(message_of<DtypeError>(sdpa(x({2, 3}), x({4, 3}), zeros({4, 3}, {.dtype = f64}))) ==
        op + "query, key and value must all be f32 or all f64, are f32, f32 and f64");
  CHECK(message_of<ValueError>(sdpa(x({2, 3}), x({4, 3}), x({4, 3}), {.dropout_p = 1.5})) ==
        op + "dropout_p must lie in [0, 1], got 1.5");
  CHECK(message_of<ValueError>(sdpa(x({2, 3}), Tensor(), x({4, 3}))) == op + "key is undefined");

  MultiHeadWeights good{.in_proj_weight = x({12, 4}), .out_proj_weight = x({4, 4})};
  auto mha = [](const Tensor& q, const Tensor& k, const Tensor& v, const MultiHeadWeights& w,
                const MultiHeadOptions& o) { return [=] { multi_head_attention_forward(q, k, v, w, o); }; };
  Tensor q = x({3, 2, 4});
  op = "multi_head_attention_forward: ";
  CHECK(message_of<ValueError>(mha(q, q, q, good, {.num_heads = 3})) ==
        op + "num_heads=3 does not divide the embedding of 4");
  CHECK(message_of<ValueError>(mha(q, q, Tensor(), good, {.num_heads = 2})) == op + "value is undefined");
  CHECK(message_of<ValueError>(mha(q, q, q, {.out_proj_weight = x({4, 4})}, {.num_heads = 2})) ==
        op + "q_proj_weight is undefined");
  CHECK(message_of<ValueError>(mha(q, q, q, {.in_proj_weight = x({12, 4})}, {.num_heads = 2})) ==
        op + "out_proj_weight is undefined");
  MultiHeadWeights bad = good;
  bad.bias_k = x({1, 1, 4});
  CHECK(message_of<ValueError>(mha(q, q, q, bad, {.num_heads = 2})) == op + "bias_k and bias_v come together");
  bad = good;
  bad.in_proj_bias = x({4});
  CHECK(message_of<ShapeError>(mha(q, q, q, bad, {.num_heads = 2})) ==
        op + "in_proj_bias needs shape [12], has [4] (query [3,2,4], key [3,2,4], value [3,2,4])");
  CHECK(message_of<ShapeError>(mha(q, x({5, 3, 4}), x({5, 3, 4}), good, {.num_heads = 2})) ==
        op + "query is a batch of 2, key of 3 (query [3,2,4], key [5,3,4], value [5,3,4])");
  CHECK(message_of<ShapeError>(mha(q, x({5, 2, 4}), x({4, 2, 4}), good, {.num_heads = 2})) ==
        op + "key and value need the same lengths and batch (query [3,2,4], key [5,2,4], value [4,2,4])");
  CHECK(message_of<ShapeError>(mha(q, x({5, 2, 3}), x({5, 2, 4}), good, {.num_heads = 2})) ==
        op + "key and value need query's 4 features for in_proj_weight (query [3,2,4], key [5,2,3], value [5,2,4])");
  CHECK(message_of<ShapeError>(mha(q, x({5, 4}), x({5, 4}), good, {.num_heads = 2})) ==
        op + "query, key and value need 3 dimensions, or 2 if unbatched (query [3,2,4], key [5,4], value [5,4])");
  CHECK(message_of<ShapeError>(mha(q, q, q, good, {.num_heads = 2, .attn_mask = x({2, 3})})) ==
        op + "attn_mask needs shape [3,3] or [4,3,3], has [2,3] (query [3,2,4], key [3,2,4], value [3,2,4])");
  CHECK(message_of<ShapeError>(mha(q, q, q, good, {.num_heads = 2, .key_padding_mask = x({3, 2})})) ==
        op + "key_padding_mask needs shape [2,3], has [3,2] (query [3,2,4], key [3,2,4], value [3,2,4])");
  CHECK(
      message_of<DtypeError>(mha(q, q, q, good, {.num_heads = 2, .key_padding_mask = zeros({2, 3}, {.dtype = i64})})) ==
      op + "key_padding_mask must be boolean or floating, is i64");
}
